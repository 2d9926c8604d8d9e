"""Operations of EKS that change a cluster, and those that tell how far a change is."""

from .catalogue import VERSIONS, minor
from .cluster import merged_logging
from .cluster_calls import check_access, check_groups, check_subnets, refuse_absent
from .updates import Update, begin
from .wire import Refusal

# Changes that nothing has to be restarted for.
QUICK = 10


def update_version(region, caller, given):
    cluster, wanted = region.cluster(given["name"]), given["version"]
    if given.get("rollbackConfig"):
        raise Refusal("InvalidParameterException", "this stand-in has no rollbackConfig")
    if wanted not in VERSIONS:
        raise Refusal("InvalidParameterException", "unsupported Kubernetes version", clusterName=cluster.name)
    if minor(wanted) - minor(cluster.version) != 1:
        message = f"Unsupported Kubernetes minor version update from {cluster.version} to {wanted}"
        raise Refusal("InvalidParameterException", message, clusterName=cluster.name)
    _check_idle(cluster, "VersionUpdate")

    def change():
        cluster.version = wanted

    platform = VERSIONS[wanted]["platform"]
    update = Update(region.agenda, "VersionUpdate", {"Version": wanted, "PlatformVersion": platform})
    return begin(cluster, cluster, "UpdateClusterVersion", update, change)


def _check_idle(cluster, kind):
    """A cluster has one update at a time."""
    running = cluster.update_under_way()
    if running:
        message = f"Cannot {kind} because cluster {cluster.name} currently has update {running.id} in progress"
        raise Refusal("ResourceInUseException", message, clusterName=cluster.name)
    if cluster.status != "ACTIVE":
        message = f"Cannot {kind} because cluster {cluster.name} currently has status {cluster.status}"
        raise Refusal("ResourceInUseException", message, clusterName=cluster.name)


def update_config(region, caller, given):
    cluster = region.cluster(given["name"])
    refuse_absent(given)
    vpc = given.get("resourcesVpcConfig") or {}
    asked = [name for name in _CHANGES if name in given and name != "resourcesVpcConfig"]
    if {"endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs"} & set(vpc):
        asked.append("endpointAccess")
    if {"subnetIds", "securityGroupIds"} & set(vpc):
        asked.append("vpc")
    if len(asked) != 1:
        message = "Only one type of update can be allowed." if asked else "No changes needed for the config provided"
        raise Refusal("InvalidParameterException", message, clusterName=cluster.name)
    kind, parameters, change = _CHANGES[asked[0]](cluster, given)
    _check_idle(cluster, kind)
    duration = {"duration": QUICK} if kind in ("UpgradePolicyUpdate", "DeletionProtectionUpdate") else {}
    update = Update(region.agenda, kind, parameters)
    return begin(cluster, cluster, "UpdateClusterConfig", update, change, **duration)


def _same(cluster, message):
    raise Refusal("InvalidParameterException", message, clusterName=cluster.name)


def _endpoint_access(cluster, given):
    names = ("endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs")
    wanted = {name: value for name, value in given["resourcesVpcConfig"].items() if name in names}
    after = cluster.vpc_config | wanted
    if after == cluster.vpc_config:
        shown = ", ".join(f"{name}: {cluster.vpc_config[name]}" for name in names)
        _same(cluster, f"Cluster is already at the desired configuration with {shown}")
    check_access({name: value for name, value in after.items() if name != "publicAccessCidrs"} | wanted)
    parameters = {name[0].upper() + name[1:]: value for name, value in after.items() if name in names}

    def change():
        cluster.vpc_config.update(wanted)

    return "EndpointAccessUpdate", parameters, change


def _vpc(cluster, given):
    wanted = {name: given["resourcesVpcConfig"].get(name) for name in ("subnetIds", "securityGroupIds")}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    if all(sorted(cluster.vpc_config[name]) == sorted(value) for name, value in wanted.items()):
        _same(cluster, "Cluster is already at the desired configuration of subnets and security groups")
    if "subnetIds" in wanted:
        subnets = check_subnets(cluster.region, wanted["subnetIds"], zones=2)
        if subnets[0].vpc_id != cluster.vpc:
            raise Refusal("InvalidParameterException", "Provided subnets belong to another VPC than the cluster.")
    check_groups(cluster.region, wanted)

    def change():
        for subnet in wanted.get("subnetIds", []):
            if cluster.network.subnet(subnet) is None:
                message = f"The subnet {subnet} was not found"
                return {"code": "SubnetNotFound", "message": message, "resourceIds": [subnet]}
        cluster.vpc_config.update(wanted)
        return None

    names = {"subnetIds": "Subnets", "securityGroupIds": "SecurityGroups"}
    return "VpcConfigUpdate", {names[name]: value for name, value in wanted.items()}, change


def _logging(cluster, given):
    after = merged_logging(cluster.logging, given["logging"])
    if after == cluster.logging:
        _same(cluster, "No changes needed for the logging config provided")

    def change():
        cluster.logging = after

    return "LoggingUpdate", {"ClusterLogging": given["logging"]}, change


def _access(cluster, given):
    wanted = given["accessConfig"].get("authenticationMode")
    modes = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
    if wanted is None or modes.index(wanted) <= modes.index(cluster.authentication_mode):
        _same(cluster, f"Unsupported authentication mode update from {cluster.authentication_mode} to {wanted}")

    def change():
        cluster.authentication_mode = wanted

    return "AccessConfigUpdate", {"AuthenticationMode": wanted}, change


def _upgrade_policy(cluster, given):
    wanted = given["upgradePolicy"].get("supportType")
    if wanted in (None, cluster.support):
        _same(cluster, "Cluster is already at the desired configuration of its upgrade policy")

    def change():
        cluster.support = wanted

    return "UpgradePolicyUpdate", {"UpgradePolicy": given["upgradePolicy"]}, change


def _zonal_shift(cluster, given):
    wanted = given["zonalShiftConfig"].get("enabled")
    if wanted in (None, cluster.zonal_shift):
        _same(cluster, "Cluster is already at the desired configuration of zonal shift")

    def change():
        cluster.zonal_shift = wanted

    return "ZonalShiftConfigUpdate", {"ZonalShiftConfig": given["zonalShiftConfig"]}, change


def _deletion_protection(cluster, given):
    wanted = given["deletionProtection"]
    if wanted == cluster.deletion_protection:
        _same(cluster, "Cluster is already at the desired configuration of deletion protection")

    def change():
        cluster.deletion_protection = wanted

    return "DeletionProtectionUpdate", {"DeletionProtection": wanted}, change


# What a request of UpdateClusterConfig may ask for; `resourcesVpcConfig` is two of them.
_CHANGES = {
    "endpointAccess": _endpoint_access,
    "vpc": _vpc,
    "logging": _logging,
    "accessConfig": _access,
    "upgradePolicy": _upgrade_policy,
    "zonalShiftConfig": _zonal_shift,
    "deletionProtection": _deletion_protection,
}


def describe_update(region, caller, given):
    cluster = region.cluster(given["name"])
    group, add_on = given.get("nodegroupName"), given.get("addonName")
    update = cluster.updates.get(given["updateId"])
    if update is None or not update.concerns(group, add_on):
        message = f"No update found for ID: {given['updateId']}"
        raise Refusal("ResourceNotFoundException", message, clusterName=cluster.name)
    return {"update": update.describe()}


def list_updates(region, caller, given):
    cluster = region.cluster(given["name"])
    group, add_on = given.get("nodegroupName"), given.get("addonName")
    identities = [update.id for update in cluster.updates.values() if update.concerns(group, add_on)]
    return region.page("updateIds", identities, given)


OPERATIONS = {
    "UpdateClusterVersion": update_version,
    "UpdateClusterConfig": update_config,
    "DescribeUpdate": describe_update,
    "ListUpdates": list_updates,
}
