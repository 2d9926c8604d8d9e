"""Clusters of ACK: their states, and what ACK makes for them in the network."""

import ipaddress
import json
import re
import uuid
from datetime import UTC, datetime

from . import inside, kubeconfig, versions
from .errors import Refused, invalid, missing

# How long it takes, in seconds.
CREATING, UPDATING, UPGRADING, DELETING, LETTING_GO = 600, 30, 600, 300, 60
# Clusters that an account may have.
MOST_CLUSTERS = 20
# A vSwitch with fewer addresses has no room for the control plane's interfaces, which shows late.
LEAST_ADDRESSES = 10
NETWORK_ADDONS = ("flannel", "terway-eniip")
STORAGE_ADDONS = ({"csi-plugin"}, {"csi-provisioner", "managed-csiprovisioner"})
CHANGEABLE = {"client_token", "cluster_name", "cluster_spec", "deletion_protection", "enable_rrsa"}
SPECS = ("ack.standard", "ack.pro.small", "ack.pro.xlarge", "ack.pro.2xlarge", "ack.pro.4xlarge")
SYSTEM_TAG = "ack.aliyun.com"


class Clusters:
    """All clusters of the account."""

    def __init__(self, timeline, network, fleet, tasks, region):
        self._timeline, self._network, self._fleet = timeline, network, fleet
        self._tasks, self._region = tasks, region
        self._tokens = {}
        self.all = {}
        # Set by who knows pools.
        self.pools = None

    # What is asked.

    def create(self, request):
        token = request.get("client_token")
        if token and token in self._tokens:
            return self._tokens[token]
        self._check(request)
        cluster = f"c{uuid.uuid4().hex}{uuid.uuid4().hex[:1]}"
        task = self._tasks.begin(cluster, "cluster_create", ("cluster", cluster))
        addons = {addon["name"] for addon in request["addons"] if not addon.get("disabled")}
        self.all[cluster] = {
            "id": cluster,
            "request": request,
            "state": "initial",
            "version": request.get("kubernetes_version", versions.CREATABLE[-1]),
            "tags": {tag["key"]: tag.get("value", "") for tag in request.get("tags", [])},
            "created": self.time(),
            "updated": self.time(),
            "holders": [],
            "has_storage": all(addons & wanted for wanted in STORAGE_ADDONS),
            "resources": [],
        }
        self._make_network(self.all[cluster])
        for pool in request.get("nodepools", []):
            self.pools.add(cluster, pool)
        self._timeline.after(CREATING, lambda: self._created(cluster, task))
        answer = {"cluster_id": cluster, "request_id": str(uuid.uuid4()).upper(), "task_id": task}
        if token:
            self._tokens[token] = answer
        return answer

    def describe(self, cluster):
        return self._show(self.get(cluster))

    def list(self, request):
        found = [known for known in self.all.values() if request.get("name", "") in known["request"]["name"]]
        wanted = request.get("cluster_id")
        found = [known for known in found if wanted in (None, known["id"])]
        if request.get("region_id", self._region) != self._region:
            found = []
        # Of the other kinds of clusters none can be made here.
        kind, profile = request.get("cluster_type", "ManagedKubernetes"), request.get("profile", "Default")
        if (kind, profile) != ("ManagedKubernetes", "Default"):
            found = []
        size, page = request.get("page_size", 10), request.get("page_number", 1)
        if not 1 <= size <= 100:
            raise invalid("page_size", "1 to 100 are allowed")
        shown = [self._show(known) for known in found[(page - 1) * size : page * size]]
        for known in shown:
            known.pop("rrsa_config")
        return {
            "clusters": shown,
            "page_info": {"page_number": page, "page_size": size, "total_count": len(found)},
        }

    def modify(self, cluster, request):
        known = self.running(cluster)
        for name in request:
            if name not in CHANGEABLE:
                raise invalid(name, "the stand-in does not know how to change it")
        spec = request.get("cluster_spec", known["request"]["cluster_spec"])
        if SPECS.index(spec) < SPECS.index(known["request"]["cluster_spec"]):
            raise invalid("cluster_spec", "a cluster cannot become smaller")
        if "cluster_name" in request:
            known["request"]["name"] = request["cluster_name"]
        for name in ("cluster_spec", "deletion_protection", "enable_rrsa"):
            if name in request:
                known["request"][name] = request[name]
        return self._work(known, "updating", UPDATING, "cluster_update")

    def upgrade(self, cluster, request):
        known = self.running(cluster)
        target = request.get("next_version") or request.get("version")
        if not target:
            raise missing("next_version")
        if target not in versions.VERSIONS or versions.minor(target)[1] != versions.minor(known["version"])[1] + 1:
            raise invalid("next_version", f"{known['version']} cannot become {target}")

        def done():
            known["version"] = target
            if not request.get("master_only"):
                self.pools.show_nodes(cluster)

        return self._work(known, "upgrading", UPGRADING, "cluster_upgrade", done)

    def delete(self, cluster, request):
        known = self.get(cluster)
        if known["state"] not in ("running", "failed", "initial", "delete_failed"):
            raise _state(known)
        if known["request"].get("deletion_protection"):
            raise Refused(400, "ErrorDeleteProtectedCluster", "Deletion protection of the cluster is enabled.")
        options = {one["resource_type"]: one["delete_mode"] for one in request.get("delete_options", [])}
        retained = set(request.get("retain_resources", []))
        if request.get("retain_all_resources"):
            retained |= set(known["holders"])
        for pool in self.pools.of(cluster):
            pool["state"] = "deleting"
        known["state"] = "deleting"
        task = self._tasks.begin(cluster, "cluster_delete", ("cluster", cluster))
        self._timeline.after(DELETING, lambda: self._deleted(known, options, retained, task))
        return {"cluster_id": cluster, "request_id": str(uuid.uuid4()).upper(), "task_id": task}

    def resources(self, cluster):
        known = self.get(cluster)
        services = []
        if "backend" in known:
            for namespace, name in known["backend"].load_balancers():
                service = {"kind": "Service", "namespace": namespace, "name": name}
                services.append({"resource_type": "SLB", "creator_type": "addon", "associated_object": service})
        common = {"cluster_id": cluster, "created": known["created"], "state": "CREATE_COMPLETE", "auto_create": 1}
        behaviour = {"delete_by_default": True, "changeable": True}
        return [common | one | {"delete_behavior": behaviour} for one in known["resources"] + services]

    def kubeconfig(self, cluster, request):
        known = self.get(cluster)
        if known["state"] in ("initial", "failed", "deleting"):
            raise _state(known)
        is_public = known["request"].get("endpoint_public_access")
        if not request.get("PrivateIpAddress") and not is_public:
            raise Refused(400, "ErrorClusterEndpoint", "The cluster has no public endpoint of its API server.")
        minutes = request.get("TemporaryDurationMinutes")
        return kubeconfig.build(cluster, known["backend"], known["backend"].endpoint, minutes)

    def tag(self, request):
        self._check_tagged(request)
        _check_tags(request["tags"])
        for cluster in request["resource_ids"]:
            tags = self.all[cluster]["tags"] | {tag["key"]: tag.get("value", "") for tag in request["tags"]}
            if len(tags) > 20:
                raise Refused(400, "QuotaExceeded.Tag", "A cluster can have 20 tags.")
            self.all[cluster]["tags"] = tags
        return {"RequestId": str(uuid.uuid4()).upper()}

    def untag(self, request):
        self._check_tagged(request)
        for cluster in request["resource_ids"]:
            for key in request["tag_keys"]:
                self.all[cluster]["tags"].pop(key, None)
        return {"RequestId": str(uuid.uuid4()).upper()}

    # What they are.

    def get(self, cluster):
        if cluster not in self.all:
            raise Refused(404, "ErrorClusterNotFound", f"The cluster {cluster} does not exist.")
        return self.all[cluster]

    def running(self, cluster):
        """The cluster, if it can be changed now."""
        known = self.get(cluster)
        if known["state"] != "running":
            raise _state(known)
        return known

    def time(self):
        return datetime.fromtimestamp(self._timeline.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")

    def _show(self, known):
        request = known["request"]
        shown = {
            "cluster_id": known["id"],
            "name": request["name"],
            "region_id": self._region,
            "cluster_type": "ManagedKubernetes",
            "profile": "Default",
            "cluster_spec": request["cluster_spec"],
            "state": known["state"],
            "init_version": request.get("kubernetes_version", versions.CREATABLE[-1]),
            "current_version": known["version"],
            "created": known["created"],
            "updated": known["updated"],
            "vpc_id": request["vpcid"],
            "vswitch_ids": request["vswitch_ids"],
            "vswitch_id": ",".join(request["vswitch_ids"]),
            "security_group_id": known["security_group"],
            "service_cidr": request.get("service_cidr", "172.19.0.0/20"),
            "container_cidr": request.get("container_cidr", ""),
            "network_mode": "vpc",
            "proxy_mode": request.get("proxy_mode", "ipvs"),
            "deletion_protection": bool(request.get("deletion_protection")),
            "size": sum(pool["nodes"] for pool in self.pools.of(known["id"])),
            "tags": [{"key": SYSTEM_TAG, "value": known["id"]}]
            + [{"key": key, "value": value} for key, value in sorted(known["tags"].items())],
            "master_url": json.dumps(self._urls(known)) if "backend" in known else "",
            "rrsa_config": {"enabled": bool(request.get("enable_rrsa"))},
        }
        if request.get("enable_rrsa"):
            url = f"https://oidc-ack-{self._region}.oss-{self._region}.aliyuncs.com/{known['id']}"
            shown["rrsa_config"]["issuer"] = url
        return shown

    @staticmethod
    def _urls(known):
        endpoint = known["backend"].endpoint
        urls = {"intranet_api_server_endpoint": endpoint}
        if known["request"].get("endpoint_public_access"):
            urls["api_server_endpoint"] = endpoint
        return urls

    # What happens.

    def _created(self, cluster, task):
        known = self.all.get(cluster)
        if known is None or known["state"] != "initial":
            return
        known["updated"] = self.time()
        for vswitch in known["request"]["vswitch_ids"]:
            if self._network.vswitches[vswitch]["AvailableIpAddressCount"] < LEAST_ADDRESSES:
                known["state"] = "failed"
                why = f"the vSwitch {vswitch} has not enough IP addresses for the control plane"
                self._tasks.end(task, ("InvalidVSwitchId.IpNotEnough", why))
                return
        known["state"] = "running"
        known["backend"] = self._fleet.take(cluster)
        if known["has_storage"]:
            inside.furnish(known["backend"])
        self._tasks.end(task)
        for pool in self.pools.of(cluster):
            self.pools.start(pool)

    def _work(self, known, state, seconds, kind, done=lambda: None):
        """The cluster is in another state for a while."""
        task = self._tasks.begin(known["id"], kind, ("cluster", known["id"]))
        known["state"] = state

        def end():
            if known["state"] == state:
                known.update(state="running", updated=self.time())
                done()
                self._tasks.end(task)

        self._timeline.after(seconds, end)
        return {"cluster_id": known["id"], "request_id": str(uuid.uuid4()).upper(), "task_id": task}

    def _deleted(self, known, options, retained, task):
        balancers = known["backend"].load_balancers() if "backend" in known else []
        if options.get("SLB") == "retain":
            # What is retained lies on in the network, with nobody who would remove it.
            for _ in balancers:
                self._network.hold("SLB", "lb", known["id"], known["request"]["vswitch_ids"][0])
        left = [holder for holder in known["holders"] if holder not in retained]
        self.pools.remove_all(known["id"])
        if "backend" in known:
            self._fleet.release(known["id"])
        del self.all[known["id"]]
        self._tasks.end(task)
        # The interfaces are let go of a little later than the cluster is gone.
        self._timeline.after(LETTING_GO, lambda: [self._network.free(holder) for holder in left])

    def _make_network(self, known):
        request, cluster, network = known["request"], known["id"], self._network
        first = request["vswitch_ids"][0]
        known["security_group"] = network.hold_vpc("SecurityGroup", "sg", cluster, request["vpcid"])
        made = [("ALIYUN::ECS::SecurityGroup", known["security_group"])]
        made.append(("ALIYUN::SLB::LoadBalancer", network.hold("SLB", "lb", cluster, first)))
        if request.get("endpoint_public_access"):
            made.append(("ALIYUN::VPC::EIP", network.address(made[-1][1], "SlbInstance")))
        if request.get("snat_entry"):
            nat, address = network.open_to_internet(cluster, first)
            made += [("ALIYUN::VPC::NatGateway", nat), ("ALIYUN::VPC::EIP", address)]
        for vswitch in request["vswitch_ids"]:
            known["holders"].append(network.hold("NetworkInterface", "eni", cluster, vswitch))
        known["holders"] += [instance for _, instance in made]
        known["resources"] = [
            {"resource_type": kind, "instance_id": instance, "creator_type": "system"} for kind, instance in made
        ]

    # What cannot be.

    def _check(self, request):
        if request["region_id"] != self._region:
            raise invalid("region_id", "the clusters of this endpoint are in another region")
        if request.get("cluster_type") != "ManagedKubernetes" or request.get("profile", "Default") != "Default":
            raise invalid("cluster_type", "only ManagedKubernetes with the profile Default is known here")
        if len(self.all) >= MOST_CLUSTERS:
            raise Refused(400, "QuotaExceeded.Cluster", "The maximum number of clusters is exceeded.")
        request.setdefault("cluster_spec", "ack.standard")
        check_name("name", request["name"])
        version = request.get("kubernetes_version", versions.CREATABLE[-1])
        if version not in versions.CREATABLE:
            raise invalid("kubernetes_version", f"{version} cannot be created")
        _check_tags(request.get("tags", []))
        self._check_network(request)
        for pool in request.get("nodepools", []):
            self.pools.check(request, pool)

    def _check_network(self, request):
        if not request.get("vpcid"):
            raise missing("vpcid")
        if not request.get("vswitch_ids"):
            raise missing("vswitch_ids")
        vpc = self._network.vpcs.get(request["vpcid"])
        if vpc is None:
            raise Refused(404, "InvalidVpcId.NotFound", f"The VPC {request['vpcid']} does not exist.")
        for vswitch in request["vswitch_ids"] + request.get("pod_vswitch_ids", []):
            found = self._network.vswitch(vswitch)
            if found["VpcId"] != request["vpcid"] or found["Status"] != "Available":
                raise invalid("vswitch_ids", f"{vswitch} is not in the VPC, or not available")
        addons = {addon["name"] for addon in request.get("addons", [])}
        plugins = addons & set(NETWORK_ADDONS)
        if len(plugins) != 1:
            raise invalid("addons", f"one of {', '.join(NETWORK_ADDONS)} is needed")
        if plugins == {"flannel"} and not request.get("container_cidr"):
            raise missing("container_cidr")
        if plugins == {"terway-eniip"} and not request.get("pod_vswitch_ids"):
            raise missing("pod_vswitch_ids")
        network = ipaddress.ip_network(vpc["CidrBlock"])
        for name, default in (("service_cidr", "172.19.0.0/20"), ("container_cidr", None)):
            text = request.get(name, default)
            if text and _network(name, text).overlaps(network):
                raise invalid(name, f"{text} overlaps the VPC's {network}")

    def _check_tagged(self, request):
        if request["region_id"] != self._region:
            raise invalid("region_id", "the clusters of this endpoint are in another region")
        for cluster in request["resource_ids"]:
            self.get(cluster)


def check_name(name, text):
    if not re.fullmatch(r"[\w\u4e00-\u9fff][\w\u4e00-\u9fff-]{0,62}", text):
        raise invalid(name, "1 to 63 digits, letters and hyphens are allowed, the first no hyphen")


def _network(name, text):
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise invalid(name, f"{text!r} is no block of addresses") from None


def _check_tags(tags):
    for tag in tags:
        if not tag.get("key") or tag["key"].startswith(("aliyun", "acs:", "http://", "https://")):
            raise invalid("tags", f"the key {tag.get('key')!r} is not allowed")


def _state(known):
    return Refused(400, "ErrorClusterState", f"The cluster {known['id']} is {known['state']}, not running.")
