"""The stand-in for AWS, driven by boto3: its waiters, its exceptions, its signatures."""

import base64
import functools
import json
import logging
import tempfile
import threading
import unittest
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import boto3
import botocore.session
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, WaiterError
from werkzeug.serving import make_server

from standin import faults as ordered
from standin.clock import Clock
from standin.journal import Journal
from standin.kubernetes import Fleet, Pretended
from standin.server import Options

from .running import StandIn

POLICY = "arn:aws:iam::aws:policy/"


def trust(*services):
    actions = ["sts:AssumeRole", "sts:TagSession"]
    statement = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": actions}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def token_for(cluster, keys, region, headers=("x-k8s-aws-id",), session=None, expires=60):
    """A token as `aws eks get-token` makes it. In one second, all of the same are the same."""
    url = f"https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest("GET", url, headers=dict.fromkeys(headers, cluster))
    SigV4QueryAuth(Credentials(*keys, session), "sts", region, expires=expires).add_auth(request)
    return "k8s-aws-v1." + base64.urlsafe_b64encode(request.url.encode()).rstrip(b"=").decode()


class Aws(unittest.TestCase):
    """One stand-in and one network for all tests; each test has a cluster of its own."""

    @classmethod
    def setUpClass(cls):
        if hasattr(Aws, "stand_in"):
            return
        Aws.stand_in = StandIn("aws")
        unittest.addModuleCleanup(cls.stand_in.close)
        Aws.prepare()

    @classmethod
    def prepare(cls):
        environment = cls.stand_in.environment
        cls.region = environment["AWS_REGION"]
        cls.keys = environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
        cls.eks, cls.ec2, cls.iam, cls.sts = (cls.client(name) for name in ("eks", "ec2", "iam", "sts"))
        cls.cluster_role = cls.role("cluster", "eks.amazonaws.com", "AmazonEKSClusterPolicy")
        policies = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly")
        cls.node_role = cls.role("nodes", "ec2.amazonaws.com", *policies)
        cls.disk_role = cls.role("disks", "pods.eks.amazonaws.com", "service-role/AmazonEBSCSIDriverPolicy")
        cls.vpc, cls.public, cls.private, cls.gateway = cls.network()
        cls.stand_in.settle()

    def setUp(self):
        self.stand_in.play()
        self.stand_in.clear_journal()

    @classmethod
    def client(cls, service, keys=None, token=None, attempts=1):
        key, secret = keys or cls.keys
        return boto3.client(
            service,
            endpoint_url=cls.stand_in.endpoint,
            region_name=cls.region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(
                retries={"total_max_attempts": attempts}, signature_version="s3v4" if service == "s3" else "v4"
            ),
        )

    @classmethod
    def role(cls, name, service, *policies):
        arn = cls.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))["Role"]["Arn"]
        for policy in policies:
            cls.iam.attach_role_policy(RoleName=name, PolicyArn=POLICY + policy)
        return arn

    @classmethod
    def network(cls):
        """A public and a private subnet in each of two zones, and a NAT gateway."""
        ec2 = cls.ec2
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        gate = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gate, VpcId=vpc)
        zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]][:2]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zones[number % 2])
            for number in range(4)
        ]
        subnets = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
        public, private = subnets[:2], subnets[2:]
        ec2.create_tags(Resources=public, Tags=[{"Key": "kubernetes.io/role/elb", "Value": "1"}])
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        gateway = ec2.create_nat_gateway(SubnetId=public[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
        routes = (public, {"GatewayId": gate}), (private, {"NatGatewayId": gateway})
        for members, target in routes:
            table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
            ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
            for member in members:
                ec2.associate_route_table(RouteTableId=table, SubnetId=member)
        return vpc, public, private, gateway

    def wait(self, waiter, **names):
        """The vendor's own waiter, with the clock run to rest between its questions."""
        self.stand_in.settle()
        self.eks.get_waiter(waiter).wait(WaiterConfig={"Delay": 0, "MaxAttempts": 2}, **names)

    def make(self, name, **more):
        wish = {
            "name": name,
            "roleArn": self.cluster_role,
            "resourcesVpcConfig": {"subnetIds": self.private},
            "accessConfig": {"authenticationMode": "API"},
        }
        return self.eks.create_cluster(**wish | more)["cluster"]

    def active(self, name, **more):
        self.make(name, **more)
        self.addCleanup(self.remove, name)
        self.wait("cluster_active", name=name)

    def group(self, name, group="system", **more):
        wish = {
            "clusterName": name,
            "nodegroupName": group,
            "subnets": self.private,
            "nodeRole": self.node_role,
            "scalingConfig": {"minSize": 1, "maxSize": 3, "desiredSize": 2},
        }
        return self.eks.create_nodegroup(**wish | more)["nodegroup"]

    def remove(self, name):
        """Takes away what a test left, so that no cluster holds the network of another test."""
        self.stand_in.play()
        self.stand_in.settle()
        if name not in self.eks.list_clusters()["clusters"]:
            return
        for group in self.eks.list_nodegroups(clusterName=name)["nodegroups"]:
            self.eks.delete_nodegroup(clusterName=name, nodegroupName=group)
        self.stand_in.settle()
        self.eks.delete_cluster(name=name)
        self.stand_in.settle()

    def refused(self, code, call, *arguments, **named):
        """That a call fails with this error of AWS; gives its message."""
        with self.assertRaises(ClientError) as caught:
            call(*arguments, **named)
        error = caught.exception.response
        self.assertEqual(error["Error"]["Code"], code, error)
        return error["Error"]["Message"]

    def finished(self, name, update, **more):
        """The update after its time, which boto3 has no waiter for."""
        self.stand_in.settle()
        return self.eks.describe_update(name=name, updateId=update["id"], **more)["update"]


class Life(Aws):
    def test_a_cluster_from_its_creation_to_its_end(self):
        made = self.make("life", version="1.33", tags={"owner": "me"}, clientRequestToken="life-1")
        self.addCleanup(self.remove, "life")
        self.assertEqual(made["status"], "CREATING")
        self.assertNotIn("endpoint", made)
        again = self.make("life", version="1.33", tags={"owner": "me"}, clientRequestToken="life-1")
        self.assertEqual(again["createdAt"], made["createdAt"])
        self.refused("ResourceInUseException", self.make, "life")
        self.refused("InvalidRequestException", self.group, "life")
        self.stand_in.advance(599)
        self.assertEqual(self.eks.describe_cluster(name="life")["cluster"]["status"], "CREATING")
        self.wait("cluster_active", name="life")
        cluster = self.eks.describe_cluster(name="life")["cluster"]
        self.assertTrue(cluster["endpoint"].startswith("https://"))
        self.assertIn("BEGIN CERTIFICATE", base64.b64decode(cluster["certificateAuthority"]["data"]).decode())
        self.assertTrue(cluster["identity"]["oidc"]["issuer"].startswith("https://oidc.eks."))
        self.assertEqual(cluster["accessConfig"]["authenticationMode"], "API")
        self.assertEqual(cluster["resourcesVpcConfig"]["vpcId"], self.vpc)
        self.assertEqual(cluster["tags"], {"owner": "me"})

        self.eks.create_addon(clusterName="life", addonName="coredns")
        self.stand_in.settle()
        add_on = self.eks.describe_addon(clusterName="life", addonName="coredns")["addon"]
        self.assertEqual((add_on["status"], add_on["health"]["issues"][0]["code"]), self.without_nodes)
        group = self.group("life", labels={"role": "system"})
        self.assertEqual((group["status"], group["amiType"]), ("CREATING", "AL2023_x86_64_STANDARD"))
        self.wait("nodegroup_active", clusterName="life", nodegroupName="system")
        self.wait("addon_active", clusterName="life", addonName="coredns")

        self.wait_for_updates()
        self.refused("ResourceInUseException", self.eks.delete_cluster, name="life")
        self.eks.delete_nodegroup(clusterName="life", nodegroupName="system")
        self.wait("nodegroup_deleted", clusterName="life", nodegroupName="system")
        self.assertEqual(self.eks.delete_cluster(name="life")["cluster"]["status"], "DELETING")
        self.wait("cluster_deleted", name="life")
        message = self.refused("ResourceNotFoundException", self.eks.describe_cluster, name="life")
        self.assertEqual(message, "No cluster found for name: life.")

    without_nodes = "DEGRADED", "InsufficientNumberOfReplicas"

    def wait_for_updates(self):
        """One minor version up, step by step, and a group that follows and grows."""
        for version in ("1.32", "1.33", "1.35", "9.99"):
            self.refused("InvalidParameterException", self.eks.update_cluster_version, name="life", version=version)
        update = self.eks.update_cluster_version(name="life", version="1.34")["update"]
        self.assertEqual((update["status"], update["type"]), ("InProgress", "VersionUpdate"))
        self.assertEqual(self.eks.describe_cluster(name="life")["cluster"]["status"], "UPDATING")
        message = self.refused(
            "ResourceInUseException",
            self.eks.update_cluster_config,
            name="life",
            logging={"clusterLogging": [{"types": ["api"], "enabled": True}]},
        )
        self.assertIn("in progress", message)
        self.assertEqual(self.finished("life", update)["status"], "Successful")
        self.assertEqual(self.eks.describe_cluster(name="life")["cluster"]["version"], "1.34")
        self.assertEqual(self.eks.list_updates(name="life")["updateIds"], [update["id"]])

        names = {"clusterName": "life", "nodegroupName": "system"}
        update = self.eks.update_nodegroup_version(**names)["update"]
        labels = {"removeLabels": ["role"]}
        self.refused("ResourceInUseException", self.eks.update_nodegroup_config, **names, labels=labels)
        self.refused("ResourceNotFoundException", self.eks.describe_update, name="life", updateId=update["id"])
        self.assertEqual(self.finished("life", update, nodegroupName="system")["status"], "Successful")
        scaling = {"minSize": 1, "maxSize": 4, "desiredSize": 4}
        taint = {"key": "role", "value": "system", "effect": "NO_SCHEDULE"}
        update = self.eks.update_nodegroup_config(
            **names, scalingConfig=scaling, taints={"addOrUpdateTaints": [taint]}, labels=labels
        )["update"]
        self.assertEqual(self.finished("life", update, nodegroupName="system")["status"], "Successful")
        group = self.eks.describe_nodegroup(**names)["nodegroup"]
        self.assertEqual((group["version"], group["scalingConfig"], group["taints"]), ("1.34", scaling, [taint]))
        self.assertNotIn("labels", group)

    def test_each_kind_of_change_is_a_request_of_its_own(self):
        self.active("change")
        change = lambda **more: self.eks.update_cluster_config(name="change", **more)["update"]  # noqa: E731
        logs = {"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]}
        both = {"logging": logs, "upgradePolicy": {"supportType": "STANDARD"}}
        self.refused("InvalidParameterException", change, **both)
        self.refused("InvalidParameterException", change)
        self.refused("InvalidParameterException", change, accessConfig={"authenticationMode": "CONFIG_MAP"})
        nowhere = {"endpointPublicAccess": False, "endpointPrivateAccess": False}
        self.refused("InvalidParameterException", change, resourcesVpcConfig=nowhere)
        access = {"endpointPublicAccess": True, "endpointPrivateAccess": True, "publicAccessCidrs": ["192.0.2.0/24"]}
        for kind, wish in {
            "LoggingUpdate": {"logging": logs},
            "EndpointAccessUpdate": {"resourcesVpcConfig": access},
            "VpcConfigUpdate": {"resourcesVpcConfig": {"subnetIds": self.public + self.private}},
            "UpgradePolicyUpdate": {"upgradePolicy": {"supportType": "STANDARD"}},
            "DeletionProtectionUpdate": {"deletionProtection": True},
        }.items():
            with self.subTest(kind):
                update = change(**wish)
                self.assertEqual(update["type"], kind)
                self.assertEqual(self.finished("change", update)["status"], "Successful")
                self.refused("InvalidParameterException", change, **wish)
        cluster = self.eks.describe_cluster(name="change")["cluster"]
        self.assertEqual(cluster["logging"]["clusterLogging"][0], logs["clusterLogging"][0])
        self.assertEqual(cluster["resourcesVpcConfig"]["publicAccessCidrs"], ["192.0.2.0/24"])
        self.refused("InvalidRequestException", self.eks.delete_cluster, name="change")
        self.finished("change", change(deletionProtection=False))

    def test_tags_and_access_entries_and_versions(self):
        self.active("tags", tags={"a": "1", "b": "2"})
        arn = self.eks.describe_cluster(name="tags")["cluster"]["arn"]
        self.eks.tag_resource(resourceArn=arn, tags={"c": "3"})
        self.eks.untag_resource(resourceArn=arn, tagKeys=["a"])
        self.assertEqual(self.eks.list_tags_for_resource(resourceArn=arn)["tags"], {"b": "2", "c": "3"})
        self.refused("NotFoundException", self.eks.list_tags_for_resource, resourceArn=arn + "x")
        me = self.sts.get_caller_identity()["Arn"]
        self.assertEqual(self.eks.list_access_entries(clusterName="tags")["accessEntries"], [me])
        other = {"clusterName": "tags", "principalArn": self.node_role}
        self.eks.create_access_entry(**other)
        self.refused("ResourceInUseException", self.eks.create_access_entry, **other)
        policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
        self.eks.associate_access_policy(**other, policyArn=policy, accessScope={"type": "cluster"})
        granted = self.eks.list_associated_access_policies(**other)["associatedAccessPolicies"]
        self.assertEqual([one["policyArn"] for one in granted], [policy])
        self.eks.delete_access_entry(**other)
        self.refused("ResourceNotFoundException", self.eks.describe_access_entry, **other)
        offered = self.eks.describe_cluster_versions()["clusterVersions"]
        self.assertEqual([one["clusterVersion"] for one in offered], ["1.35", "1.34", "1.33"])
        self.assertEqual([one["clusterVersion"] for one in offered if one["defaultVersion"]], ["1.34"])

    def test_names_are_listed_page_by_page(self):
        self.assertEqual(self.eks.list_clusters(maxResults=1)["clusters"], [])
        for name in ("listed-1", "listed-2", "listed-3"):
            self.active(name)
        for name in ("one", "two"):
            self.group("listed-1", name)
        clusters = self.eks.get_paginator("list_clusters")
        pages = [page["clusters"] for page in clusters.paginate(PaginationConfig={"PageSize": 2})]
        self.assertEqual(pages, [["listed-1", "listed-2"], ["listed-3"]])
        groups = self.eks.get_paginator("list_nodegroups")
        pages = groups.paginate(clusterName="listed-1", PaginationConfig={"PageSize": 1})
        self.assertEqual([page["nodegroups"] for page in pages], [["one"], ["two"]])
        self.refused("ResourceNotFoundException", self.eks.list_nodegroups, clusterName="nobody")
        self.refused("InvalidParameterException", self.eks.list_clusters, nextToken="none-of-it")

    def test_add_ons_need_nodes_and_roles(self):
        self.active("add-ons")
        self.group("add-ons")
        self.stand_in.settle()
        add = lambda name, **more: self.eks.create_addon(clusterName="add-ons", addonName=name, **more)  # noqa: E731
        look = lambda name: self.eks.describe_addon(clusterName="add-ons", addonName=name)["addon"]  # noqa: E731
        self.refused("InvalidParameterException", add, "nothing")
        self.refused("InvalidParameterException", add, "vpc-cni", addonVersion="v0.0.1-eksbuild.1")
        self.assertEqual(add("aws-ebs-csi-driver")["addon"]["status"], "CREATING")
        self.refused("ResourceInUseException", add, "aws-ebs-csi-driver")
        self.stand_in.settle()
        self.assertEqual(look("aws-ebs-csi-driver")["status"], "DEGRADED")
        add("eks-pod-identity-agent")
        self.stand_in.settle()
        roles = [{"serviceAccount": "ebs-csi-controller-sa", "roleArn": self.disk_role}]
        wrong = [{"serviceAccount": "ebs-csi-controller-sa", "roleArn": self.node_role}]
        change = lambda **more: self.eks.update_addon(  # noqa: E731
            clusterName="add-ons", addonName="aws-ebs-csi-driver", **more
        )["update"]
        self.refused("InvalidParameterException", change, podIdentityAssociations=wrong)
        update = change(podIdentityAssociations=roles)
        self.assertEqual(self.finished("add-ons", update, addonName="aws-ebs-csi-driver")["status"], "Successful")
        self.wait("addon_active", clusterName="add-ons", addonName="aws-ebs-csi-driver")
        held = self.eks.list_pod_identity_associations(clusterName="add-ons")["associations"]
        self.assertEqual([one["associationArn"] for one in held], look("aws-ebs-csi-driver")["podIdentityAssociations"])
        names = {"clusterName": "add-ons", "namespace": "default", "serviceAccount": "writer"}
        made = self.eks.create_pod_identity_association(**names, roleArn=self.disk_role)["association"]
        self.refused(
            "ResourceInUseException", self.eks.create_pod_identity_association, **names, roleArn=self.disk_role
        )
        which = {"clusterName": "add-ons", "associationId": made["associationId"]}
        self.eks.delete_pod_identity_association(**which)
        self.refused("ResourceNotFoundException", self.eks.describe_pod_identity_association, **which)
        offered = self.eks.describe_addon_versions(addonName="coredns", kubernetesVersion="1.35")["addons"][0]
        default = [
            version["addonVersion"]
            for version in offered["addonVersions"]
            if version["compatibilities"][0]["defaultVersion"]
        ]
        self.assertEqual(default, ["v1.13.1-eksbuild.1"])
        self.eks.delete_addon(clusterName="add-ons", addonName="aws-ebs-csi-driver")
        self.wait("addon_deleted", clusterName="add-ons", addonName="aws-ebs-csi-driver")


class Refusals(Aws):
    def test_what_a_cluster_needs_must_be_there(self):
        config = lambda *subnets: {"resourcesVpcConfig": {"subnetIds": list(subnets)}}  # noqa: E731
        nobody = self.cluster_role.replace("cluster", "nobody")
        bare = self.role("bare", "eks.amazonaws.com")
        self.stand_in.settle()
        for wish in (
            {"roleArn": nobody},
            {"roleArn": self.node_role},
            {"roleArn": bare},
            {"version": "1.20"},
            config(self.private[0]),
            config(self.private[0], "subnet-00000000"),
            {"name": "a b"},
            {"accessConfig": {"authenticationMode": "MAGIC"}},
            {"computeConfig": {"enabled": True}},
        ):
            with self.subTest(wish):
                self.refused("InvalidParameterException", self.make, **{"name": "refused"} | wish)
        self.assertEqual(self.eks.list_clusters()["clusters"], [])

    def test_a_new_role_is_not_known_at_once(self):
        role = self.role("young", "eks.amazonaws.com", "AmazonEKSClusterPolicy")
        message = self.refused("InvalidParameterException", self.make, "young", roleArn=role)
        self.assertIn("could not be assumed", message)
        self.stand_in.settle()
        self.make("young", roleArn=role)
        self.remove("young")

    def test_what_a_group_needs_must_be_there(self):
        self.active("groups")
        for wish in (
            {"nodeRole": self.cluster_role},
            {"subnets": ["subnet-00000000"]},
            {"instanceTypes": ["t3.huge"]},
            {"instanceTypes": ["m6g.large"], "amiType": "AL2023_x86_64_STANDARD"},
            {"labels": {"eks.amazonaws.com/a": "b"}},
            {"scalingConfig": {"minSize": 3, "maxSize": 4, "desiredSize": 2}},
            {"version": "1.35"},
        ):
            with self.subTest(wish):
                self.refused("InvalidParameterException", self.group, "groups", **wish)

    def test_nodes_that_cannot_join_are_a_failure(self):
        self.active("alone")
        many = {"minSize": 1, "maxSize": 450, "desiredSize": 450}
        cases = {
            "hidden": ({"subnets": self.public}, "Ec2SubnetInvalidConfiguration"),
            "barred": ({"nodeRole": self.role("barred", "ec2.amazonaws.com")}, "NodeCreationFailure"),
            "many": ({"scalingConfig": many}, "AsgInstanceLaunchFailures"),
        }
        self.stand_in.settle()
        for name, (wish, code) in cases.items():
            self.group("alone", name, **wish)
        with self.assertRaises(WaiterError):
            self.wait("nodegroup_active", clusterName="alone", nodegroupName="hidden")
        for name, (_, code) in cases.items():
            with self.subTest(name):
                group = self.eks.describe_nodegroup(clusterName="alone", nodegroupName=name)["nodegroup"]
                self.assertEqual(group["status"], "CREATE_FAILED")
                self.assertEqual(group["health"]["issues"][0]["code"], code)

    def test_a_network_in_use_cannot_be_taken_away(self):
        self.active("holder")
        ec2 = self.ec2
        group = self.eks.describe_cluster(name="holder")["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"]
        filters = [{"Name": "description", "Values": ["Amazon EKS holder"]}]
        held = ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        self.assertEqual({one["Status"] for one in held}, {"in-use"})
        gate = ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [self.vpc]}])
        gate = gate["InternetGateways"][0]["InternetGatewayId"]
        address = ec2.describe_addresses()["Addresses"][0]["AllocationId"]
        interface = held[0]["NetworkInterfaceId"]
        self.refused("DependencyViolation", ec2.delete_subnet, SubnetId=self.private[0])
        self.refused("DependencyViolation", ec2.delete_security_group, GroupId=group)
        self.refused("DependencyViolation", ec2.delete_vpc, VpcId=self.vpc)
        self.refused("DependencyViolation", ec2.detach_internet_gateway, InternetGatewayId=gate, VpcId=self.vpc)
        self.refused("InvalidIPAddress.InUse", ec2.release_address, AllocationId=address)
        self.refused("InvalidParameterValue", ec2.delete_network_interface, NetworkInterfaceId=interface)
        self.remove("holder")
        self.assertEqual(ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"], [])
        self.refused("InvalidGroup.NotFound", ec2.delete_security_group, GroupId=group)

    def test_what_carries_a_tag_is_found_by_it_and_nothing_else_is(self):
        ec2, filters = self.ec2, [{"Name": "tag:owner", "Values": ["finder"]}]
        tagged = lambda kind: {  # noqa: E731
            "TagSpecifications": [{"ResourceType": kind, "Tags": [{"Key": "owner", "Value": "finder"}]}]
        }
        group = {"GroupName": "finder", "Description": "finder", "VpcId": self.vpc}
        vpc = ec2.create_vpc(CidrBlock="10.2.0.0/16", **tagged("vpc"))["Vpc"]
        subnet = ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.9.0/24", **tagged("subnet"))["Subnet"]
        gate = ec2.create_internet_gateway(**tagged("internet-gateway"))["InternetGateway"]
        table = ec2.create_route_table(VpcId=self.vpc, **tagged("route-table"))["RouteTable"]
        made = {
            "vpcs": vpc["VpcId"],
            "subnets": subnet["SubnetId"],
            "internet_gateways": gate["InternetGatewayId"],
            "route_tables": table["RouteTableId"],
            "addresses": ec2.allocate_address(Domain="vpc", **tagged("elastic-ip"))["AllocationId"],
            "security_groups": ec2.create_security_group(**group, **tagged("security-group"))["GroupId"],
        }
        for kind, identity in made.items():
            with self.subTest(kind):
                found = next(iter(getattr(ec2, f"describe_{kind}")(Filters=filters).values()))
                self.assertEqual(len(found), 1)
                self.assertIn(identity, found[0].values())
        ec2.delete_subnet(SubnetId=made["subnets"])
        ec2.delete_route_table(RouteTableId=made["route_tables"])
        ec2.delete_internet_gateway(InternetGatewayId=made["internet_gateways"])
        ec2.release_address(AllocationId=made["addresses"])
        ec2.delete_security_group(GroupId=made["security_groups"])
        ec2.delete_vpc(VpcId=made["vpcs"])

    def test_nat_gateways_and_quotas(self):
        ec2 = self.ec2
        state = lambda name: ec2.describe_nat_gateways(NatGatewayIds=[name])["NatGateways"][0]["State"]  # noqa: E731
        addresses = [ec2.allocate_address(Domain="vpc")["AllocationId"] for _ in range(4)]
        self.refused("AddressLimitExceeded", ec2.allocate_address, Domain="vpc")
        tags = [{"ResourceType": "natgateway", "Tags": [{"Key": "owner", "Value": "me"}]}]
        wish = {"SubnetId": self.public[1], "AllocationId": addresses[0], "TagSpecifications": tags, "ClientToken": "1"}
        made = ec2.create_nat_gateway(**wish)["NatGateway"]["NatGatewayId"]
        self.assertEqual(ec2.create_nat_gateway(**wish)["NatGateway"]["NatGatewayId"], made)
        self.refused("IdempotentParameterMismatch", ec2.create_nat_gateway, **wish | {"SubnetId": self.public[0]})
        self.assertEqual(state(made), "pending")
        found = ec2.describe_nat_gateways(Filters=[{"Name": "tag:owner", "Values": ["me"]}])["NatGateways"]
        self.assertEqual([one["NatGatewayId"] for one in found], [made])
        self.stand_in.settle()
        self.assertEqual(state(made), "available")
        ec2.delete_nat_gateway(NatGatewayId=made)
        self.assertEqual(state(made), "deleting")
        self.refused("InvalidIPAddress.InUse", ec2.release_address, AllocationId=addresses[0])
        self.stand_in.settle()
        self.assertEqual(state(made), "deleted")
        for address in addresses:
            ec2.release_address(AllocationId=address)
        networks = [ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"] for _ in range(3)]
        self.refused("VpcLimitExceeded", ec2.create_vpc, CidrBlock="10.1.0.0/16")
        for network in networks:
            ec2.delete_vpc(VpcId=network)


class Faults(Aws):
    def fault(self, operation, code, status, **more):
        headers = {"x-amzn-ErrorType": code}
        self.stand_in.play(
            {"operation": operation, "status": status, "headers": headers, "body": {"message": "as ordered"}} | more
        )

    def test_errors_that_tests_order_are_the_vendors_exceptions(self):
        for code, status in {
            "TooManyRequestsException": 429,
            "ThrottlingException": 400,
            "AccessDeniedException": 403,
            "ResourceLimitExceededException": 400,
            "ServerException": 500,
        }.items():
            with self.subTest(code):
                self.fault("ListClusters", code, status)
                self.refused(code, self.eks.list_clusters)
                self.assertEqual(self.eks.list_clusters()["clusters"], [])
        self.fault("ListClusters", "ThrottlingException", 400, times=2)
        self.assertEqual(self.client("eks", attempts=4).list_clusters()["clusters"], [])

    def test_a_query_service_fails_as_ordered(self):
        error = "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow</Message></Error></Errors>"
        body = f"{error}<RequestID>1</RequestID></Response>"
        self.stand_in.play({"operation": "DescribeVpcs", "status": 503, "body": body})
        self.refused("RequestLimitExceeded", self.ec2.describe_vpcs)

    def test_a_lost_answer_is_not_a_lost_cluster(self):
        self.stand_in.play({"operation": "CreateCluster", "kind": "lost"})
        with self.assertRaises((ConnectionError, HTTPClientError)):
            self.make("lost", clientRequestToken="lost-1")
        self.addCleanup(self.remove, "lost")
        self.assertEqual(self.make("lost", clientRequestToken="lost-1")["status"], "CREATING")
        message = self.refused("ResourceInUseException", self.make, "lost", clientRequestToken="lost-2")
        self.assertIn("already exists", message)

    def test_what_fails_in_the_end_says_why(self):
        late = lambda operation, code: {  # noqa: E731
            "operation": f"{operation}/late",
            "body": {"code": code, "message": "as ordered"},
        }
        self.stand_in.play(late("CreateCluster", "InternalFailure"))
        self.make("late")
        with self.assertRaises(WaiterError):
            self.wait("cluster_active", name="late")
        cluster = self.eks.describe_cluster(name="late")["cluster"]
        self.assertEqual((cluster["status"], cluster["health"]["issues"][0]["code"]), ("FAILED", "InternalFailure"))
        self.remove("late")
        self.active("late")
        self.group("late")
        self.stand_in.settle()
        self.stand_in.play(
            late("UpdateClusterVersion", "EniLimitReached"),
            late("UpdateNodegroupVersion", "PodEvictionFailure"),
            late("CreateAddon", "ConfigurationConflict"),
        )
        update = self.eks.update_cluster_version(name="late", version="1.35")["update"]
        failed = self.finished("late", update)
        self.assertEqual((failed["status"], failed["errors"][0]["errorCode"]), ("Failed", "EniLimitReached"))
        cluster = self.eks.describe_cluster(name="late")["cluster"]
        self.assertEqual((cluster["status"], cluster["version"]), ("ACTIVE", "1.34"))
        update = self.eks.update_nodegroup_version(clusterName="late", nodegroupName="system")["update"]
        failed = self.finished("late", update, nodegroupName="system")
        self.assertEqual((failed["status"], failed["errors"][0]["errorCode"]), ("Failed", "PodEvictionFailure"))
        self.eks.create_addon(clusterName="late", addonName="vpc-cni")
        with self.assertRaises(WaiterError):
            self.wait("addon_active", clusterName="late", addonName="vpc-cni")

    def test_the_journal_names_operations_as_the_vendor_does(self):
        self.eks.list_clusters()
        self.ec2.describe_vpcs()
        self.iam.get_role(RoleName="cluster")
        self.client("s3").list_buckets()
        told = [(entry["service"], entry["operation"], entry["status"]) for entry in self.stand_in.journal()]
        expected = [("eks", "ListClusters"), ("ec2", "DescribeVpcs"), ("iam", "GetRole"), ("s3", "ListBuckets")]
        self.assertEqual(told, [(*names, 200) for names in expected])


class Identity(Aws):
    def test_who_cannot_sign_is_nobody(self):
        unknown, wrong = ("AKIAUNKNOWNUNKNOWN00", "secret"), (self.keys[0], "wrong")
        calls = {
            "eks": ("list_clusters", "UnrecognizedClientException", "InvalidSignatureException"),
            "ec2": ("describe_vpcs", "AuthFailure", "AuthFailure"),
            "iam": ("list_users", "InvalidClientTokenId", "SignatureDoesNotMatch"),
            "sts": ("get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch"),
            "s3": ("list_buckets", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
            "kms": ("list_keys", "UnrecognizedClientException", "InvalidSignatureException"),
        }
        for service, (call, for_unknown, for_wrong) in calls.items():
            with self.subTest(service):
                getattr(self.client(service), call)()
                self.refused(for_unknown, getattr(self.client(service, unknown), call))
                self.refused(for_wrong, getattr(self.client(service, wrong), call))

    def test_a_presigned_request_is_good_for_its_time(self):
        s3 = self.client("s3")
        s3.create_bucket(Bucket="presigned", CreateBucketConfiguration={"LocationConstraint": self.region})
        s3.put_object(Bucket="presigned", Key="a/b c", Body=b"content")
        for client, call, names, expected in (
            (s3, "get_object", {"Bucket": "presigned", "Key": "a/b c"}, b"content"),
            (self.sts, "get_caller_identity", {}, b"user/engineer"),
        ):
            with self.subTest(call):
                presign = functools.partial(client.generate_presigned_url, call, Params=names, HttpMethod="GET")
                url = presign(ExpiresIn=60)
                self.assertIn(expected, self.get(url))
                for wrong in (presign(ExpiresIn=0), url.replace("X-Amz-Expires=60", "X-Amz-Expires=600")):
                    with self.assertRaises(HTTPError) as caught:
                        self.get(wrong)
                    self.assertEqual(caught.exception.code, 403)
                    caught.exception.close()

    @staticmethod
    def get(url):
        with build_opener(ProxyHandler({})).open(url, timeout=30) as answer:
            return answer.read()

    def test_sessions_end(self):
        role = self.stand_in.environment["STANDIN_ROLE_ARN"]
        given = self.sts.assume_role(RoleArn=role, RoleSessionName="test", DurationSeconds=900)["Credentials"]
        keys = given["AccessKeyId"], given["SecretAccessKey"]
        session = lambda service, token=given["SessionToken"]: self.client(service, keys, token)  # noqa: E731
        arn = session("sts").get_caller_identity()["Arn"]
        self.assertTrue(arn.endswith(":assumed-role/deployer/test"), arn)
        self.assertEqual(session("eks").list_clusters()["clusters"], [])
        self.refused("UnrecognizedClientException", session("eks", "another").list_clusters)
        self.refused("UnrecognizedClientException", session("eks", None).list_clusters)
        self.stand_in.advance(901)
        self.refused("ExpiredTokenException", session("eks").list_clusters)
        self.refused("ExpiredToken", session("sts").get_caller_identity)
        self.refused("RequestExpired", session("ec2").describe_vpcs)

    def test_a_role_is_for_whom_it_trusts(self):
        assume = lambda name, **more: self.sts.assume_role(  # noqa: E731
            RoleArn=f"arn:aws:iam::123456789012:role/{name}", RoleSessionName="test", **more
        )
        self.refused("AccessDenied", assume, "nobody")
        self.refused("AccessDenied", assume, "cluster")
        self.refused("AccessDenied", assume, "deployer-by-agreement")
        assume("deployer-by-agreement", ExternalId="agreed")
        environment = self.stand_in.environment
        with open(environment["STANDIN_WEB_IDENTITY_TOKEN_FILE"]) as file:
            token = file.read()
        web = lambda role, token: boto3.client(  # noqa: E731
            "sts", endpoint_url=self.stand_in.endpoint, region_name=self.region
        ).assume_role_with_web_identity(RoleArn=role, RoleSessionName="ci", WebIdentityToken=token)
        role = environment["STANDIN_WEB_IDENTITY_ROLE_ARN"]
        given = web(role, token)["Credentials"]
        client = self.client("sts", (given["AccessKeyId"], given["SecretAccessKey"]), given["SessionToken"])
        self.assertIn("assumed-role/continuous-integration/ci", client.get_caller_identity()["Arn"])
        self.refused("InvalidIdentityToken", web, role, token[:-4] + "AAAA")
        self.refused("AccessDenied", web, environment["STANDIN_ROLE_ARN"], token)

    def token(self, cluster, keys=None, **more):
        return token_for(cluster, keys or self.keys, self.region, **more)

    def test_a_kubernetes_token_is_for_one_cluster_and_fifteen_minutes(self):
        self.active("tokens")
        me = self.sts.get_caller_identity()["Arn"]
        token = self.token("tokens")
        expected = {"authenticated": True, "user": {"username": me, "groups": ["system:masters"]}}
        self.assertEqual(self.stand_in.review(token), expected)
        self.stand_in.advance(880)
        self.assertEqual(self.stand_in.review(token), expected)
        self.stand_in.advance(30)
        self.assertIn("expired", self.stand_in.review(token)["error"])
        self.assertEqual(self.stand_in.review(self.token("tokens", expires=59)), expected)
        for wrong in (
            self.token("others"),
            self.token("tokens", (self.keys[0], "wrong")),
            self.token("tokens", headers=()),
            self.token("tokens")[:-8],
            "k8s-aws-v1.!",
            "something",
        ):
            status = self.stand_in.review(wrong)
            self.assertFalse(status["authenticated"], wrong)
            self.assertTrue(status["error"])

    def test_a_cluster_knows_whom_it_was_told_of(self):
        self.active("known")
        role = self.stand_in.environment["STANDIN_ROLE_ARN"]
        given = self.sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        token = lambda: self.token(  # noqa: E731
            "known", (given["AccessKeyId"], given["SecretAccessKey"]), session=given["SessionToken"]
        )
        self.assertIn("no access", self.stand_in.review(token())["error"])
        self.eks.create_access_entry(clusterName="known", principalArn=role, kubernetesGroups=["readers"])
        self.assertEqual(self.stand_in.review(token())["user"]["groups"], ["readers"])
        self.stand_in.advance(3601)
        self.assertIn("expired", self.stand_in.review(token())["error"])


class Services(Pretended):
    """A pretended API with Services of type LoadBalancer."""

    services = ()

    def load_balancers(self):
        return list(self.services)


class Within:
    """A stand-in in this process, whose Kubernetes APIs can be seen from within."""

    def __init__(self, folder):
        from standin.aws.app import Cloud

        self.fleet = Fleet()
        self._clock = Clock()
        self._faults = ordered.Faults()
        self.cloud = Cloud(self._clock, Journal(self._clock), self._faults, Options(self.fleet, folder, None))
        self._server = make_server("127.0.0.1", 0, self.cloud, threaded=True)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self.environment = self.cloud.environment(self.endpoint)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def settle(self):
        while self.cloud.busy():
            self._clock.advance(max(0.0, self.cloud.next_change() - self._clock.now()))

    def play(self, *faults):
        self._faults.replace(list(faults))

    def clear_journal(self):
        """Nobody looks at it here."""

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Inside(Aws):
    """What a cluster's Kubernetes gets from EKS, and what its Services hold outside."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        cls.stand_in = Within(Path(folder.name))
        cls.addClassCleanup(cls.stand_in.close)
        cls.prepare()

    def setUp(self):
        super().setUp()
        self.backend = Services()
        self.stand_in.fleet.add(self.backend)

    def kinds(self):
        return sorted((key[1], key[3]) for key in self.backend.objects)

    def test_a_token_for_one_cluster_is_none_for_another(self):
        for name in ("first", "second"):
            self.active(name)
        arns = [self.eks.describe_cluster(name=name)["cluster"]["arn"] for name in ("first", "second")]
        cloud, token = self.stand_in.cloud, token_for("first", self.keys, self.region)
        self.assertEqual(cloud.review_for(token, arns[0])["groups"], ["system:masters"])
        self.assertEqual(cloud.review(token)["groups"], ["system:masters"])
        with self.assertRaises(PermissionError):
            cloud.review_for(token, arns[1])

    def test_nodes_and_objects_come_and_go_with_what_makes_them(self):
        backend = self.backend
        self.make("inside", version="1.33")
        self.addCleanup(self.remove, "inside")
        self.assertEqual(self.kinds(), [])
        self.stand_in.settle()
        self.assertEqual(self.kinds(), [("StorageClass", "gp2")])
        taint = {"key": "role", "value": "system", "effect": "NO_SCHEDULE"}
        self.group("inside", labels={"role": "system"}, taints=[taint])
        self.assertEqual(backend.pools, {})
        self.stand_in.settle()
        nodes = backend.pools["system"]
        zones = {node.labels["topology.kubernetes.io/zone"] for node in nodes}
        self.assertEqual((len(nodes), len(zones)), (2, 2))
        self.assertEqual(nodes[0].labels["eks.amazonaws.com/nodegroup"], "system")
        self.assertEqual(nodes[0].labels["role"], "system")
        self.assertEqual(nodes[0].taints, [{"key": "role", "value": "system", "effect": "NoSchedule"}])
        self.assertTrue(nodes[0].version.startswith("v1.33."))
        scaling = {"minSize": 1, "maxSize": 3, "desiredSize": 3}
        self.eks.update_nodegroup_config(clusterName="inside", nodegroupName="system", scalingConfig=scaling)
        self.stand_in.settle()
        self.assertEqual([node.name for node in backend.pools["system"]][:2], [node.name for node in nodes])
        self.assertEqual(len(backend.pools["system"]), 3)
        roles = [{"serviceAccount": "ebs-csi-controller-sa", "roleArn": self.disk_role}]
        for name, more in {
            "eks-pod-identity-agent": {},
            "aws-ebs-csi-driver": {"podIdentityAssociations": roles},
        }.items():
            self.eks.create_addon(clusterName="inside", addonName=name, **more)
            self.stand_in.settle()
        self.assertEqual(self.kinds(), [("CSIDriver", "ebs.csi.aws.com"), ("StorageClass", "gp2")])
        self.eks.delete_nodegroup(clusterName="inside", nodegroupName="system")
        self.stand_in.settle()
        self.assertEqual(backend.pools["system"], [])
        add_on = self.eks.describe_addon(clusterName="inside", addonName="aws-ebs-csi-driver")["addon"]
        self.assertEqual(add_on["status"], "DEGRADED")

    def held(self):
        """What load balancers hold: interfaces and security groups."""
        interfaces = [{"Name": "description", "Values": ["ELB *"]}]
        groups = [{"Name": "group-name", "Values": ["k8s-elb-*"]}]
        return (
            len(self.ec2.describe_network_interfaces(Filters=interfaces)["NetworkInterfaces"]),
            len(self.ec2.describe_security_groups(Filters=groups)["SecurityGroups"]),
        )

    def test_a_load_balancer_outlives_a_cluster_but_not_its_service(self):
        backend = self.backend
        self.active("balanced")
        backend.services = [("default", "web"), ("default", "api")]
        self.assertEqual(self.held(), (2, 2))
        backend.services = [("default", "web")]
        self.assertEqual(self.held(), (2, 2))
        self.stand_in.settle()
        self.assertEqual(self.held(), (1, 1))
        self.eks.delete_cluster(name="balanced")
        self.stand_in.settle()
        backend.services = []
        self.stand_in.settle()
        self.assertEqual(self.held(), (1, 1))
        self.refused("DependencyViolation", self.ec2.delete_subnet, SubnetId=self.public[0])


class Model(unittest.TestCase):
    def test_the_stand_in_has_operations_of_the_model_alone(self):
        from standin.aws.eks import OPERATIONS

        known = botocore.session.get_session().get_service_model("eks").operation_names
        self.assertEqual(set(OPERATIONS) - set(known), set())


if __name__ == "__main__":
    unittest.main()
