"""What GKE refuses at once: names, places, versions, networks and sizes without sense, and what exceeds a quota."""

import ipaddress
import re

from . import places
from .errors import ApiError, invalid

CLUSTER_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")
LABEL = re.compile(r"[a-z][a-z0-9_-]{0,62}")
LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
# Processors in a region, as of a young project.
QUOTA_CPUS = 200
# Machines that no zone has left; a pool of them fails after a while, as in reality.
SOLD_OUT = ("a3-highgpu-8g", "a3-megagpu-8g")


def name(text, what):
    """A name of a cluster or a pool."""
    if not CLUSTER_NAME.fullmatch(text):
        raise invalid(
            f"Invalid value for field \"{what}.name\": \"{text}\". Must be a match of regex "
            "'(?:[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?)'."
        )


def labels(values):
    """Labels of Google's own resources, which are not those of Kubernetes."""
    for key, value in values.items():
        if not LABEL.fullmatch(key) or not LABEL_VALUE.fullmatch(value):
            raise invalid(f'Invalid resource label "{key}": "{value}".')


def blocks(authorized):
    """Networks that may reach the control plane."""
    for block in authorized.cidr_blocks:
        try:
            ipaddress.ip_network(block.cidr_block)
        except ValueError:
            words = f'Invalid master authorized networks: network "{block.cidr_block}" is not a valid CIDR block.'
            raise invalid(words) from None


def pool(wish, location):
    """A pool of nodes on its own."""
    name(wish.name, "node_pool")
    if wish.config.machine_type and places.machine(wish.config.machine_type) is None:
        raise invalid(f"Machine type with name '{wish.config.machine_type}' does not exist in zone '{location}'.")
    if wish.config.disk_size_gb and wish.config.disk_size_gb < 10:
        raise invalid("The disk size of a node must be at least 10 GB.")
    for zone in wish.locations:
        if zone in places.ZONES or places.region_of(zone) != places.region_of(location):
            raise invalid(f'Node pool location "{zone}" is not within "{places.region_of(location)}".')
    labels(wish.config.resource_labels)
    autoscaling(wish.autoscaling)
    if wish.initial_node_count < 0 or wish.initial_node_count > 1000:
        raise invalid("Node pool size must be between 0 and 1000 per zone.")


def autoscaling(wish):
    """Limits of a pool's size, either for each zone or for the whole."""
    if not wish.enabled:
        return
    if wish.total_max_node_count and wish.max_node_count:
        raise invalid("min/max_node_count and total_min/max_node_count are mutually exclusive.")
    least, most = (
        (wish.total_min_node_count, wish.total_max_node_count)
        if wish.total_max_node_count
        else (wish.min_node_count, wish.max_node_count)
    )
    if most < 1 or least > most:
        raise invalid("The maximum number of nodes must be at least 1 and not less than the minimum.")


def quota(clusters, region, more):
    """Refuses more processors in a region than the quota allows; `more` are further pools."""
    used = sum(_cpus(pool) for entry in clusters if entry.region == region for pool in entry.cluster.node_pools)
    wanted = sum(_cpus(pool) for pool in more)
    if used + wanted > QUOTA_CPUS:
        short = used + wanted - QUOTA_CPUS
        raise ApiError(
            "PERMISSION_DENIED",
            f"Insufficient regional quota to satisfy request: resource \"CPUS\": request requires '{wanted}.0' and is "
            f"short '{short}.0'. project has a quota of '{QUOTA_CPUS}.0' with '{QUOTA_CPUS - used}.0' available. View "
            "and manage quotas at https://console.cloud.google.com/iam-admin/quotas?usage=USED.",
        )


def _cpus(wish):
    # What is sold out is no use of a quota.
    machine = wish.config.machine_type
    return 0 if machine in SOLD_OUT else places.machine(machine) * wish.initial_node_count * max(1, len(wish.locations))


def ranges(policy, subnetwork, name):
    """Secondary ranges that a cluster names must be there."""
    known = {block["rangeName"]: block["ipCidrRange"] for block in subnetwork.get("secondaryIpRanges", [])}
    for wish in (policy.cluster_secondary_range_name, policy.services_secondary_range_name):
        if wish and wish not in known:
            raise invalid(f'Pod secondary range "{wish}" does not exist in network "{name}".')
    return known


def upgrade(entry, full):
    """A control plane goes up by one minor version at most, and never down."""
    old, new = places.minor(entry.cluster.current_master_version), places.minor(full)
    if new < old:
        raise invalid(f'Master cannot be upgraded to "{full}": it runs "{entry.cluster.current_master_version}".')
    if new[1] - old[1] > 1:
        words = "cannot upgrade the master more than one minor version at a time"
        raise invalid(f'Master cannot be upgraded to "{full}": {words}.')
