"""Operations of EKS on add-ons: what they demand and what they do."""

from .access import associate, check_role, forget
from .add_ons import CREATING, DELETING, UPDATING, AddOn
from .catalogue import ADD_ONS
from .cluster import GONE
from .updates import Update, begin
from .wire import Refusal

NAMESPACE = "kube-system"


def create(region, caller, given):
    cluster, name = region.cluster(given["clusterName"]), given["addonName"]
    _check_known(cluster, name)
    if name in cluster.add_ons:
        raise Refusal("ResourceInUseException", "Addon already exists.", clusterName=cluster.name, addonName=name)
    if cluster.status != "ACTIVE":
        message = f"Cluster '{cluster.name}' is not in ACTIVE status"
        raise Refusal("InvalidRequestException", message, clusterName=cluster.name, addonName=name)
    version = _version(cluster, name, given.get("addonVersion"))
    for wanted in given.get("podIdentityAssociations") or ():
        check_role(region, wanted["roleArn"])
    made = AddOn(cluster, given, version)
    cluster.add_ons[name] = made
    _associate(cluster, made, given)
    region.agenda.after(CREATING, cluster.settle_add_ons)
    return "addon", made


def _check_known(cluster, name):
    if name not in ADD_ONS:
        message = "Addon specified is not supported"
        raise Refusal("InvalidParameterException", message, clusterName=cluster.name, addonName=name)


def _version(cluster, name, wanted):
    offered = ADD_ONS[name]["versions"][cluster.version]
    if wanted is not None and wanted not in offered:
        message = "Addon version specified is not supported"
        raise Refusal("InvalidParameterException", message, clusterName=cluster.name, addonName=name)
    return wanted or offered[0]


def _associate(cluster, add_on, given):
    for wanted in given.get("podIdentityAssociations") or ():
        associate(cluster, NAMESPACE, wanted["serviceAccount"], wanted["roleArn"], {}, add_on)


def describe(region, caller, given):
    return {"addon": region.add_on(given).describe()}


def list_add_ons(region, caller, given):
    return region.page("addons", sorted(region.cluster(given["clusterName"]).add_ons), given)


def delete(region, caller, given):
    add_on = region.add_on(given)
    cluster = add_on.cluster
    if add_on.status == "UPDATING":
        message = "Addon cannot be deleted as it is currently in UPDATING state"
        raise Refusal("InvalidRequestException", message, clusterName=cluster.name, addonName=add_on.name)
    if add_on.status != "DELETING":
        add_on.status = "DELETING"

        def finish():
            add_on.status = GONE
            if not cluster.is_going():
                forget(cluster, add_on.name)
                if not given.get("preserve"):
                    add_on.remove()
            cluster.add_ons.pop(add_on.name, None)

        region.agenda.after(DELETING, finish)
    return {"addon": add_on.describe()}


def update(region, caller, given):
    add_on = region.add_on(given)
    cluster = add_on.cluster
    version = _version(cluster, add_on.name, given.get("addonVersion", None)) if "addonVersion" in given else None
    for wanted in given.get("podIdentityAssociations") or ():
        check_role(region, wanted["roleArn"])
    if add_on.status in ("CREATING", "UPDATING", "DELETING"):
        message = f"Addon cannot be updated as it is currently in {add_on.status} state"
        raise Refusal("ResourceInUseException", message, clusterName=cluster.name, addonName=add_on.name)

    def change():
        add_on.version = version or add_on.version
        add_on.role = given.get("serviceAccountRoleArn", add_on.role)
        add_on.configuration = given.get("configurationValues", add_on.configuration)
        if "podIdentityAssociations" in given:
            forget(cluster, add_on.name)
            _associate(cluster, add_on, given)

    names = {
        "addonVersion": "AddonVersion",
        "serviceAccountRoleArn": "ServiceAccountRoleArn",
        "resolveConflicts": "ResolveConflicts",
        "configurationValues": "ConfigurationValues",
        "podIdentityAssociations": "PodIdentityAssociations",
    }
    parameters = {names[name]: given[name] for name in names if name in given}
    begun = Update(region.agenda, "AddonUpdate", parameters, of_add_on=add_on.name)
    return begin(cluster, add_on, "UpdateAddon", begun, change, UPDATING)


def versions(region, caller, given):
    wanted = given.get("kubernetesVersion")
    name = given.get("addonName")
    if name is not None and name not in ADD_ONS:
        raise Refusal("ResourceNotFoundException", f"No addon found for name: {name}", addonName=name)
    shown = []
    for add_on, known in ADD_ONS.items():
        if name not in (None, add_on) or known["type"] not in (given.get("types") or [known["type"]]):
            continue
        if {"eks"} - set(given.get("publishers") or ["eks"]) or {"aws"} - set(given.get("owners") or ["aws"]):
            continue
        listed = _versions_of(known, wanted)
        if listed:
            entry = {"addonName": add_on, "type": known["type"], "publisher": "eks", "owner": "aws"}
            shown.append(entry | {"addonVersions": listed, "defaultNamespace": NAMESPACE})
    return region.page("addons", shown, given)


def _versions_of(known, wanted):
    """Versions of an add-on with the versions of Kubernetes that each goes with, newest first."""
    compatible = {}
    for cluster_version, offered in known["versions"].items():
        for version in offered if wanted in (None, cluster_version) else ():
            fits = {
                "clusterVersion": cluster_version,
                "platformVersions": ["*"],
                "defaultVersion": version == offered[0],
            }
            compatible.setdefault(version, []).append(fits)
    return [
        {
            "addonVersion": version,
            "architecture": ["amd64", "arm64"],
            "computeTypes": ["ec2"],
            "compatibilities": fits,
            "requiresConfiguration": False,
            "requiresIamPermissions": "role" in known,
        }
        for version, fits in sorted(compatible.items(), key=lambda item: _order(item[0]), reverse=True)
    ]


def _order(version):
    numbers, build = version.lstrip("v").split("-eksbuild.")
    return [int(part) for part in numbers.split(".")] + [int(build)]


OPERATIONS = {
    "CreateAddon": create,
    "DescribeAddon": describe,
    "ListAddons": list_add_ons,
    "DeleteAddon": delete,
    "UpdateAddon": update,
    "DescribeAddonVersions": versions,
}
