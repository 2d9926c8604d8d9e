"""AKS: the pools of a cluster as objects of their own."""

from . import inside, rules, schema
from .objects import Pool, check_conditions, check_tags, refuse_while_busy, shown_id
from .refusal import bad, missing

CREATE, SCALE, CHANGE, UPGRADE, DELETE = 180, 120, 60, 300, 180


class Pools:
    """The pools of all clusters."""

    def __init__(self, clusters):
        self._clusters = clusters

    def get(self, identity):
        cluster = self._clusters.find(identity)
        pool = cluster.pools.get(identity.name)
        if pool is None:
            raise missing(identity)
        return cluster, pool

    def show(self, cluster, pool):
        return schema.show("AgentPool", {
            "id": f"{shown_id(cluster.identity)}/agentPools/{pool.name}",
            "name": pool.name,
            "type": "Microsoft.ContainerService/managedClusters/agentPools",
            "properties": pool.show(),
        })

    def list(self, cluster):
        return {"value": [self.show(cluster, pool) for pool in cluster.pools.values()]}

    def put(self, identity, body, conditions):
        """Makes or replaces a pool; gives it, whether it is new, and the operation."""
        cluster = self._clusters.find(identity)
        taken = schema.accept("AgentPool", body).get("properties", {})
        known = cluster.pools.get(identity.name)
        check_conditions(conditions, known and known.etag, f"agent pool {identity.name}")
        refuse_while_busy(cluster)
        taken.pop("status", None)
        check_tags(taken.get("tags", {}))
        filled = rules.fill_pool(taken)
        rules.check_pool(filled, identity.name)
        self._clusters.check_subnet(filled)
        default = known.properties["orchestratorVersion"] if known else cluster.properties["kubernetesVersion"]
        version = rules.full_version(filled.setdefault("orchestratorVersion", default), known and known.version)
        rules.check_skew(version, cluster.version)
        location = cluster.body["location"]
        used = self._clusters.cores(location) - (rules.cores([known.properties]) if known else 0)
        rules.check_quota(rules.cores([filled]), used, location)
        if known is None:
            pool, seconds = Pool(identity.name, filled), CREATE
            pool.version = version
            cluster.pools[pool.name] = pool
        else:
            pool = known
            seconds = self._replace(cluster, pool, filled, version)

        def finish():
            rules.check_stock([pool.properties])
            pool.version, pool.state, pool.problem = version, "Succeeded", None
            inside.show_nodes(cluster)

        def abort(refusal):
            pool.state, pool.problem = "Failed", refusal.error()

        return cluster, pool, known is None, self._clusters.begin(seconds, finish, abort)

    def delete(self, identity, conditions):
        """Begins the removal of a pool; None when there is none."""
        cluster = self._clusters.find(identity)
        pool = cluster.pools.get(identity.name)
        if pool is None:
            return None
        check_conditions(conditions, pool.etag, f"agent pool {identity.name}")
        refuse_while_busy(cluster)
        systems = [other for other in cluster.pools.values() if other.properties["mode"] == "System"]
        if systems == [pool]:
            raise bad("There has to be at least one agent pool of mode System.", code="OperationNotAllowed")
        pool.state = "Deleting"

        def finish():
            cluster.pools.pop(pool.name, None)
            inside.show_nodes(cluster)

        return self._clusters.operations.begin(DELETE, finish)

    def upgrades(self, cluster, pool):
        """What the pool can be upgraded to."""
        names = [patch for patches in rules.VERSIONS.values() for patch in patches
                 if pool.version < patch <= cluster.version]
        return schema.show("AgentPoolUpgradeProfile", {
            "id": f"{shown_id(cluster.identity)}/agentPools/{pool.name}/upgradeProfiles/default",
            "name": "default", "type": "Microsoft.ContainerService/managedClusters/agentPools/upgradeProfiles",
            "properties": {"kubernetesVersion": pool.version, "osType": "Linux",
                           "upgrades": [{"kubernetesVersion": name} for name in names]}})

    def _replace(self, cluster, pool, filled, version):
        rules.check_fixed(pool.properties, filled, rules.FIXED_POOL, "properties")
        was_system = pool.properties["mode"] == "System"
        systems = [other for other in cluster.pools.values() if other.properties["mode"] == "System"]
        if was_system and filled["mode"] != "System" and systems == [pool]:
            raise bad("There has to be at least one agent pool of mode System.", "properties.mode")
        is_scaled = pool.properties["count"] != filled["count"]
        is_upgrade = version != pool.version
        if is_upgrade:
            rules.check_upgrade(pool.version, version)
        pool.properties = filled
        pool.state = "Upgrading" if is_upgrade else "Scaling" if is_scaled else "Updating"
        pool.touch()
        return UPGRADE if is_upgrade else SCALE if is_scaled else CHANGE
