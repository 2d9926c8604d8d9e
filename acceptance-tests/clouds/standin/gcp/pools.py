"""Pools of nodes of GKE: how they come, change and go."""

from google.cloud.container_v1 import types

from . import checks, places
from .clusters import Pool, fill_pool
from .errors import ApiError, invalid
from .operations import Type

# Seconds of the clock.
CREATE, DELETE, RESIZE, UPGRADE, UPDATE = 180, 180, 120, 180, 40
# Fields of a request that say for which pool it is.
NAMES = {"project_id", "zone", "cluster_id", "node_pool_id", "name", "etag"}


class Pools:
    """The methods are the operations of the API: they take the request, and give the answer."""

    def __init__(self, clusters, project):
        self._clusters = clusters
        self._project = project

    def find(self, path):
        """The cluster and the pool that the path of a request names."""
        entry, name = self._clusters.find(path), path["nodePoolsId"]
        for pool in entry.cluster.node_pools:
            if pool.name == name:
                return entry, pool
        full = f"{self._clusters.id(entry.location, entry.cluster.name)}/nodePools/{name}"
        raise ApiError("NOT_FOUND", f"Not found: {full}.")

    def create(self, request, path):
        entry, wish = self._clusters.find(path), request.node_pool
        checks.pool(wish, entry.location)
        if any(pool.name == wish.name for pool in entry.cluster.node_pools):
            full = f"{self._clusters.id(entry.location, entry.cluster.name)}/nodePools/{wish.name}"
            raise ApiError("ALREADY_EXISTS", f"Already exists: {full}.")
        self._clusters.refuse_unless_running(entry)
        made = types.NodePool.meta.pb()
        made.CopyFrom(wish)
        fill_pool(entry.cluster, made, entry.location)
        if places.minor(made.version) > places.minor(entry.cluster.current_master_version):
            raise invalid(f'Node version "{made.version}" must not be newer than the master version.')
        checks.quota(self._clusters.entries(), entry.region, [made])
        pool = entry.cluster.node_pools.add()
        pool.CopyFrom(made)
        name = pool.name

        def finish():
            return self._clusters.start_pool(entry, next(p for p in entry.cluster.node_pools if p.name == name))

        return self._clusters.change(entry, Type.CREATE_NODE_POOL, CREATE, finish, pool)

    def delete(self, path):
        entry, pool = self.find(path)
        self._clusters.refuse_unless_running(entry)
        name = pool.name

        def finish():
            if entry.backend is not None:
                entry.backend.set_nodes(name, [])
            kept = [other for other in entry.cluster.node_pools if other.name != name]
            copies = [types.NodePool.meta.pb.FromString(other.SerializeToString()) for other in kept]
            del entry.cluster.node_pools[:]
            entry.cluster.node_pools.extend(copies)

        operation = self._clusters.change(entry, Type.DELETE_NODE_POOL, DELETE, finish, pool)
        pool.status = int(Pool.STOPPING)
        return operation

    def set_size(self, request, path):
        entry, pool = self.find(path)
        self._clusters.refuse_unless_running(entry)
        if request.node_count > pool.initial_node_count:
            more = types.NodePool.meta.pb()
            more.CopyFrom(pool)
            more.initial_node_count = request.node_count - pool.initial_node_count
            checks.quota(self._clusters.entries(), entry.region, [more])

        def finish():
            pool.initial_node_count = request.node_count
            self._clusters.show_nodes(entry, pool)

        return self._clusters.change(entry, Type.SET_NODE_POOL_SIZE, RESIZE, finish, pool)

    def set_autoscaling(self, request, path):
        entry, pool = self.find(path)
        self._clusters.refuse_unless_running(entry)
        checks.autoscaling(request.autoscaling)

        def finish():
            pool.autoscaling.CopyFrom(request.autoscaling)

        return self._clusters.change(entry, Type.UPDATE_CLUSTER, UPDATE, finish, pool)

    def update(self, request, path):
        entry, pool = self.find(path)
        self._clusters.refuse_unless_running(entry)
        wanted = {descriptor.name for descriptor, _ in request.ListFields()} - NAMES
        if not wanted:
            raise invalid("At least one of the fields of the node pool must be updated.")
        if wanted == {"node_version"}:
            return self._upgrade(entry, pool, request.node_version)
        unknown = wanted - {"labels", "taints", "resource_labels"}
        if unknown:
            raise ApiError("UNIMPLEMENTED", f"The stand-in has no update of {', '.join(sorted(unknown))}.")
        checks.labels(request.resource_labels.labels)

        def finish():
            config = pool.config
            if "labels" in wanted:
                config.labels.clear()
                config.labels.update(request.labels.labels)
            if "taints" in wanted:
                del config.taints[:]
                config.taints.extend(request.taints.taints)
            if "resource_labels" in wanted:
                config.resource_labels.clear()
                config.resource_labels.update(request.resource_labels.labels)
            self._clusters.show_nodes(entry, pool)

        return self._clusters.change(entry, Type.UPDATE_CLUSTER, UPDATE, finish, pool)

    def _upgrade(self, entry, pool, wish):
        master = entry.cluster.current_master_version
        full = master if wish == "-" else places.version(wish)
        if places.minor(full) > places.minor(master):
            raise invalid(f'Node version "{full}" must not be newer than the master version "{master}".')

        def finish():
            pool.version = full
            self._clusters.show_nodes(entry, pool)

        return self._clusters.change(entry, Type.UPGRADE_NODES, UPGRADE, finish, pool)
