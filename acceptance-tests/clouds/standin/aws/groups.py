"""Node groups of EKS: what they ask of the network and of their role, their nodes, and how they fail."""

import uuid

from standin.kubernetes import Node

from .catalogue import IMAGE_RELEASE, VERSIONS
from .network import machine

CREATING = 180
DELETING = 240
# Processors that an account may run until it asks for more.
MOST_PROCESSORS = 512
EFFECTS = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}


class Group:
    """One managed node group."""

    def __init__(self, cluster, given, version):
        self.cluster = cluster
        self.given = given
        self.name = given["nodegroupName"]
        region, path = cluster.region.name, f"{cluster.name}/{self.name}/{uuid.uuid4()}"
        self.arn = f"{cluster.arn.rsplit(':', 1)[0]}:nodegroup/{path}"
        self.version = version
        self.created = self.modified = cluster.agenda.now()
        self.status = "CREATING"
        self.issues = []
        self.tags = dict(given.get("tags") or {})
        self.labels = dict(given.get("labels") or {})
        self.taints = list(given.get("taints") or [])
        self.scaling = {"minSize": 1, "maxSize": 2, "desiredSize": 2} | (given.get("scalingConfig") or {})
        self.update_config = given.get("updateConfig") or {"maxUnavailable": 1}
        self.node_repair = given.get("nodeRepairConfig")
        self.kinds = given.get("instanceTypes") or ["t3.medium"]
        arm = machine(self.kinds[0])[1].startswith("arm")
        self.image = given.get("amiType") or ("AL2023_ARM_64_STANDARD" if arm else "AL2023_x86_64_STANDARD")
        self.scaling_group = f"eks-{self.name}-{uuid.uuid4()}"
        self._domain = f"{region}.compute.internal"
        # What a node is: its interface, which holds its subnet, and the id of its machine.
        self._machines = []

    @property
    def release(self):
        return f"{VERSIONS[self.version]['patch']}-{IMAGE_RELEASE}"

    def has_nodes(self):
        return bool(self._machines) and self.status in ("ACTIVE", "UPDATING", "DEGRADED")

    def rest(self, failed):
        """An update of it is over; a failed one leaves it as it was."""
        self.status, self.modified = "ACTIVE", self.cluster.agenda.now()

    def processors(self):
        """Those of the machines that run."""
        return machine(self.kinds[0])[0] * len(self._machines)

    def obstacle(self):
        """Why the group cannot get its nodes, as an issue of its health; None if nothing keeps them from joining."""
        account, cluster = self.cluster.region.account, self.cluster
        role = account.role(self.given["nodeRole"])
        if role is None:
            return _issue("IamNodeRoleNotFound", f"The role {self.given['nodeRole']} cannot be found.")
        subnets = [(name, cluster.network.subnet(name)) for name in self.given["subnets"]]
        gone = [name for name, subnet in subnets if subnet is None]
        if gone:
            return _issue("Ec2SubnetNotFound", f"The subnets {gone} cannot be found.", gone)
        groups = [group for other in cluster.region.clusters.values() for group in other.groups.values()]
        others = sum(group.processors() for group in groups if group is not self)
        if others + machine(self.kinds[0])[0] * self.scaling["desiredSize"] > MOST_PROCESSORS:
            return _issue(
                "AsgInstanceLaunchFailures",
                "Could not launch On-Demand Instances. VcpuLimitExceeded - You have requested more vCPU capacity than "
                f"your current vCPU limit of {MOST_PROCESSORS} allows for the instance bucket that the specified "
                "instance type belongs to. Launching EC2 instance failed.",
                [self.scaling_group],
            )
        ways = {name: cluster.network.way_out(subnet) for name, subnet in subnets}
        unaddressed = [name for name, way in ways.items() if way == "unaddressed"]
        if unaddressed:
            return _issue(
                "Ec2SubnetInvalidConfiguration",
                f"One or more Amazon EC2 Subnets of {unaddressed} for node group {self.name} does not automatically "
                "assign public IP addresses to instances launched into it.",
                unaddressed,
            )
        policies = account.policies(role)
        may_join = policies & {"AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy"}
        may_pull = policies & {"AmazonEC2ContainerRegistryReadOnly", "AmazonEC2ContainerRegistryPullOnly"}
        ready = may_join and may_pull and all(ways.values()) and self._has_pod_network(policies)
        if not ready and self.scaling["desiredSize"]:
            message = "Instances failed to join the kubernetes cluster"
            return _issue("NodeCreationFailure", message, [self.scaling_group])
        return None

    def _has_pod_network(self, policies):
        """Nodes are ready once their pods have a network: there is an agent for it, and it may do its work."""
        agent = self.cluster.add_ons.get("vpc-cni")
        if agent is None and not self.cluster.given.get("bootstrapSelfManagedAddons", True):
            return False
        return "AmazonEKS_CNI_Policy" in policies or (agent is not None and agent.has_role("aws-node"))

    def join(self, replace=False):
        """Has as many nodes as are wished, spread over the subnets; `replace` makes all of them new."""
        network = self.cluster.network
        wished = self.scaling["desiredSize"]
        surplus = list(self._machines) if replace else self._machines[wished:]
        self._machines = [] if replace else self._machines[:wished]
        network.remove_interfaces([interface.id for interface, _ in surplus])
        while len(self._machines) < wished:
            subnet = self.given["subnets"][len(self._machines) % len(self.given["subnets"])]
            interface = network.add_interface(
                subnet, [self.cluster.security_group], "", {"eks:nodegroup-name": self.name}
            )
            self._machines.append((interface, f"i-{uuid.uuid4().hex[:17]}"))
        self.cluster.backend.set_nodes(self.name, [self._node(*machine) for machine in self._machines])

    def leave(self):
        """Its nodes are gone."""
        network = self.cluster.network
        network.remove_interfaces([interface.id for interface, _ in self._machines])
        self._machines = []
        self.cluster.backend.set_nodes(self.name, [])

    def _node(self, interface, identity):
        zone, region = interface.availability_zone, self.cluster.region.name
        name = f"ip-{interface.private_ip_address.replace('.', '-')}.{self._domain}"
        labels = {
            "beta.kubernetes.io/instance-type": self.kinds[0],
            "eks.amazonaws.com/capacityType": self.given.get("capacityType", "ON_DEMAND"),
            "eks.amazonaws.com/nodegroup": self.name,
            "failure-domain.beta.kubernetes.io/region": region,
            "failure-domain.beta.kubernetes.io/zone": zone,
            "kubernetes.io/arch": "arm64" if machine(self.kinds[0])[1].startswith("arm") else "amd64",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "node.kubernetes.io/instance-type": self.kinds[0],
            "topology.k8s.aws/zone-id": interface.subnet.availability_zone_id,
            "topology.kubernetes.io/region": region,
            "topology.kubernetes.io/zone": zone,
        }
        taints = [
            {"key": taint["key"], "value": taint.get("value", ""), "effect": EFFECTS[taint["effect"]]}
            for taint in self.taints
        ]
        version = f"v{VERSIONS[self.version]['patch']}-eks-3025e55"
        return Node(name, version, labels | self.labels, taints, f"aws:///{zone}/{identity}")

    def describe(self):
        """The group as the API shows it."""
        return {
            "nodegroupName": self.name,
            "nodegroupArn": self.arn,
            "clusterName": self.cluster.name,
            "version": self.version,
            "releaseVersion": self.release,
            "createdAt": self.created,
            "modifiedAt": self.modified,
            "status": self.status,
            "capacityType": self.given.get("capacityType", "ON_DEMAND"),
            "scalingConfig": self.scaling,
            "instanceTypes": self.kinds,
            "subnets": self.given["subnets"],
            "remoteAccess": self.given.get("remoteAccess"),
            "amiType": self.image,
            "nodeRole": self.given["nodeRole"],
            "labels": self.labels or None,
            "taints": self.taints or None,
            "resources": {"autoScalingGroups": [{"name": self.scaling_group}]} if self.status != "CREATING" else {},
            "diskSize": self.given.get("diskSize", 20),
            "health": {"issues": self.issues},
            "updateConfig": self.update_config,
            "nodeRepairConfig": self.node_repair,
            "tags": self.tags,
        }


def _issue(code, message, resources=()):
    return {"code": code, "message": message, "resourceIds": list(resources)}
