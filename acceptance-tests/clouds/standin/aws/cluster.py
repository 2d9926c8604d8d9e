"""A cluster of EKS: its states, what it holds in the network, and what it puts into Kubernetes."""

import base64
import uuid

from . import account
from .balancers import Balancers
from .catalogue import VERSIONS

CREATING = 600
UPDATING = 300
DELETING = 300
# Status of what is not there any more; nobody sees it.
GONE = "GONE"


class Cluster:
    """One cluster, from its create request on. `groups`, `add_ons` and the rest are its parts by name."""

    def __init__(self, region, given, version, caller, subnets):
        self.region = region
        self.agenda = region.agenda
        self.network = region.network
        self.name = given["name"]
        self.arn = f"arn:aws:eks:{region.name}:{account.ACCOUNT}:cluster/{self.name}"
        self.given = given
        self.version = version
        self.creator = caller
        self.created = self.agenda.now()
        self.status = "CREATING"
        self.issues = []
        self.identity = uuid.uuid4().hex.upper()
        self.tags = dict(given.get("tags") or {})
        self.vpc = subnets[0].vpc_id
        self.vpc_config = _with_defaults(given["resourcesVpcConfig"])
        self.logging = _logging(given.get("logging"))
        access = given.get("accessConfig") or {}
        self.authentication_mode = access.get("authenticationMode", "CONFIG_MAP")
        self.creator_is_admin = access.get("bootstrapClusterCreatorAdminPermissions", True)
        self.support = (given.get("upgradePolicy") or {}).get("supportType", "EXTENDED")
        self.zonal_shift = (given.get("zonalShiftConfig") or {}).get("enabled")
        self.deletion_protection = given.get("deletionProtection", False)
        self.scaling_tier = (given.get("controlPlaneScalingConfig") or {}).get("tier", "standard")
        self.groups, self.add_ons, self.entries, self.associations, self.updates = {}, {}, {}, {}, {}
        self.backend = None
        self.balancers = Balancers(self)
        self._hold(subnets)

    def _hold(self, subnets):
        """Takes what a control plane has in the network of its owner: a security group, interfaces in two zones."""
        tags = {
            "Name": f"eks-cluster-sg-{self.name}-{int(self.created)}",
            f"kubernetes.io/cluster/{self.name}": "owned",
            "aws:eks:cluster-name": self.name,
        }
        description = (
            "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, "
            "as well as any managed workloads."
        )
        self.security_group = self.network.add_group(tags["Name"], description, self.vpc, tags)
        by_zone = {subnet.availability_zone: subnet.id for subnet in subnets}
        groups = [self.security_group, *self.vpc_config["securityGroupIds"]]
        tags = {"cluster.k8s.amazonaws.com/name": self.name}
        self._interfaces = [
            self.network.add_interface(subnet, groups, f"Amazon EKS {self.name}", tags).id
            for subnet in list(by_zone.values())[:2]
        ]

    def let_go(self):
        """Gives back what the cluster itself held in the network. A security group that is used stays."""
        self.network.remove_interfaces(self._interfaces)
        self.network.remove_group(self.security_group)

    def start(self):
        """Its control plane is up: shows what EKS puts into a new cluster."""
        backend = self.region.fleet.take(self.arn)
        backend.apply(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": "gp2"},
                "provisioner": "kubernetes.io/aws-ebs",
                "parameters": {"type": "gp2", "fsType": "ext4"},
                "reclaimPolicy": "Delete",
                "volumeBindingMode": "WaitForFirstConsumer",
            }
        )
        self.backend, self.status = backend, "ACTIVE"

    def rest(self, failed):
        """An update of it is over; a failed one leaves it as it was."""
        self.status = "ACTIVE"

    def is_going(self):
        return self.status in ("DELETING", GONE)

    def settle_add_ons(self):
        """Looks what works by now."""
        if not self.is_going():
            for add_on in self.add_ons.values():
                add_on.settle()

    def has_nodes(self):
        return any(group.has_nodes() for group in self.groups.values())

    def update_under_way(self):
        """The update of the cluster itself that is in progress, or None."""
        return next((update for update in self.updates.values() if update.is_of_cluster_and_open()), None)

    def describe(self):
        """The cluster as the API shows it."""
        shown = {
            "name": self.name,
            "arn": self.arn,
            "createdAt": self.created,
            "version": self.version,
            "roleArn": self.given["roleArn"],
            "resourcesVpcConfig": self.vpc_config | {"vpcId": self.vpc},
            "kubernetesNetworkConfig": self._service_network(),
            "logging": {"clusterLogging": self.logging},
            "status": self.status,
            "certificateAuthority": {},
            "platformVersion": VERSIONS[self.version]["platform"],
            "tags": self.tags,
            "health": {"issues": self.issues},
            "accessConfig": {"authenticationMode": self.authentication_mode},
            "upgradePolicy": {"supportType": self.support},
            "zonalShiftConfig": None if self.zonal_shift is None else {"enabled": self.zonal_shift},
            "encryptionConfig": self.given.get("encryptionConfig"),
            "deletionProtection": self.deletion_protection,
            "controlPlaneScalingConfig": {"tier": self.scaling_tier},
        }
        if self.backend is not None:
            shown["endpoint"] = self.backend.endpoint
            shown["certificateAuthority"] = {"data": base64.b64encode(self.backend.ca.encode()).decode()}
            issuer = f"https://oidc.eks.{self.region.name}.amazonaws.com/id/{self.identity}"
            shown["identity"] = {"oidc": {"issuer": issuer}}
            shown["resourcesVpcConfig"]["clusterSecurityGroupId"] = self.security_group
        return shown

    def _service_network(self):
        given = self.given.get("kubernetesNetworkConfig") or {}
        # EKS takes the range that is not that of the network.
        taken = self.network.subnet(self.vpc_config["subnetIds"][0])
        default = "172.20.0.0/16" if taken is None or taken.cidr_block.startswith("10.") else "10.100.0.0/16"
        return {
            "serviceIpv4Cidr": given.get("serviceIpv4Cidr", default),
            "ipFamily": given.get("ipFamily", "ipv4"),
            "elasticLoadBalancing": {"enabled": False},
        }


def _with_defaults(given):
    return {
        "subnetIds": given["subnetIds"],
        "securityGroupIds": given.get("securityGroupIds", []),
        "endpointPublicAccess": given.get("endpointPublicAccess", True),
        "endpointPrivateAccess": given.get("endpointPrivateAccess", False),
        "publicAccessCidrs": given.get("publicAccessCidrs", ["0.0.0.0/0"]),
    }


LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


def _logging(given):
    """Which logs are kept, as the API shows it: those that are, and those that are not."""
    return merged_logging([{"types": list(LOG_TYPES), "enabled": False}], given)


def merged_logging(present, given):
    """What is kept after a change of some types."""
    on = {kind for setup in present if setup["enabled"] for kind in setup["types"]}
    for setup in (given or {}).get("clusterLogging", ()):
        types = set(setup.get("types", ()))
        on = on | types if setup.get("enabled") else on - types
    lists = [[kind for kind in LOG_TYPES if (kind in on) is enabled] for enabled in (True, False)]
    setups = zip(lists, (True, False), strict=True)
    return [{"types": types, "enabled": enabled} for types, enabled in setups if types]
