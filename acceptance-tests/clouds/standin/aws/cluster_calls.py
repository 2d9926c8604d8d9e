"""Operations of EKS on clusters: what they demand and what they do."""

from .access import bootstrap
from .catalogue import (
    DEFAULT_VERSION,
    EXTENDED_SUPPORT,
    STANDARD_SUPPORT,
    UNSUPPORTED_ZONE_IDS,
    VERSIONS,
    minor,
)
from .cluster import CREATING, DELETING, GONE, Cluster
from .wire import Refusal

MOST_CLUSTERS = 100
CLUSTER_POLICY = "AmazonEKSClusterPolicy"
# Of a create request: what this stand-in does not have. To take it and not do it would be a lie.
ABSENT = (
    "outpostConfig",
    "remoteNetworkConfig",
    "computeConfig",
    "storageConfig",
    "kubeApiServerConfig",
    "kubeSchedulerConfig",
    "kubeControllerManagerConfig",
)


def refuse_absent(given):
    for name in ABSENT:
        if given.get(name):
            raise Refusal("InvalidParameterException", f"this stand-in has no {name}")


def create(region, caller, given):
    name = given["name"]
    if name in region.clusters:
        raise Refusal("ResourceInUseException", f"Cluster already exists with name: {name}", clusterName=name)
    refuse_absent(given)
    if len(region.clusters) >= MOST_CLUSTERS:
        raise Refusal("ResourceLimitExceededException", "Cluster limit exceeded for account.", clusterName=name)
    version = given.get("version", DEFAULT_VERSION)
    if version not in VERSIONS:
        raise Refusal("InvalidParameterException", f"unsupported Kubernetes version {version}", clusterName=name)
    _check_role(region.account, given["roleArn"])
    check_access(given["resourcesVpcConfig"])
    subnets = check_subnets(region, given["resourcesVpcConfig"].get("subnetIds", []), zones=2)
    check_groups(region, given["resourcesVpcConfig"])
    made = Cluster(region, given, version, caller, subnets)
    region.clusters[name] = made
    bootstrap(made, caller)

    def finish():
        if made.status != "CREATING":
            return
        issue = region.late("CreateCluster") or _lost(made)
        if issue:
            made.status, made.issues = "FAILED", [{"resourceIds": []} | issue]
        else:
            made.start()

    region.agenda.after(CREATING, finish)
    return "cluster", made


def _lost(made):
    """What of its parts a new cluster lost while it was being made, as an issue of its health."""
    if made.region.account.role(made.given["roleArn"]) is None:
        return {"code": "IamRoleNotFound", "message": f"The role {made.given['roleArn']} was not found."}
    for subnet in made.vpc_config["subnetIds"]:
        if made.network.subnet(subnet) is None:
            message = f"The subnet {subnet} was not found."
            return {"code": "Ec2SubnetNotFound", "message": message, "resourceIds": [subnet]}
    return None


def _check_role(known, arn):
    role = known.role(arn)
    if role is None or not known.trusts(role, "eks.amazonaws.com", "sts:AssumeRole"):
        raise Refusal(
            "InvalidParameterException",
            f"Role with arn: {arn}, could not be assumed because it does not exist or the trusted entity is not "
            "correct",
        )
    if CLUSTER_POLICY not in known.policies(role):
        raise Refusal(
            "InvalidParameterException",
            "The provided role doesn't have the Amazon EKS Managed Policies associated with it. Please ensure the "
            f"following policy is attached: arn:aws:iam::aws:policy/{CLUSTER_POLICY}",
        )


def check_access(config):
    if not config.get("endpointPublicAccess", True) and not config.get("endpointPrivateAccess", False):
        raise Refusal("InvalidParameterException", "Private and public endpoint access cannot be false")
    if not config.get("endpointPublicAccess", True) and config.get("publicAccessCidrs"):
        raise Refusal("InvalidParameterException", "CIDRs cannot be given without public endpoint access")


def check_subnets(region, identities, zones):
    """The subnets of these ids, which must be there, in one network and in so many zones at least."""
    if not identities:
        raise Refusal("InvalidParameterException", "subnetIds must be provided")
    subnets = [region.network.subnet(identity) for identity in identities]
    for identity, subnet in zip(identities, subnets, strict=True):
        if subnet is None:
            raise Refusal(
                "InvalidParameterException",
                f"The subnet ID '{identity}' does not exist "
                "(Service: AmazonEC2; Status Code: 400; Error Code: InvalidSubnetID.NotFound)",
            )
        if subnet.availability_zone_id in UNSUPPORTED_ZONE_IDS:
            raise Refusal(
                "UnsupportedAvailabilityZoneException",
                f"Cannot create cluster because {subnet.availability_zone} does not currently have sufficient capacity "
                "to support the cluster. Retry and choose from other availability zones",
            )
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise Refusal("InvalidParameterException", "Subnets provided must belong to the same VPC.")
    if len({subnet.availability_zone for subnet in subnets}) < zones:
        raise Refusal("InvalidParameterException", "Subnets specified must be in at least two different AZs")
    return subnets


def check_groups(region, config):
    for group in config.get("securityGroupIds", []):
        if not region.network.has_group(group):
            message = f"Invalid value for parameter securityGroupIds: the security group {group} does not exist"
            raise Refusal("InvalidParameterException", message)


def describe(region, caller, given):
    return {"cluster": region.cluster(given["name"]).describe()}


def list_clusters(region, caller, given):
    return region.page("clusters", sorted(region.clusters), given)


def delete(region, caller, given):
    cluster = region.cluster(given["name"])
    name = cluster.name
    if cluster.status == "DELETING":
        return {"cluster": cluster.describe()}
    if cluster.deletion_protection:
        message = f"Cluster {name} has deletion protection enabled; disable it before the cluster is deleted"
        raise Refusal("InvalidRequestException", message, clusterName=name)
    if cluster.groups:
        raise Refusal("ResourceInUseException", "Cluster has nodegroups attached", clusterName=name)
    if cluster.update_under_way():
        message = f"Cannot delete because cluster {name} currently has an update in progress"
        raise Refusal("ResourceInUseException", message, clusterName=name)
    if cluster.status == "CREATING":
        message = f"Cannot delete because cluster {name} currently has a creation in progress"
        raise Refusal("ResourceInUseException", message, clusterName=name)
    # What its Services hold stays, since from now on nobody removes it.
    cluster.balancers.look()
    cluster.status = "DELETING"

    def finish():
        if cluster.backend is not None:
            region.fleet.release(cluster.arn)
        cluster.let_go()
        cluster.status = GONE
        del region.clusters[name]

    region.agenda.after(DELETING, finish)
    return {"cluster": cluster.describe()}


def versions(region, caller, given):
    wanted = given.get("clusterVersions") or list(VERSIONS)
    for version in wanted:
        if version not in VERSIONS:
            raise Refusal("InvalidParameterException", f"unsupported Kubernetes version {version}")
    if given.get("defaultOnly"):
        wanted = [version for version in wanted if version == DEFAULT_VERSION]
    if given.get("versionStatus", "STANDARD_SUPPORT") != "STANDARD_SUPPORT":
        wanted = []
    if given.get("status", "standard-support").lower() != "standard-support":
        wanted = []
    day, now = 86400, region.agenda.now()
    shown = []
    for version in sorted(wanted, key=minor, reverse=True):
        since = now - now % day - VERSIONS[version]["age"] * day
        shown.append(
            {
                "clusterVersion": version,
                "clusterType": "eks",
                "defaultPlatformVersion": VERSIONS[version]["platform"],
                "defaultVersion": version == DEFAULT_VERSION,
                "releaseDate": since,
                "endOfStandardSupportDate": since + STANDARD_SUPPORT * day,
                "endOfExtendedSupportDate": since + EXTENDED_SUPPORT * day,
                "status": "standard-support",
                "versionStatus": "STANDARD_SUPPORT",
                "kubernetesPatchVersion": VERSIONS[version]["patch"],
            }
        )
    return region.page("clusterVersions", shown, given)


def tag(region, caller, given):
    held = region.tagged(given["resourceArn"])
    if any(key.lower().startswith("aws:") for key in given["tags"]):
        raise Refusal("BadRequestException", "aws: prefixed tag key names are not allowed for external use.")
    if len(held.tags | given["tags"]) > 50:
        raise Refusal("BadRequestException", "a resource has 50 tags at most")
    held.tags.update(given["tags"])
    return {}


def untag(region, caller, given):
    held = region.tagged(given["resourceArn"])
    for key in given["tagKeys"]:
        held.tags.pop(key, None)
    return {}


def list_tags(region, caller, given):
    return {"tags": region.tagged(given["resourceArn"]).tags}


OPERATIONS = {
    "CreateCluster": create,
    "DescribeCluster": describe,
    "ListClusters": list_clusters,
    "DeleteCluster": delete,
    "DescribeClusterVersions": versions,
    "TagResource": tag,
    "UntagResource": untag,
    "ListTagsForResource": list_tags,
}
