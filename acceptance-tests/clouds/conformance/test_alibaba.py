"""The stand-in for Alibaba Cloud, driven by the vendor's own SDK."""

import base64
import json
import time
import unittest
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from unittest import mock

from alibabacloud_cs20151215 import models as cs
from alibabacloud_cs20151215.client import Client as CsClient
from alibabacloud_tea_openapi import utils_models
from alibabacloud_tea_openapi.client import Client as OpenApiClient
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException, ClientException, ServerException
from alibabacloud_tea_openapi.utils import Utils
from alibabacloud_vpc20160428 import models as vpc
from alibabacloud_vpc20160428.client import Client as VpcClient
from cryptography import x509
from darabonba.runtime import RuntimeOptions

from standin.alibaba.clusters import Clusters
from standin.alibaba.errors import Refused
from standin.alibaba.network import Network
from standin.alibaba.pools import Pools
from standin.alibaba.tasks import Tasks
from standin.alibaba.timeline import Timeline
from standin.clock import Clock
from standin.kubernetes import Fleet, Pretended

from .running import StandIn

TYPES = ["ecs.g7.xlarge"]
ROLE = "acs:ram::1234567890123456:role/deployer"
PROVIDER = "acs:ram::1234567890123456:oidc-provider/ci"


class WithStandIn(unittest.TestCase):
    """One process for all tests of a class: each makes a cluster of its own."""

    @classmethod
    def setUpClass(cls):
        cls.standin = StandIn("alibaba")
        cls.addClassCleanup(cls.standin.close)
        cls.region = cls.standin.environment["ALIBABA_CLOUD_REGION_ID"]
        cls.cs, cls.vpc = CsClient(cls.config()), VpcClient(cls.config())

    def setUp(self):
        self.addCleanup(self.standin.play)

    @classmethod
    def config(cls, **others):
        values = {
            "access_key_id": cls.standin.environment["ALIBABA_CLOUD_ACCESS_KEY_ID"],
            "access_key_secret": cls.standin.environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
            "endpoint": cls.standin.environment["CS_ENDPOINT"].removeprefix("http://"),
            "protocol": "http",
            "region_id": cls.region,
            "no_proxy": "127.0.0.1",
        }
        return utils_models.Config(**(values | others))

    def refused(self, code, status, kind=ClientException):
        return Refusal(self, code, status, kind)

    def network(self, cidr="10.0.0.0/16", vswitches=("10.0.0.0/24", "10.0.1.0/24"), token=None):
        """A VPC with vSwitches in two zones, ready; gives their ids."""
        request = vpc.CreateVpcRequest(region_id=self.region, cidr_block=cidr, vpc_name="one", client_token=token)
        made = self.vpc.create_vpc(request).body.vpc_id
        self.standin.settle()
        zones = self.vpc.describe_zones(vpc.DescribeZonesRequest(region_id=self.region)).body.zones.zone
        ids = []
        for zone, block in zip(zones, vswitches, strict=False):
            request = vpc.CreateVSwitchRequest(
                region_id=self.region, vpc_id=made, zone_id=zone.zone_id, cidr_block=block
            )
            ids.append(self.vpc.create_vswitch(request).body.v_switch_id)
        self.standin.settle()
        return made, ids

    def wish(self, made, ids, **others):
        values = {
            "name": "one",
            "region_id": self.region,
            "cluster_type": "ManagedKubernetes",
            "cluster_spec": "ack.pro.small",
            "profile": "Default",
            "kubernetes_version": "1.33.3-aliyun.1",
            "vpcid": made,
            "vswitch_ids": ids,
            "pod_vswitch_ids": ids,
            "service_cidr": "172.21.0.0/20",
            "endpoint_public_access": True,
            "snat_entry": True,
            "enable_rrsa": True,
            "addons": [cs.Addon(name=name) for name in ("terway-eniip", "csi-plugin", "managed-csiprovisioner")],
            "tags": [cs.Tag(key="team", value="data")],
            "nodepools": [self.first_pool(ids)],
        }
        return cs.CreateClusterRequest(**(values | others))

    @staticmethod
    def first_pool(ids, **group):
        values = {
            "desired_size": 2,
            "instance_charge_type": "PostPaid",
            "instance_types": TYPES,
            "key_pair": "ops",
            "vswitch_ids": ids,
        }
        return cs.Nodepool(
            nodepool_info=cs.NodepoolNodepoolInfo(name="system"),
            scaling_group=cs.NodepoolScalingGroup(**(values | group)),
            kubernetes_config=cs.NodepoolKubernetesConfig(runtime="containerd", runtime_version="2.1.5"),
        )

    def cluster(self, **others):
        """A running cluster and its vSwitches."""
        made, ids = self.network()
        cluster = self.cs.create_cluster(self.wish(made, ids, **others)).body.cluster_id
        self.standin.settle()
        return cluster, made, ids

    def remove(self, cluster, made, ids):
        self.cs.delete_cluster(cluster, cs.DeleteClusterRequest(retain_all_resources=False))
        self.standin.settle()
        for one in ids:
            self.vpc.delete_vswitch(vpc.DeleteVSwitchRequest(region_id=self.region, v_switch_id=one))
        self.vpc.delete_vpc(vpc.DeleteVpcRequest(region_id=self.region, vpc_id=made))

    def state(self, cluster):
        return self.cs.describe_cluster_detail(cluster).body.state

    def pools(self, cluster):
        found = self.cs.describe_cluster_node_pools(cluster, cs.DescribeClusterNodePoolsRequest()).body.nodepools
        return {pool.nodepool_info.name: pool for pool in found or []}


class Refusal:
    """The block is refused with this code, as this exception of the SDK."""

    def __init__(self, test, code, status, kind):
        self.test, self.code, self.status, self.kind = test, code, status, kind

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        self.test.assertIsInstance(error, self.kind, f"wanted {self.code}")
        self.test.assertEqual((error.code, error.status_code), (self.code, self.status), error.message)
        return True


class Life(WithStandIn):
    """Everything that a cluster goes through."""

    def test_a_cluster_comes_changes_and_goes(self):
        made, ids = self.network()
        begun = self.cs.create_cluster(self.wish(made, ids))
        self.assertEqual(begun.status_code, 202)
        cluster = begun.body.cluster_id
        self.assertTrue(cluster.startswith("c"))
        self.assertEqual(self.state(cluster), "initial")
        self.assertEqual(self.cs.describe_task_info(begun.body.task_id).body.state, "running")
        self.standin.advance(590)
        self.assertEqual(self.state(cluster), "initial")
        self.standin.advance(15)
        self.assertEqual(self.state(cluster), "running")
        self.assertEqual(self.cs.describe_task_info(begun.body.task_id).body.state, "success")
        self.assertEqual(self.pools(cluster)["system"].status.state, "initial")
        self.standin.advance(90)
        self.assertEqual(self.pools(cluster)["system"].status.state, "scaling")
        self.standin.settle()
        pool = self.pools(cluster)["system"]
        self.assertEqual((pool.status.state, pool.status.total_nodes), ("active", 2))

        detail = self.cs.describe_cluster_detail(cluster).body
        urls = json.loads(detail.master_url)
        self.assertTrue(urls["api_server_endpoint"].startswith("https://"))
        self.assertTrue(detail.rrsa_config.issuer.startswith("https://"))
        self.assertIn("team", [tag.key for tag in detail.tags])
        kinds = [one.resource_type for one in self.resources(cluster)]
        self.assertEqual(kinds.count("ALIYUN::VPC::EIP"), 2)
        self.assertIn("ALIYUN::VPC::NatGateway", kinds)

        self.change(cluster)
        self.change_pool(cluster, ids)
        self.upgrade(cluster)
        self.delete(cluster, made, ids)

    def resources(self, cluster):
        return self.cs.describe_cluster_resources(cluster, cs.DescribeClusterResourcesRequest()).body

    def change(self, cluster):
        tags = cs.TagResourcesRequest(
            region_id=self.region,
            resource_ids=[cluster],
            resource_type="CLUSTER",
            tags=[cs.Tag(key="kubeblocks.io/owner", value="me")],
        )
        self.cs.tag_resources(tags)
        gone = cs.UntagResourcesRequest(
            region_id=self.region, resource_ids=[cluster], resource_type="CLUSTER", tag_keys=["team"]
        )
        self.cs.untag_resources(gone)
        keys = [tag.key for tag in self.cs.describe_cluster_detail(cluster).body.tags]
        self.assertEqual(keys, ["ack.aliyun.com", "kubeblocks.io/owner"])
        begun = self.cs.modify_cluster(cluster, cs.ModifyClusterRequest(deletion_protection=True))
        self.assertEqual(self.state(cluster), "updating")
        self.standin.settle()
        self.assertEqual(self.cs.describe_task_info(begun.body.task_id).body.state, "success")
        with self.refused("ErrorDeleteProtectedCluster", 400):
            self.cs.delete_cluster(cluster, cs.DeleteClusterRequest())
        self.cs.modify_cluster(cluster, cs.ModifyClusterRequest(deletion_protection=False))
        self.standin.settle()
        named = cs.DescribeClustersV1Request(name="on", region_id=self.region, page_size=50)
        self.assertIn(cluster, [known.cluster_id for known in self.cs.describe_clusters_v1(named).body.clusters])

    def change_pool(self, cluster, ids):
        begun = self.cs.create_cluster_node_pool(
            cluster,
            cs.CreateClusterNodePoolRequest(
                nodepool_info=cs.CreateClusterNodePoolRequestNodepoolInfo(name="extra"),
                scaling_group=cs.CreateClusterNodePoolRequestScalingGroup(
                    instance_charge_type="PostPaid",
                    instance_types=TYPES,
                    vswitch_ids=ids,
                    login_password="Abcdefg1234",
                    desired_size=1,
                    tags=[cs.CreateClusterNodePoolRequestScalingGroupTags(key="kubeblocks.io/owner", value="me")],
                ),
                kubernetes_config=cs.CreateClusterNodePoolRequestKubernetesConfig(
                    labels=[cs.Tag(key="a", value="b")], taints=[cs.Taint(key="t", value="", effect="NoSchedule")]
                ),
            ),
        ).body
        pool = begun.nodepool_id
        with self.refused("ErrorNodePoolState", 400):
            self.cs.delete_cluster_nodepool(cluster, pool, cs.DeleteClusterNodepoolRequest(force=True))
        self.standin.settle()
        self.assertEqual(self.cs.describe_task_info(begun.task_id).body.state, "success")
        detail = self.cs.describe_cluster_node_pool_detail(cluster, pool).body
        self.assertEqual(detail.scaling_group.tags[0].value, "me")
        self.assertIsNone(detail.scaling_group.login_password)
        self.cs.modify_cluster_node_pool(
            cluster,
            pool,
            cs.ModifyClusterNodePoolRequest(
                scaling_group=cs.ModifyClusterNodePoolRequestScalingGroup(desired_size=3),
                kubernetes_config=cs.ModifyClusterNodePoolRequestKubernetesConfig(labels=[cs.Tag(key="a", value="c")]),
            ),
        )
        self.assertEqual(self.pools(cluster)["extra"].status.state, "scaling")
        self.standin.settle()
        extra = self.pools(cluster)["extra"]
        self.assertEqual((extra.status.total_nodes, extra.kubernetes_config.labels[0].value), (3, "c"))
        with self.refused("ErrorNodePoolNotEmpty", 400):
            self.cs.delete_cluster_nodepool(cluster, pool, cs.DeleteClusterNodepoolRequest(force=False))
        self.cs.delete_cluster_nodepool(cluster, pool, cs.DeleteClusterNodepoolRequest(force=True))
        self.assertEqual(self.pools(cluster)["extra"].status.state, "deleting")
        self.standin.settle()
        with self.refused("ErrorNodePoolNotFound", 404):
            self.cs.describe_cluster_node_pool_detail(cluster, pool)

    def upgrade(self, cluster):
        with self.refused("InvalidParameter", 400):
            self.cs.upgrade_cluster(cluster, cs.UpgradeClusterRequest(next_version="1.35.0-aliyun.1"))
        order = cs.UpgradeClusterRequest(next_version="1.34.1-aliyun.1", master_only=False)
        begun = self.cs.upgrade_cluster(cluster, order).body
        self.assertEqual(self.state(cluster), "upgrading")
        with self.refused("ErrorClusterState", 400):
            self.cs.upgrade_cluster(cluster, order)
        self.standin.settle()
        self.assertEqual(self.cs.describe_task_info(begun.task_id).body.state, "success")
        self.assertEqual(self.cs.describe_cluster_detail(cluster).body.current_version, "1.34.1-aliyun.1")

    def delete(self, cluster, made, ids):
        one = vpc.DeleteVSwitchRequest(region_id=self.region, v_switch_id=ids[0])
        with self.refused("DependencyViolation", 400):
            self.vpc.delete_vswitch(one)
        with self.refused("DependencyViolation.VSwitch", 400):
            self.vpc.delete_vpc(vpc.DeleteVpcRequest(region_id=self.region, vpc_id=made))
        options = [cs.DeleteClusterRequestDeleteOptions(resource_type="SLB", delete_mode="delete")]
        self.cs.delete_cluster(cluster, cs.DeleteClusterRequest(delete_options=options, retain_resources=[]))
        self.assertEqual(self.state(cluster), "deleting")
        self.standin.advance(301)
        with self.refused("ErrorClusterNotFound", 404):
            self.state(cluster)
        # What held the vSwitch is let go of a little later.
        with self.refused("DependencyViolation", 400):
            self.vpc.delete_vswitch(one)
        self.standin.settle()
        for known in ids:
            self.vpc.delete_vswitch(vpc.DeleteVSwitchRequest(region_id=self.region, v_switch_id=known))
        self.vpc.delete_vpc(vpc.DeleteVpcRequest(region_id=self.region, vpc_id=made))
        found = self.vpc.describe_vpcs(vpc.DescribeVpcsRequest(region_id=self.region, vpc_id=made)).body
        self.assertEqual(found.total_count, 0)

    def test_clusters_are_listed_page_by_page_of_one_region_or_of_all(self):
        def listed(**wanted):
            body = self.cs.describe_clusters_v1(cs.DescribeClustersV1Request(**wanted)).body
            return [known.cluster_id for known in body.clusters or []], body.page_info.total_count

        before = listed()[0]
        made, ids = self.network()
        ours = [
            self.cs.create_cluster(self.wish(made, ids, name=name, nodepools=[])).body.cluster_id
            for name in ("first", "second", "third")
        ]
        self.standin.settle()
        everywhere, count = listed(page_size=100)
        self.assertEqual((set(everywhere) - set(before), count), (set(ours), len(before) + 3))
        self.assertEqual(listed(region_id=self.region, page_size=100)[0], everywhere)
        self.assertEqual(listed(region_id="cn-beijing"), ([], 0))
        pages = [listed(page_size=1, page_number=number)[0] for number in range(1, count + 1)]
        self.assertEqual([one for page in pages for one in page], everywhere)
        self.assertEqual(listed(page_size=1, page_number=count + 1), ([], count))
        managed = listed(cluster_type="ManagedKubernetes", profile="Default", page_size=100)
        self.assertEqual(managed[0], everywhere)
        self.assertEqual(listed(cluster_type="ManagedKubernetes", profile="Edge")[0], [])
        self.assertEqual(listed(cluster_type="ExternalKubernetes")[0], [])
        for cluster in ours:
            self.cs.delete_cluster(cluster, cs.DeleteClusterRequest(retain_all_resources=False))
        self.standin.settle()
        self.assertEqual(listed(page_size=100)[0], before)
        for one in ids:
            self.vpc.delete_vswitch(vpc.DeleteVSwitchRequest(region_id=self.region, v_switch_id=one))
        self.vpc.delete_vpc(vpc.DeleteVpcRequest(region_id=self.region, vpc_id=made))

    def test_what_is_retained_keeps_the_network(self):
        cluster, made, ids = self.cluster()
        nat = [one.instance_id for one in self.resources(cluster) if one.resource_type == "ALIYUN::VPC::NatGateway"]
        self.cs.delete_cluster(cluster, cs.DeleteClusterRequest(retain_resources=nat))
        self.standin.settle()
        with self.refused("DependencyViolation", 400):
            self.vpc.delete_vswitch(vpc.DeleteVSwitchRequest(region_id=self.region, v_switch_id=ids[0]))

    def test_a_token_makes_nothing_twice(self):
        made, ids = self.network()
        wish = self.wish(made, ids, client_token="once")
        first, second = self.cs.create_cluster(wish).body, self.cs.create_cluster(wish).body
        self.assertEqual(first.cluster_id, second.cluster_id)
        request = vpc.CreateVpcRequest(region_id=self.region, cidr_block="10.0.0.0/16", client_token="once")
        self.assertEqual(self.vpc.create_vpc(request).body.vpc_id, self.vpc.create_vpc(request).body.vpc_id)
        self.standin.settle()
        self.remove(first.cluster_id, made, ids)

    def test_a_pool_scales_by_itself_within_its_bounds(self):
        cluster, made, ids = self.cluster()
        pool = self.pools(cluster)["system"].nodepool_info.nodepool_id
        scaling = cs.ModifyClusterNodePoolRequestAutoScaling(enable=True, min_instances=3, max_instances=5)
        self.cs.modify_cluster_node_pool(cluster, pool, cs.ModifyClusterNodePoolRequest(auto_scaling=scaling))
        self.standin.settle()
        self.assertEqual(self.pools(cluster)["system"].status.total_nodes, 3)
        group = cs.ModifyClusterNodePoolRequestScalingGroup(desired_size=4)
        with self.refused("InvalidParameter", 400):
            self.cs.modify_cluster_node_pool(cluster, pool, cs.ModifyClusterNodePoolRequest(scaling_group=group))
        self.remove(cluster, made, ids)

    def test_failures_come_late_and_say_why(self):
        made, ids = self.network("10.0.0.0/24", ("10.0.0.0/29", "10.0.0.8/29"))
        begun = self.cs.create_cluster(self.wish(made, ids, snat_entry=False)).body
        self.standin.settle()
        self.assertEqual(self.state(begun.cluster_id), "failed")
        task = self.cs.describe_task_info(begun.task_id).body
        self.assertEqual((task.state, task.error.code), ("fail", "InvalidVSwitchId.IpNotEnough"))
        self.remove(begun.cluster_id, made, ids)
        made, ids = self.network()
        pools = [self.first_pool(ids, instance_types=["ecs.gn7i-c8g1.2xlarge"])]
        cluster = self.cs.create_cluster(self.wish(made, ids, nodepools=pools)).body.cluster_id
        self.standin.settle()
        pool = self.pools(cluster)["system"].nodepool_info.nodepool_id
        status = self.cs.describe_cluster_node_pool_detail(cluster, pool).body.status
        self.assertEqual((status.total_nodes, status.conditions[0].reason), (0, "OperationDenied.NoStock"))
        tasks = self.cs.describe_cluster_tasks(cluster, cs.DescribeClusterTasksRequest()).body.tasks
        self.assertEqual([(task.task_type, task.state) for task in tasks][0], ("nodepool_create", "fail"))
        self.remove(cluster, made, ids)

    def test_a_kubeconfig_ends_when_it_says(self):
        cluster, made, ids = self.cluster()
        ask = cs.DescribeClusterUserKubeconfigRequest(temporary_duration_minutes=60)
        body = self.cs.describe_cluster_user_kubeconfig(cluster, ask).body
        text = next(line for line in body.config.splitlines() if "client-certificate-data" in line).split(": ")[1]
        certificate = x509.load_pem_x509_certificate(base64.b64decode(text))
        ends = datetime.strptime(body.expiration, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        self.assertLess(abs(certificate.not_valid_after_utc - ends), timedelta(seconds=2))
        self.assertLess(abs(ends - datetime.now(UTC) - timedelta(hours=1)), timedelta(minutes=1))
        with self.refused("InvalidParameter", 400):
            ask = cs.DescribeClusterUserKubeconfigRequest(temporary_duration_minutes=5)
            self.cs.describe_cluster_user_kubeconfig(cluster, ask)
        self.assertEqual(self.standin.review("anything"), {"authenticated": False})
        self.remove(cluster, made, ids)

    def test_versions_are_offered(self):
        ask = cs.DescribeKubernetesVersionMetadataRequest(region=self.region, cluster_type="ManagedKubernetes")
        found = self.cs.describe_kubernetes_version_metadata(ask).body
        self.assertEqual([version.version[:4] for version in found], ["1.33", "1.34", "1.35"])
        self.assertEqual([version.creatable for version in found], [True, True, False])


class Refusals(WithStandIn):
    """What is refused, and as whom one must come."""

    def test_what_cannot_be_is_refused(self):
        made, ids = self.network()
        cases = [
            ({"name": ""}, "InvalidParameter", 400),
            ({"name": None}, "MissingParameter", 400),
            ({"cluster_spec": "ack.huge"}, "InvalidParameter", 400),
            ({"kubernetes_version": "1.20.0"}, "InvalidParameter", 400),
            ({"vpcid": "vpc-none"}, "InvalidVpcId.NotFound", 404),
            ({"vswitch_ids": ["vsw-none"]}, "InvalidVSwitchId.NotFound", 404),
            ({"addons": [cs.Addon(name="csi-plugin")]}, "InvalidParameter", 400),
            ({"addons": [cs.Addon(name="flannel")]}, "MissingParameter", 400),
            ({"pod_vswitch_ids": None}, "MissingParameter", 400),
            ({"service_cidr": "10.0.0.0/20"}, "InvalidParameter", 400),
            ({"tags": [cs.Tag(key="acs:x", value="y")]}, "InvalidParameter", 400),
            ({"nodepools": [self.first_pool(ids, instance_types=["m5.large"])]}, "InvalidParameter", 400),
            ({"nodepools": [self.first_pool(ids, key_pair=None)]}, "MissingParameter", 400),
            ({"nodepools": [self.first_pool(ids, instance_charge_type="Free")]}, "InvalidParameter", 400),
            ({"nodepools": [self.first_pool(ids, vswitch_ids=None)]}, "MissingParameter", 400),
            ({"nodepools": [self.first_pool(ids, desired_size=101)]}, "QuotaExceeded.NodePoolNode", 400),
        ]
        for others, code, status in cases:
            with self.subTest(others=str(others)), self.refused(code, status):
                self.cs.create_cluster(self.wish(made, ids, **others))
        with self.refused("ErrorClusterNotFound", 404):
            self.cs.describe_cluster_detail("c123")
        with self.refused("InvalidCidrBlock.Overlapped", 400):
            request = vpc.CreateVSwitchRequest(
                region_id=self.region, vpc_id=made, zone_id=f"{self.region}-h", cidr_block="10.0.0.0/25"
            )
            self.vpc.create_vswitch(request)

    def test_unknown_parameters_are_refused(self):
        params = utils_models.Params(
            action="CreateCluster",
            version="2015-12-15",
            protocol="HTTP",
            pathname="/clusters",
            method="POST",
            auth_type="AK",
            style="ROA",
            req_body_type="json",
            body_type="json",
        )
        request = utils_models.OpenApiRequest(body={"name": "one", "region_id": self.region, "vpc_id": "vpc-1"})
        with self.refused("InvalidParameter", 400):
            self.cs.call_api(params, request, RuntimeOptions())

    def test_an_account_has_so_many_networks(self):
        made = []
        with self.refused("QuotaExceeded.Vpc", 400):
            for _ in range(11):
                request = vpc.CreateVpcRequest(region_id=self.region, cidr_block="10.0.0.0/16")
                made.append(self.vpc.create_vpc(request).body.vpc_id)
        for one in made:
            self.vpc.delete_vpc(vpc.DeleteVpcRequest(region_id=self.region, vpc_id=one))

    def test_faults_are_the_sdk_s_exceptions(self):
        denied = {"code": "StatusForbidden", "message": "the role AliyunCSManagedKubernetesRole is not authorised"}
        cases = [
            ("DescribeClusterDetail", 400, {"code": "Throttling.User", "message": "flow control"}, ClientException),
            ("DescribeClusterDetail", 503, {"code": "Throttling", "message": "flow control"}, ServerException),
            ("DescribeClusterDetail", 403, denied, ClientException),
            ("DescribeClusterDetail", 500, {"code": "InternalError", "message": "oops"}, ServerException),
        ]
        for operation, status, body, kind in cases:
            self.standin.play({"operation": operation, "status": status, "body": body})
            with self.subTest(body=body), self.refused(body["code"], status, kind):
                self.cs.describe_cluster_detail("c123")

    def test_wrong_signatures_are_refused(self):
        request = vpc.DescribeVpcsRequest(region_id=self.region)
        with self.refused("SignatureDoesNotMatch", 400):
            VpcClient(self.config(access_key_secret="wrong")).describe_vpcs(request)
        with self.refused("InvalidAccessKeyId.NotFound", 404):
            VpcClient(self.config(access_key_id="LTAInobody")).describe_vpcs(request)
        late = (datetime.now(UTC) - timedelta(minutes=16)).strftime("%Y-%m-%dT%H:%M:%SZ")
        with mock.patch.object(Utils, "get_timestamp", return_value=late):
            with self.refused("InvalidTimeStamp.Expired", 400):
                self.vpc.describe_vpcs(request)
        with mock.patch.object(Utils, "get_nonce", return_value="0" * 32):
            self.vpc.describe_vpcs(request)
            with self.refused("SignatureNonceUsed", 400):
                self.vpc.describe_vpcs(request)

    def sts(self, action, query, auth="AK", **config):
        params = utils_models.Params(
            action=action,
            version="2015-04-01",
            protocol="HTTP",
            pathname="/",
            method="POST",
            auth_type=auth,
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        client = OpenApiClient(self.config(**config))
        client._endpoint = self.config().endpoint
        answer = client.call_api(params, utils_models.OpenApiRequest(query=query), RuntimeOptions())
        return answer["body"]["Credentials"]

    @staticmethod
    def oidc_token(seconds):
        claims = {"iss": "https://issuer.example.com", "sub": "ci", "exp": time.time() + seconds}
        parts = (json.dumps(part).encode() for part in ({"alg": "RS256"}, claims, {}))
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

    def test_sessions_of_roles_end_by_the_clock(self):
        query = {"RoleArn": ROLE, "RoleSessionName": "ci", "DurationSeconds": "900"}
        oidc = query | {"OIDCProviderArn": PROVIDER, "OIDCToken": self.oidc_token(60)}
        for action, values, auth in (("AssumeRole", query, "AK"), ("AssumeRoleWithOIDC", oidc, "Anonymous")):
            with self.subTest(action):
                keys = self.sts(action, values, auth)
                config = self.config(
                    access_key_id=keys["AccessKeyId"],
                    access_key_secret=keys["AccessKeySecret"],
                    security_token=keys["SecurityToken"],
                )
                client = VpcClient(config)
                client.describe_vpcs(vpc.DescribeVpcsRequest(region_id=self.region))
                self.standin.advance(901)
                with self.refused("InvalidSecurityToken.Expired", 400):
                    client.describe_vpcs(vpc.DescribeVpcsRequest(region_id=self.region))
        with self.refused("AuthenticationFail.OIDCToken.Expired", 400):
            self.sts("AssumeRoleWithOIDC", oidc | {"OIDCToken": self.oidc_token(-1)}, "Anonymous")
        with self.refused("EntityNotExist.Role", 404):
            self.sts("AssumeRole", query | {"RoleArn": ROLE.replace("deployer", "nobody")})
        with self.assertRaises(AlibabaCloudException):
            self.sts("AssumeRole", query, access_key_secret="wrong")

    def test_the_metadata_service_wants_its_token(self):
        path = f"{self.standin.endpoint}/latest/meta-data/ram/security-credentials/"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with self.assertRaises(urllib.error.HTTPError):
            opener.open(path)
        ask = urllib.request.Request(f"{self.standin.endpoint}/latest/api/token", method="PUT")
        ask.add_header("X-aliyun-ecs-metadata-token-ttl-seconds", "60")
        token = opener.open(ask).read().decode()
        headers = {"X-aliyun-ecs-metadata-token": token}
        role = opener.open(urllib.request.Request(path, headers=headers)).read().decode()
        found = json.load(opener.open(urllib.request.Request(path + role, headers=headers)))
        self.assertEqual(found["Code"], "Success")
        self.assertTrue(found["AccessKeyId"].startswith("STS."))


class Balanced(Pretended):
    """A Kubernetes API with one Service of type LoadBalancer."""

    def load_balancers(self):
        return [("demo", "web")]


class Inside(unittest.TestCase):
    """What ACK does within a cluster, and what Services leave in its network."""

    def setUp(self):
        self.time = 0.0
        clock = Clock(lambda: self.time)
        self.timeline = Timeline(clock)
        self.network = Network(self.timeline, "cn-hangzhou")
        self.backend, fleet = Balanced(), Fleet()
        fleet.add(self.backend)
        tasks = Tasks(lambda: "")
        self.clusters = Clusters(self.timeline, self.network, fleet, tasks, "cn-hangzhou")
        self.pools = Pools(self.timeline, self.network, tasks, self.clusters, "cn-hangzhou")
        vpc_id = self.network.create_vpc({"CidrBlock": "10.0.0.0/16"})["VpcId"]
        self.pass_by()
        zone = {"VpcId": vpc_id, "ZoneId": "cn-hangzhou-h", "CidrBlock": "10.0.0.0/24"}
        self.vswitch = self.network.create_vswitch(zone)["VSwitchId"]
        self.pass_by()
        group = {"vswitch_ids": [self.vswitch], "instance_types": TYPES, "key_pair": "ops", "desired_size": 2}
        config = {"labels": [{"key": "a", "value": "b"}], "taints": [{"key": "t", "effect": "NoSchedule"}]}
        pool = {"nodepool_info": {"name": "system"}, "scaling_group": group, "kubernetes_config": config}
        wish = {
            "name": "one",
            "region_id": "cn-hangzhou",
            "cluster_type": "ManagedKubernetes",
            "vpcid": vpc_id,
            "vswitch_ids": [self.vswitch],
            "container_cidr": "172.20.0.0/16",
            "addons": [{"name": name} for name in ("flannel", "csi-plugin", "csi-provisioner")],
            "nodepools": [pool],
        }
        self.cluster = self.clusters.create(wish)["cluster_id"]
        self.pass_by()

    def pass_by(self):
        self.timeline.catch_up()
        while self.timeline.next() is not None:
            self.time = self.timeline.next()
            self.timeline.catch_up()

    def test_nodes_and_storage_are_as_ack_has_them(self):
        ((pool, nodes),) = self.backend.pools.items()
        self.assertEqual(len(nodes), 2)
        self.assertEqual(nodes[0].labels["alibabacloud.com/nodepool-id"], pool)
        self.assertEqual((nodes[0].labels["a"], nodes[0].version), ("b", "v1.34.1-aliyun.1"))
        self.assertEqual(nodes[0].taints, [{"key": "t", "value": "", "effect": "NoSchedule"}])
        names = [(key[1], key[3]) for key in self.backend.objects]
        self.assertIn(("CSIDriver", "diskplugin.csi.alibabacloud.com"), names)
        self.assertIn(("StorageClass", "alicloud-disk-topology-alltype"), names)

    def test_balancers_of_services_go_with_the_cluster_unless_they_are_retained(self):
        kinds = [one["resource_type"] for one in self.clusters.resources(self.cluster)]
        self.assertIn("SLB", kinds)
        options = [{"resource_type": "SLB", "delete_mode": "retain"}]
        self.clusters.delete(self.cluster, {"delete_options": options})
        self.pass_by()
        with self.assertRaisesRegex(Refused, "in use by SLB"):
            self.network.delete_vswitch({"VSwitchId": self.vswitch})
        self.assertEqual(self.backend.pools, {})

    def test_by_default_nothing_is_left(self):
        self.clusters.delete(self.cluster, {})
        self.pass_by()
        self.network.delete_vswitch({"VSwitchId": self.vswitch})
        self.assertEqual((self.network.holders, self.network.addresses), ({}, {}))


if __name__ == "__main__":
    unittest.main()
