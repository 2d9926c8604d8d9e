"""What AKS offers, and what it refuses beyond the types."""

import re

from .refusal import Refusal, bad

# Minor version: its patches, oldest first; the API servers behind say 1.34.4.
VERSIONS = {"1.33": ("1.33.5", "1.33.7"), "1.34": ("1.34.2", "1.34.4"), "1.35": ("1.35.1",)}
DEFAULT = "1.34"
# Virtual machines: cores, and whether the regions have any left.
SIZES = {
    "standard_d2s_v5": (2, True),
    "standard_d4s_v5": (4, True),
    "standard_d8s_v5": (8, True),
    "standard_d4ads_v5": (4, True),
    "standard_e4s_v5": (4, True),
    "standard_nc40ads_h100_v5": (40, False),
}
# Cores that a subscription may have in a region.
QUOTA = 100
CLUSTER_NAME = re.compile(r"^[a-zA-Z0-9]$|^[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]$")
POOL_NAME = re.compile(r"^[a-z][a-z0-9]{0,11}$")
_TAINT = re.compile(r"^[\w./-]+(=[\w.-]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$")
# What cannot change once it is there.
FIXED = ("dnsPrefix", "fqdnSubdomain", "nodeResourceGroup", "enableRBAC")
FIXED_NETWORK = ("networkPlugin", "serviceCidr", "dnsServiceIP", "podCidr", "loadBalancerSku")
FIXED_POOL = ("vmSize", "osDiskSizeGB", "osDiskType", "osType", "vnetSubnetID", "availabilityZones", "maxPods",
              "scaleSetPriority", "type")


def full_version(wanted, known=None):
    """The patch of a version that was asked for. One that runs is kept where its minor is asked for."""
    if wanted in VERSIONS:
        return known if known and minor(known) == wanted else VERSIONS[wanted][-1]
    if any(wanted in patches for patches in VERSIONS.values()):
        return wanted
    raise bad(
        f"Managed cluster version '{wanted}' is not supported in this region. Use the Kubernetes versions operation "
        f"to get the supported list: {', '.join(VERSIONS)}.",
        "properties.kubernetesVersion",
        "K8sVersionNotSupported",
    )


def minor(version):
    return ".".join(version.split(".")[:2])


def check_upgrade(old, new):
    """Refuses to go back, and to skip a minor version."""
    steps = int(minor(new).split(".")[1]) - int(minor(old).split(".")[1])
    if _numbers(new) < _numbers(old):
        raise bad(f"Upgrading Kubernetes version {old} to {new} is not allowed: it is a downgrade.",
                  "properties.kubernetesVersion")
    if steps > 1:
        raise bad(f"Upgrading Kubernetes version {old} to {new} is not allowed. Skipping minor versions is not "
                  "supported; upgrade one minor version at a time.", "properties.kubernetesVersion")


def check_skew(pool, cluster):
    """Refuses nodes that are newer than their control plane, or too old for it."""
    behind = int(minor(cluster).split(".")[1]) - int(minor(pool).split(".")[1])
    if _numbers(pool) > _numbers(cluster) or behind > 3:
        raise bad(
            f"Node pool version {pool} and control plane version {cluster} are incompatible.",
            "properties.orchestratorVersion",
            "NodePoolMcVersionIncompatible",
        )


def check_pool(pool, name, path="properties"):
    """Refuses a pool that AKS does not make, however it came to be."""
    if not POOL_NAME.match(name or ""):
        raise bad(f"Agent pool name '{name}' is invalid: lower-case letters and digits, at most 12.", f"{path}.name",
                  "InvalidParameter")
    size = pool.get("vmSize", "standard_d4s_v5").lower()
    if size not in SIZES:
        raise bad(f"The VM size of {pool.get('vmSize')} is not allowed in your subscription in this location.",
                  f"{path}.vmSize", "VMSizeNotSupported")
    count = pool.get("count", 0)
    if pool.get("enableAutoScaling"):
        least, most = pool.get("minCount"), pool.get("maxCount")
        if least is None or most is None or not 0 <= least <= count <= most <= 1000:
            raise bad("With enableAutoScaling, minCount <= count <= maxCount must hold.", f"{path}.minCount",
                      "InvalidParameter")
    elif pool.get("minCount") is not None or pool.get("maxCount") is not None:
        raise bad("minCount and maxCount need enableAutoScaling.", f"{path}.minCount", "InvalidParameter")
    if pool.get("mode") == "System" and not 1 <= count <= 1000:
        raise bad("A system node pool must have at least one node.", f"{path}.count", "InvalidParameter")
    if pool.get("mode") == "System" and pool.get("scaleSetPriority") == "Spot":
        raise bad("A system node pool cannot be of priority Spot.", f"{path}.scaleSetPriority", "InvalidParameter")
    for taint in pool.get("nodeTaints", []):
        if not _TAINT.match(taint):
            raise bad(f"The taint '{taint}' is not valid.", f"{path}.nodeTaints", "InvalidParameter")
    for label in pool.get("nodeLabels", {}):
        if "kubernetes.azure.com/" in label and label != "kubernetes.azure.com/scalesetpriority":
            raise bad(f"The label '{label}' is reserved.", f"{path}.nodeLabels", "InvalidParameter")


def fill_pool(pool):
    """A pool with the defaults of AKS."""
    pool = {
        "vmSize": "Standard_D4s_v5", "count": 1, "osDiskSizeGB": 128, "osDiskType": "Managed",
        "kubeletDiskType": "OS", "maxPods": 250, "type": "VirtualMachineScaleSets", "mode": "User",
        "enableAutoScaling": False, "scaleDownMode": "Delete", "enableNodePublicIP": False, "osType": "Linux",
        "osSKU": "AzureContainerLinux", "enableFIPS": False,
    } | pool
    if pool.get("scaleSetPriority") == "Spot":
        pool = {"scaleSetEvictionPolicy": "Delete", "spotMaxPrice": -1.0} | pool
        pool["nodeLabels"] = pool.get("nodeLabels", {}) | {"kubernetes.azure.com/scalesetpriority": "spot"}
        taint = "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"
        if taint not in pool.get("nodeTaints", []):
            pool["nodeTaints"] = [*pool.get("nodeTaints", []), taint]
    return pool


def cores(pools):
    return sum(SIZES[pool["vmSize"].lower()][0] * pool["count"] for pool in pools)


def check_quota(wanted, used, location):
    """Refuses more cores than the subscription may have."""
    if used + wanted > QUOTA:
        raise Refusal(
            400,
            "ErrCode_InsufficientVCPUQuota",
            f"Insufficient vcpu quota requested {wanted}, remaining {QUOTA - used} for family standardDSv5Family for "
            f"region {location}.",
        )


def check_stock(pools):
    """What Azure notices only when it makes the machines."""
    for pool in pools:
        if not SIZES[pool["vmSize"].lower()][1]:
            raise Refusal(
                409,
                "AllocationFailed",
                f"The VM allocation failed: we do not have sufficient capacity for the requested VM size "
                f"{pool['vmSize']} in this region.",
            )


def check_fixed(old, new, names, path):
    """Refuses another value of what cannot change."""
    for name in names:
        before, after = old.get(name), new.get(name)
        is_same = str(before).lower() == str(after).lower() if isinstance(before, str) else before == after
        if not is_same:
            text = f"Changing property '{path}.{name}' is not allowed."
            raise bad(text, f"{path}.{name}", "PropertyChangeNotAllowed")


def _numbers(version):
    return tuple(int(part) for part in version.split("."))
