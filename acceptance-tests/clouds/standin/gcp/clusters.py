"""Clusters of GKE: how they come, change and go."""

import base64
import hashlib
import uuid
from dataclasses import dataclass

from google.cloud.container_v1 import types

from . import checks, inside, places
from .errors import ApiError, invalid
from .operations import Type, timestamp

Cluster = types.Cluster.meta.pb
Status = types.Cluster.Status
Pool = types.NodePool.Status
Channel = types.ReleaseChannel.Channel

# Seconds of the clock.
CONTROL_PLANE, CREATE, DELETE, UPGRADE, UPDATE, LABELS = 420, 600, 300, 480, 60, 20


@dataclass
class Entry:
    """A cluster, and what is around it."""

    cluster: Cluster
    location: str
    region: str
    # The operation that runs on it; None without one.
    operation: object = None
    # The Kubernetes API behind it, once it is up.
    backend: object = None


class Clusters:
    """All clusters of a project. Methods are the operations of the API: they take the request, and give the answer."""

    def __init__(self, clock, agenda, operations, project, fleet):
        self._clock = clock
        self._agenda = agenda
        self._operations = operations
        self._project = project
        self._fleet = fleet
        self._entries = {}
        # Set by the cloud, as each knows the other.
        self.compute = None

    def inventory(self):
        """The clusters there are, as `kind name`."""
        return [f"clusters {name}" for _, name in self._entries]

    def entries(self):
        return self._entries.values()

    def find(self, path):
        """The cluster that the path of a request names."""
        location = path["locationsId"]
        key = (location, path["clustersId"])
        if key not in self._entries:
            name = self.id(location, path["clustersId"])
            raise ApiError("NOT_FOUND", f"Not found: {name}.\nNo cluster named '{key[1]}' in {self._project}.")
        return self._entries[key]

    def id(self, location, name):
        """The full name of a cluster; an older word is used for zones."""
        word = "locations" if location in places.ZONES else "zones"
        return f"projects/{self._project}/{word}/{location}/clusters/{name}"

    def users(self, collection, link):
        """What of the clusters uses a network or a subnetwork."""
        field = "network" if collection == "networks" else "subnetwork"
        path = link.partition("/compute/v1/")[2]
        for entry in self.entries():
            if getattr(entry.cluster.network_config, field) == path:
                zone = entry.cluster.locations[0]
                yield f"projects/{self._project}/zones/{zone}/instances/gke-{entry.cluster.name}"

    def create(self, request, path):
        location, wish = path["locationsId"], request.cluster
        region = places.region_of(location)
        checks.name(wish.name, "cluster")
        if (location, wish.name) in self._entries:
            raise ApiError("ALREADY_EXISTS", f"Already exists: {self.id(location, wish.name)}.")
        if bool(wish.node_pools) == bool(wish.initial_node_count):
            raise invalid("Exactly one of cluster.initial_node_count and cluster.node_pools must be specified.")
        cluster = Cluster()
        cluster.CopyFrom(wish)
        if wish.initial_node_count:
            cluster.node_pools.add(name="default-pool", initial_node_count=wish.initial_node_count).config.CopyFrom(
                wish.node_config
            )
        channel = self._channel(cluster.release_channel)
        version = places.version(wish.initial_cluster_version, channel)
        self._fill(cluster, location, version)
        self._connect(cluster, region)
        for pool in cluster.node_pools:
            checks.pool(pool, location)
            fill_pool(cluster, pool, location)
        checks.labels(cluster.resource_labels)
        checks.quota(self.entries(), region, cluster.node_pools)
        pool_name = cluster.workload_identity_config.workload_pool
        if pool_name and pool_name != f"{self._project}.svc.id.goog":
            raise invalid(f'Currently, the only supported workload pool is "{self._project}.svc.id.goog".')
        entry = Entry(cluster, location, region)
        self._entries[(location, wish.name)] = entry
        self._agenda.plan(CONTROL_PLANE, lambda: self._control_plane(entry))
        target = f"projects/{self._project}/locations/{location}/clusters/{wish.name}"
        return self._operations.begin(entry, Type.CREATE_CLUSTER, target, CREATE, lambda: self._created(entry))

    def delete(self, path):
        entry = self.find(path)
        self._operations.refuse_if_busy(entry)
        entry.cluster.status = int(Status.STOPPING)

        def finish():
            self.sync_load_balancers()
            for name in self._firewalls(entry):
                self.compute.drop_firewall(name)
            if entry.backend is not None:
                self._fleet.release(self._fleet_id(entry))
            del self._entries[(entry.location, entry.cluster.name)]

        return self._operations.begin(entry, Type.DELETE_CLUSTER, self._target(entry), DELETE, finish)

    def update(self, request, path):
        entry = self.find(path)
        self.refuse_unless_running(entry)
        wanted = [descriptor.name for descriptor, _ in request.update.ListFields() if descriptor.name != "etag"]
        if len(wanted) != 1:
            raise invalid("Exactly one update must be specified.")
        [field] = wanted
        value = getattr(request.update, field)
        if field == "desired_master_version":
            channel = self._channel(entry.cluster.release_channel)
            full = places.version(value, channel)
            checks.upgrade(entry, full)
            return self.change(
                entry, Type.UPGRADE_MASTER, UPGRADE, lambda: setattr(entry.cluster, "current_master_version", full)
            )
        apply = self._updates(entry, value).get(field)
        if apply is None:
            raise ApiError("UNIMPLEMENTED", f"The stand-in has no update of {field}.")
        if field == "desired_release_channel":
            places.version(entry.cluster.current_master_version, self._channel(value))
        return self.change(entry, Type.UPDATE_CLUSTER, UPDATE, apply)

    def _updates(self, entry, value):
        cluster = entry.cluster

        def authorized():
            cluster.master_authorized_networks_config.CopyFrom(value)
            cluster.control_plane_endpoints_config.ip_endpoints_config.authorized_networks_config.CopyFrom(value)

        def endpoints():
            checks.blocks(value.ip_endpoints_config.authorized_networks_config)
            cluster.control_plane_endpoints_config.MergeFrom(value)
            known = cluster.control_plane_endpoints_config.ip_endpoints_config
            known.authorized_networks_config.CopyFrom(value.ip_endpoints_config.authorized_networks_config)
            cluster.master_authorized_networks_config.CopyFrom(known.authorized_networks_config)

        return {
            "desired_release_channel": lambda: cluster.release_channel.CopyFrom(value),
            "desired_master_authorized_networks_config": authorized,
            "desired_control_plane_endpoints_config": endpoints,
            "desired_addons_config": lambda: cluster.addons_config.MergeFrom(value),
            "desired_workload_identity_config": lambda: cluster.workload_identity_config.CopyFrom(value),
            "desired_logging_config": lambda: cluster.logging_config.CopyFrom(value),
            "desired_monitoring_config": lambda: cluster.monitoring_config.CopyFrom(value),
        }

    def set_labels(self, request, path):
        entry = self.find(path)
        self.refuse_unless_running(entry)
        if request.label_fingerprint != entry.cluster.label_fingerprint:
            raise ApiError("FAILED_PRECONDITION", "Labels could not be set due to fingerprint mismatch.")
        checks.labels(request.resource_labels)

        def finish():
            entry.cluster.resource_labels.clear()
            entry.cluster.resource_labels.update(request.resource_labels)
            entry.cluster.label_fingerprint = uuid.uuid4().hex[:8]

        return self.change(entry, Type.SET_LABELS, LABELS, finish)

    def change(self, entry, kind, seconds, apply, pool=None):
        """Begins an operation that changes a cluster or a pool of it, which is RECONCILING meanwhile."""
        target = self._target(entry)
        operation = self._operations.begin(
            entry,
            kind,
            f"{target}/nodePools/{pool.name}" if pool is not None else target,
            seconds,
            lambda: self._changed(entry, pool, apply),
        )
        entry.cluster.status = int(Status.RECONCILING)
        if pool is not None and pool.status == Pool.RUNNING:
            pool.status = int(Pool.RECONCILING)
        return operation

    def refuse_unless_running(self, entry):
        """Refuses a change of a cluster that is not at rest."""
        self._operations.refuse_if_busy(entry)
        if entry.cluster.status not in (Status.RUNNING, Status.DEGRADED):
            state = Status(entry.cluster.status).name
            raise ApiError("FAILED_PRECONDITION", f"Cluster {entry.cluster.name} is in {state} state.")

    def show_nodes(self, entry, pool):
        """Makes the nodes of a pool be what it says."""
        if entry.backend is not None:
            entry.backend.set_nodes(pool.name, inside.nodes(self._project, entry.cluster, pool))
        count = sum(p.initial_node_count * len(p.locations) for p in entry.cluster.node_pools)
        entry.cluster.current_node_count = count

    def sync_load_balancers(self):
        """Gives each Service of type LoadBalancer the firewall rule that GKE makes for it."""
        for entry in self.entries():
            if entry.backend is None:
                continue
            prefix = f"k8s-fw-{_hash(entry.cluster.id)}"
            wanted = {f"{prefix}-{_hash('/'.join(service))}" for service in entry.backend.load_balancers()}
            network = entry.cluster.network_config.network.rpartition("/")[2]
            for name in wanted:
                self.compute.put_firewall(name, self.compute.link("networks", None, network))
            for name in [n for n in self.compute.firewalls() if n.startswith(prefix) and n not in wanted]:
                self.compute.drop_firewall(name)

    def _changed(self, entry, pool, apply):
        failure = apply()
        entry.cluster.status = int(Status.RUNNING)
        entry.cluster.etag = uuid.uuid4().hex[:16]
        if pool is not None and pool.status == Pool.RECONCILING:
            pool.status = int(Pool.RUNNING)
        return failure

    def _control_plane(self, entry):
        backend = self._fleet.take(self._fleet_id(entry))
        entry.backend = backend
        cluster = entry.cluster
        cluster.endpoint = backend.endpoint.removeprefix("https://")
        cluster.master_auth.cluster_ca_certificate = base64.b64encode(backend.ca.encode()).decode()
        endpoints = cluster.control_plane_endpoints_config.ip_endpoints_config
        endpoints.public_endpoint, endpoints.private_endpoint = cluster.endpoint, "172.16.0.2"

    def _created(self, entry):
        cluster = entry.cluster
        inside.furnish(entry.backend)
        network = self.compute.link("networks", None, cluster.network_config.network.rpartition("/")[2])
        for name in self._firewalls(entry):
            self.compute.put_firewall(name, network)
        failures = []
        for pool in cluster.node_pools:
            failure = self.start_pool(entry, pool)
            if failure:
                failures.append(failure)
        if failures:
            cluster.status = int(Status.ERROR)
            cluster.status_message = failures[0][1]
            cluster.conditions.add(code=1, canonical_code=8, message=failures[0][1])
            return failures[0]
        cluster.status = int(Status.RUNNING)
        return None

    def start_pool(self, entry, pool):
        """The end of a pool's creation; gives what failed."""
        if pool.config.machine_type in checks.SOLD_OUT:
            message = (
                f"[GCE_STOCKOUT]: Instance 'gke-{entry.cluster.name}-{pool.name}' creation failed: The zone "
                f"'projects/{self._project}/zones/{pool.locations[0]}' does not have enough resources available to "
                "fulfill the request. '(resource type:compute)'."
            )
            pool.status, pool.status_message = int(Pool.ERROR), message
            pool.conditions.add(code=1, canonical_code=8, message=message)
            return 8, message
        pool.status = int(Pool.RUNNING)
        self.show_nodes(entry, pool)
        return None

    def _fill(self, cluster, location, version):
        """What the service itself says of a new cluster."""
        now = self._clock.now()
        cluster.id = hashlib.sha256(f"{location}/{cluster.name}/{now}".encode()).hexdigest()
        cluster.location = cluster.zone = location
        link = f"projects/{self._project}/locations/{location}/clusters/{cluster.name}"
        cluster.self_link = f"https://container.googleapis.com/v1/{link}"
        cluster.create_time = timestamp(now)
        cluster.status = int(Status.PROVISIONING)
        cluster.initial_cluster_version = cluster.current_master_version = cluster.current_node_version = version
        cluster.label_fingerprint, cluster.etag = uuid.uuid4().hex[:8], uuid.uuid4().hex[:16]
        if not cluster.locations:
            cluster.locations.extend(places.node_zones(location))
        elif not set(cluster.locations) <= set(places.zones(places.region_of(location))):
            raise invalid(f"Locations {list(cluster.locations)} are not zones of {places.region_of(location)}.")
        if not cluster.HasField("release_channel"):
            cluster.release_channel.channel = int(Channel.REGULAR)
        cluster.addons_config.gce_persistent_disk_csi_driver_config.enabled = True
        checks.blocks(cluster.master_authorized_networks_config)
        endpoints = cluster.control_plane_endpoints_config.ip_endpoints_config
        checks.blocks(endpoints.authorized_networks_config)
        if cluster.HasField("master_authorized_networks_config"):
            endpoints.authorized_networks_config.CopyFrom(cluster.master_authorized_networks_config)
        elif endpoints.HasField("authorized_networks_config"):
            cluster.master_authorized_networks_config.CopyFrom(endpoints.authorized_networks_config)

    def _connect(self, cluster, region):
        """The network of a new cluster, with its ranges."""
        network_name = cluster.network or "default"
        network = self.compute.find("networks", None, network_name)
        if network is None:
            words = f'Network "{network_name.rpartition("/")[2]}" does not exist.'
            raise invalid(words)
        subnetwork_name = cluster.subnetwork or network["name"]
        subnetwork = self.compute.find("subnetworks", region, subnetwork_name)
        if subnetwork is None or subnetwork["network"] != network["selfLink"]:
            raise invalid(f'Subnetwork "{subnetwork_name}" is not in network "{network["name"]}" in region "{region}".')
        cluster.network, cluster.subnetwork = network["name"], subnetwork["name"]
        cluster.network_config.network = network["selfLink"].partition("/compute/v1/")[2]
        cluster.network_config.subnetwork = subnetwork["selfLink"].partition("/compute/v1/")[2]
        policy = cluster.ip_allocation_policy
        policy.use_ip_aliases = True
        known = checks.ranges(policy, subnetwork, network["name"])
        pods, services = policy.cluster_secondary_range_name, policy.services_secondary_range_name
        cluster.cluster_ipv4_cidr = known.get(pods) or policy.cluster_ipv4_cidr_block or "10.4.0.0/14"
        cluster.services_ipv4_cidr = known.get(services) or policy.services_ipv4_cidr_block or "34.118.224.0/20"
        policy.cluster_ipv4_cidr_block = policy.cluster_ipv4_cidr = cluster.cluster_ipv4_cidr
        policy.services_ipv4_cidr_block = policy.services_ipv4_cidr = cluster.services_ipv4_cidr

    def _target(self, entry):
        return f"projects/{self._project}/locations/{entry.location}/clusters/{entry.cluster.name}"

    def _fleet_id(self, entry):
        return self._target(entry)

    @staticmethod
    def _firewalls(entry):
        head = f"gke-{entry.cluster.name}-{entry.cluster.id[:8]}"
        return [f"{head}-{part}" for part in ("all", "exkubelet", "inkubelet", "vms")]

    @staticmethod
    def _channel(release_channel):
        name = Channel(release_channel.channel).name
        return None if name == "UNSPECIFIED" else name


def fill_pool(cluster, pool, location):
    """What the service itself says of a new pool."""
    config = pool.config
    config.machine_type = config.machine_type or "e2-medium"
    config.disk_size_gb = config.disk_size_gb or 100
    config.disk_type = config.disk_type or "pd-balanced"
    config.image_type = config.image_type or "COS_CONTAINERD"
    config.service_account = config.service_account or "default"
    if not config.oauth_scopes:
        config.oauth_scopes.append("https://www.googleapis.com/auth/devstorage.read_only")
    if not pool.locations:
        pool.locations.extend(cluster.locations)
    pool.version = places.version(pool.version, None) if pool.version else cluster.current_master_version
    pool.status = int(Pool.PROVISIONING)
    pool.self_link = f"{cluster.self_link}/nodePools/{pool.name}"
    pool.etag = uuid.uuid4().hex[:16]
    if not pool.HasField("management"):
        pool.management.auto_upgrade = pool.management.auto_repair = True


def _hash(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]
