"""Operations of EKS on node groups: what they demand and what they do."""

from .catalogue import IMAGE_RELEASE, VERSIONS, minor
from .cluster import GONE
from .cluster_calls import check_subnets
from .groups import CREATING, DELETING, Group
from .network import machine
from .updates import Update, begin
from .wire import Refusal

MOST_GROUPS = 30
RESERVED = ("kubernetes.io/", "k8s.io/", "eks.amazonaws.com/")


def create(region, caller, given):
    cluster, name = region.cluster(given["clusterName"]), given["nodegroupName"]

    def invalid(message):
        raise Refusal("InvalidParameterException", message, clusterName=cluster.name, nodegroupName=name)

    if name in cluster.groups:
        message = f"NodeGroup already exists with name {name} and cluster name {cluster.name}"
        raise Refusal("ResourceInUseException", message, clusterName=cluster.name, nodegroupName=name)
    if cluster.status != "ACTIVE":
        message = f"Cluster '{cluster.name}' is not in ACTIVE status"
        raise Refusal("InvalidRequestException", message, clusterName=cluster.name, nodegroupName=name)
    if len(cluster.groups) >= MOST_GROUPS:
        raise Refusal("ResourceLimitExceededException", "Nodegroup limit exceeded for the cluster.", nodegroupName=name)
    for absent in ("launchTemplate", "warmPoolConfig"):
        if given.get(absent):
            invalid(f"this stand-in has no {absent}")
    version = given.get("version", cluster.version)
    if version not in VERSIONS or minor(version) > minor(cluster.version):
        invalid(f"Requested Nodegroup version {version} is not supported for cluster version {cluster.version}")
    _check_release(given.get("releaseVersion"), version, invalid)
    _check_role(region.account, given["nodeRole"], invalid)
    if check_subnets(region, given["subnets"], zones=1)[0].vpc_id != cluster.vpc:
        invalid("Subnets are not in the VPC of the cluster")
    _check_kinds(given, invalid)
    _check_labels(given.get("labels"), invalid)
    made = Group(cluster, given, version)
    _check_scaling(made.scaling, invalid)
    cluster.groups[name] = made
    region.grant_nodes(cluster, given["nodeRole"])

    def finish():
        if made.status != "CREATING":
            return
        issue = region.late("CreateNodegroup") or made.obstacle()
        if issue:
            made.status, made.issues = "CREATE_FAILED", [{"resourceIds": []} | issue]
            return
        made.join()
        made.status = "ACTIVE"
        cluster.settle_add_ons()

    region.agenda.after(CREATING, finish)
    return "nodegroup", made


def _check_release(release, version, invalid):
    if release is not None and release != f"{VERSIONS[version]['patch']}-{IMAGE_RELEASE}":
        invalid(f"Requested release version {release} is not valid for kubernetes version {version}.")


def _check_role(known, arn, invalid):
    role = known.role(arn)
    if role is None:
        invalid(
            f"Role with arn: {arn}, could not be assumed because it does not exist or the trusted entity is not correct"
        )
    if not known.trusts(role, "ec2.amazonaws.com", "sts:AssumeRole"):
        invalid(
            "Following required service principals [ec2.amazonaws.com] were not found in the trust relationships of "
            f"nodeRole {arn}"
        )


def _check_kinds(given, invalid):
    kinds = given.get("instanceTypes") or ["t3.medium"]
    unknown = [kind for kind in kinds if machine(kind) is None]
    if unknown:
        invalid(f"The following supplied instance types do not exist: {unknown}")
    arms = {machine(kind)[1].startswith("arm") for kind in kinds}
    image = given.get("amiType")
    if len(arms) > 1 or (image not in (None, "CUSTOM") and arms != {"ARM_64" in image}):
        invalid(f"{kinds} is not a valid instance type for requested amiType {image}")


def _check_labels(labels, invalid):
    if any(key.split("/")[0].endswith(prefix[:-1]) for key in labels or () if "/" in key for prefix in RESERVED):
        invalid(f"Label cannot contain reserved prefixes {list(RESERVED)}")


def _check_scaling(scaling, invalid):
    least, most, wished = scaling["minSize"], scaling["maxSize"], scaling["desiredSize"]
    if least > wished:
        invalid(f"Minimum capacity {least} can't be greater than desired size {wished}")
    if wished > most:
        invalid(f"desired capacity {wished} can't be greater than max size {most}")


def describe(region, caller, given):
    return {"nodegroup": region.group(given).describe()}


def list_groups(region, caller, given):
    return region.page("nodegroups", sorted(region.cluster(given["clusterName"]).groups), given)


def delete(region, caller, given):
    group = region.group(given)
    cluster = group.cluster
    if group.status == "DELETING":
        return {"nodegroup": group.describe()}
    if group.status in ("CREATING", "UPDATING"):
        message = f"Nodegroup cannot be deleted as it is currently in {group.status} State"
        raise Refusal("ResourceInUseException", message, clusterName=cluster.name, nodegroupName=group.name)
    group.status = "DELETING"

    def finish():
        late = region.late("DeleteNodegroup")
        if late:
            group.status, group.issues = "DELETE_FAILED", [{"resourceIds": []} | late]
            return
        group.leave()
        group.status = GONE
        del cluster.groups[group.name]
        cluster.settle_add_ons()

    region.agenda.after(DELETING, finish)
    return {"nodegroup": group.describe()}


def _check_idle(group):
    if group.status not in ("ACTIVE", "DEGRADED"):
        raise Refusal(
            "ResourceInUseException",
            "Nodegroup cannot be updated as it is currently not in Active State",
            clusterName=group.cluster.name,
            nodegroupName=group.name,
        )


def update_config(region, caller, given):
    group = region.group(given)

    def invalid(message):
        raise Refusal("InvalidParameterException", message, clusterName=group.cluster.name, nodegroupName=group.name)

    known = ("labels", "taints", "scalingConfig", "updateConfig", "nodeRepairConfig")
    if not any(given.get(name) for name in known):
        invalid("No changes needed for the config provided")
    if given.get("warmPoolConfig"):
        invalid("this stand-in has no warmPoolConfig")
    labels, taints = given.get("labels") or {}, given.get("taints") or {}
    _check_labels(labels.get("addOrUpdateLabels"), invalid)
    scaling = group.scaling | (given.get("scalingConfig") or {})
    _check_scaling(scaling, invalid)
    _check_idle(group)

    def change():
        before, group.scaling = group.scaling, scaling
        issue = group.obstacle()
        if issue:
            group.scaling = before
            return issue if issue["code"] == "NodeCreationFailure" else issue | {"code": "NodeCreationFailure"}
        group.labels.update(labels.get("addOrUpdateLabels") or {})
        for key in labels.get("removeLabels") or ():
            group.labels.pop(key, None)
        replaced = [*(taints.get("removeTaints") or ()), *(taints.get("addOrUpdateTaints") or ())]
        marks = {(taint["key"], taint["effect"]) for taint in replaced}
        kept = [taint for taint in group.taints if (taint["key"], taint["effect"]) not in marks]
        group.taints = kept + list(taints.get("addOrUpdateTaints") or ())
        group.update_config = given.get("updateConfig", group.update_config)
        group.node_repair = given.get("nodeRepairConfig", group.node_repair)
        group.join()
        group.cluster.settle_add_ons()
        return None

    parameters = {name[0].upper() + name[1:]: value for name, value in (given.get("scalingConfig") or {}).items()}
    if labels:
        parameters["LabelsToAdd"] = labels.get("addOrUpdateLabels") or {}
    if taints:
        parameters["TaintsToAdd"] = taints.get("addOrUpdateTaints") or []
    update = Update(region.agenda, "ConfigUpdate", parameters, of_group=group.name)
    return begin(group.cluster, group, "UpdateNodegroupConfig", update, change)


def update_version(region, caller, given):
    group = region.group(given)
    cluster = group.cluster

    def invalid(message):
        raise Refusal("InvalidParameterException", message, clusterName=cluster.name, nodegroupName=group.name)

    if given.get("launchTemplate"):
        invalid("this stand-in has no launchTemplate")
    wanted = given.get("version", cluster.version)
    if wanted not in VERSIONS or not minor(group.version) <= minor(wanted) <= minor(cluster.version):
        invalid(
            f"Requested Nodegroup version {wanted} is not supported: the nodegroup has {group.version}, the cluster "
            f"{cluster.version}"
        )
    _check_release(given.get("releaseVersion"), wanted, invalid)
    _check_idle(group)

    def change():
        group.version = wanted
        group.join(replace=True)

    release = f"{VERSIONS[wanted]['patch']}-{IMAGE_RELEASE}"
    parameters = {"Version": wanted, "ReleaseVersion": release}
    update = Update(region.agenda, "VersionUpdate", parameters, of_group=group.name)
    return begin(cluster, group, "UpdateNodegroupVersion", update, change)


OPERATIONS = {
    "CreateNodegroup": create,
    "DescribeNodegroup": describe,
    "ListNodegroups": list_groups,
    "DeleteNodegroup": delete,
    "UpdateNodegroupConfig": update_config,
    "UpdateNodegroupVersion": update_version,
}
