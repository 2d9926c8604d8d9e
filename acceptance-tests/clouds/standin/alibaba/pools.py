"""Node pools of ACK."""

import itertools
import uuid

from . import inside
from .clusters import check_name
from .errors import Refused, invalid, missing

# How long it takes, in seconds.
INITIAL, CREATING, SCALING, UPDATING, DELETING = 60, 180, 120, 20, 120
INSTANCE_TYPES = {
    f"ecs.{family}.{size}"
    for family in ("g6", "g7", "g8i", "c7", "c8i", "r7", "r8i")
    for size in ("large", "xlarge", "2xlarge", "4xlarge")
}
# A type that exists and of which there is none left.
SOLD_OUT = "ecs.gn7i-c8g1.2xlarge"
MOST_NODES = 100


class Pools:
    """All pools of all clusters."""

    def __init__(self, timeline, network, tasks, clusters, region):
        self._timeline, self._network, self._tasks = timeline, network, tasks
        self._clusters, self._region = clusters, region
        self._numbers = itertools.count(1)
        self.all = {}
        clusters.pools = self

    # What is asked.

    def create(self, cluster, request):
        known = self._clusters.running(cluster)
        self.check(known["request"], request)
        pool = self.add(cluster, request)
        self.start(pool)
        return _begun(pool["task"], nodepool_id=pool["id"])

    def describe(self, cluster, pool):
        known = self.get(cluster, pool)
        shown = self._show(known)
        # Only this operation tells why nodes do not come.
        shown["status"]["conditions"] = known["conditions"]
        version = self._clusters.get(cluster)["version"]
        shown["node_components"] = [{"name": "kubelet", "version": version}]
        return shown

    def list(self, cluster, request):
        self._clusters.get(cluster)
        name = request.get("NodepoolName")
        found = [pool for pool in self.of(cluster) if name in (None, pool["nodepool_info"]["name"])]
        return {"nodepools": [self._show(pool) for pool in found]}

    def modify(self, cluster, pool, request):
        self._clusters.running(cluster)
        known = self._active(cluster, pool)
        group = request.get("scaling_group", {})
        self._check_group(known | {"scaling_group": known["scaling_group"] | group}, request)
        for part in ("nodepool_info", "scaling_group", "kubernetes_config", "auto_scaling", "management"):
            known.setdefault(part, {}).update(request.get(part, {}))
        if known["auto_scaling"].get("enable"):
            known["scaling_group"].pop("desired_size", None)
        return self._resize(known, "nodepool_update")

    def scale(self, cluster, pool, request):
        self._clusters.running(cluster)
        known = self._active(cluster, pool)
        if not request.get("count"):
            raise missing("count")
        known["scaling_group"]["desired_size"] = known["nodes"] + request["count"]
        return {"task_id": self._resize(known, "cluster_scaleout")["task_id"]}

    def delete(self, cluster, pool, request):
        self._clusters.running(cluster)
        known = self._active(cluster, pool)
        if known["nodes"] and not request.get("force"):
            raise Refused(400, "ErrorNodePoolNotEmpty", f"The node pool {pool} has nodes still.")
        known["state"] = "deleting"
        task = self._tasks.begin(cluster, "nodepool_delete", ("nodepool", pool))
        self._timeline.after(DELETING, lambda: self._deleted(known, task))
        return _begun(task)

    # What they are.

    def get(self, cluster, pool):
        self._clusters.get(cluster)
        known = self.all.get(pool)
        if known is None or known["cluster"] != cluster:
            raise Refused(404, "ErrorNodePoolNotFound", f"The node pool {pool} does not exist.")
        return known

    def of(self, cluster):
        return [pool for pool in self.all.values() if pool["cluster"] == cluster]

    def add(self, cluster, request):
        """A pool that waits to be started."""
        pool = f"np{uuid.uuid4().hex}"
        self.all[pool] = {
            "id": pool,
            "cluster": cluster,
            "number": next(self._numbers),
            "state": "initial",
            "nodes": 0,
            "conditions": [],
            "created": self._clusters.time(),
            "updated": self._clusters.time(),
            "task": None,
            "is_default": not self.of(cluster),
            "holders": [],
            **{part: dict(request.get(part, {})) for part in ("nodepool_info", "scaling_group", "kubernetes_config")},
            "auto_scaling": dict(request.get("auto_scaling", {"enable": False})),
            "management": dict(request.get("management", {"enable": False})),
        }
        return self.all[pool]

    def start(self, pool):
        """Its nodes come."""
        pool["task"] = self._tasks.begin(pool["cluster"], "nodepool_create", ("nodepool", pool["id"]))
        for vswitch in pool["scaling_group"]["vswitch_ids"]:
            pool["holders"].append(self._network.hold("NetworkInterface", "eni", pool["cluster"], vswitch))

        def scaling():
            if pool["state"] == "initial":
                pool["state"] = "scaling"

        self._timeline.after(INITIAL, scaling)
        self._timeline.after(CREATING, lambda: self._settled(pool, "scaling", pool["task"]))

    def show_nodes(self, cluster):
        """Shows all nodes of a cluster anew, as their version is another one."""
        for pool in self.of(cluster):
            self._show_nodes(pool)

    def remove_all(self, cluster):
        for pool in self.of(cluster):
            self._remove(pool)

    def _show(self, pool):
        group = {name: value for name, value in pool["scaling_group"].items() if name != "login_password"}
        # The image and the disks are answered whether they were asked for or not.
        group.setdefault("image_type", "AliyunLinux3")
        group.setdefault("system_disk_category", "cloud_efficiency")
        group.setdefault("system_disk_size", 120)
        group.setdefault("spot_strategy", "NoSpot")
        info = {
            "name": pool["nodepool_info"]["name"],
            "nodepool_id": pool["id"],
            "region_id": self._region,
            "type": pool["nodepool_info"].get("type", "ess"),
            "is_default": pool["is_default"],
            "created": pool["created"],
            "updated": pool["updated"],
        }
        wanted = pool["scaling_group"].get("desired_size", pool["nodes"])
        status = {
            "state": pool["state"],
            "total_nodes": pool["nodes"],
            "healthy_nodes": pool["nodes"],
            "serving_nodes": pool["nodes"],
            "initial_nodes": max(0, wanted - pool["nodes"]) if pool["state"] == "scaling" else 0,
            "failed_nodes": 0,
            "offline_nodes": 0,
            "removing_nodes": 0,
        }
        return {
            "nodepool_info": info,
            "scaling_group": group,
            "kubernetes_config": pool["kubernetes_config"],
            "auto_scaling": pool["auto_scaling"],
            "management": pool["management"],
            "status": status,
        }

    # What happens.

    def _resize(self, pool, kind):
        """Brings the nodes to what is wanted, and everything else into force."""
        task = self._tasks.begin(pool["cluster"], kind, ("nodepool", pool["id"]))
        state, seconds = ("updating", UPDATING) if self._wanted(pool) == pool["nodes"] else ("scaling", SCALING)
        pool["state"] = state
        self._timeline.after(seconds, lambda: self._settled(pool, state, task))
        return _begun(task, nodepool_id=pool["id"])

    @staticmethod
    def _wanted(pool):
        scaling = pool["auto_scaling"]
        if scaling.get("enable"):
            return min(max(pool["nodes"], scaling["min_instances"]), scaling["max_instances"])
        return pool["scaling_group"].get("desired_size", 0)

    def _settled(self, pool, state, task):
        if pool["state"] != state or pool["id"] not in self.all:
            return
        wanted = self._wanted(pool)
        pool.update(state="active", updated=self._clusters.time(), conditions=[])
        if wanted > pool["nodes"] and set(pool["scaling_group"]["instance_types"]) <= {SOLD_OUT}:
            why = f"the instance types {', '.join(pool['scaling_group']['instance_types'])} are out of stock"
            condition = {"type": "ScalingActivity", "status": "False", "reason": "OperationDenied.NoStock"}
            pool["conditions"] = [condition | {"message": why, "last_transition_time": pool["updated"]}]
            self._tasks.end(task, ("OperationDenied.NoStock", why))
            return
        pool["nodes"] = wanted
        self._show_nodes(pool)
        self._tasks.end(task)

    def _show_nodes(self, pool):
        cluster = self._clusters.all[pool["cluster"]]
        zones = [self._network.vswitches[vswitch]["ZoneId"] for vswitch in pool["scaling_group"]["vswitch_ids"]]
        cluster["backend"].set_nodes(pool["id"], inside.nodes(pool, self._region, zones, cluster["version"]))

    def _deleted(self, pool, task):
        if pool["id"] not in self.all:
            return
        self._clusters.all[pool["cluster"]]["backend"].set_nodes(pool["id"], [])
        self._remove(pool)
        self._tasks.end(task)

    def _remove(self, pool):
        for holder in pool["holders"]:
            self._network.free(holder)
        del self.all[pool["id"]]

    # What cannot be.

    def _active(self, cluster, pool):
        known = self.get(cluster, pool)
        if known["state"] != "active":
            raise Refused(400, "ErrorNodePoolState", f"The node pool {pool} is {known['state']}, not active.")
        return known

    def check(self, cluster, request):
        """Whether a cluster that was asked for like this can have such a pool."""
        for part in ("nodepool_info", "scaling_group"):
            if part not in request:
                raise missing(part)
        check_name("nodepool_info.name", request["nodepool_info"]["name"])
        group = request["scaling_group"]
        if not group.get("key_pair") and not group.get("login_password"):
            raise missing("scaling_group.key_pair or scaling_group.login_password")
        if request.get("management", {}).get("enable") and not group.get("key_pair"):
            raise missing("scaling_group.key_pair")
        for vswitch in group["vswitch_ids"]:
            if self._network.vswitch(vswitch)["VpcId"] != cluster["vpcid"]:
                raise invalid("scaling_group.vswitch_ids", f"{vswitch} is not in the cluster's VPC")
        self._check_group(request, request)

    @staticmethod
    def _check_group(pool, request):
        group, scaling = pool["scaling_group"], pool.get("auto_scaling", {}) | request.get("auto_scaling", {})
        for kind in group["instance_types"]:
            if kind not in INSTANCE_TYPES and kind != SOLD_OUT:
                raise invalid("scaling_group.instance_types", f"there is no {kind}")
        size = group.get("desired_size", 0)
        if scaling.get("enable"):
            if "desired_size" in request.get("scaling_group", {}):
                raise invalid("scaling_group.desired_size", "the pool scales by itself")
            if scaling.get("min_instances", 0) > scaling.get("max_instances", 0):
                raise invalid("auto_scaling.min_instances", "it is more than max_instances")
            size = scaling["max_instances"]
        if not 0 <= size <= MOST_NODES:
            raise Refused(400, "QuotaExceeded.NodePoolNode", f"A node pool can have {MOST_NODES} nodes.")
        if not 40 <= group.get("system_disk_size", 120) <= 500:
            raise invalid("scaling_group.system_disk_size", "40 to 500 are allowed")
        for tag in group.get("tags", []):
            if tag["key"].startswith(("aliyun", "acs:")):
                raise invalid("scaling_group.tags", f"the key {tag['key']!r} is not allowed")


def _begun(task, **more):
    return {"request_id": str(uuid.uuid4()).upper(), "task_id": task, **more}
