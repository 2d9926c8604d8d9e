"""Add-ons of EKS: their states, which depend on nodes and on roles, and what they put into Kubernetes."""

import uuid

from .catalogue import ADD_ONS, NEED_NODES

CREATING = 60
UPDATING = 60
DELETING = 60
AGENT = "eks-pod-identity-agent"


class AddOn:
    """One add-on of a cluster."""

    def __init__(self, cluster, given, version):
        self.cluster = cluster
        self.name = given["addonName"]
        self.arn = f"{cluster.arn.rsplit(':', 1)[0]}:addon/{cluster.name}/{self.name}/{uuid.uuid4()}"
        self.version = version
        self.created = self.modified = cluster.agenda.now()
        self.status = "CREATING"
        # Why it could not be made.
        self.failure = None
        self.tags = dict(given.get("tags") or {})
        self.role = given.get("serviceAccountRoleArn")
        self.configuration = given.get("configurationValues")
        # Until then it is being made, whatever else is missing.
        self.ready_at = self.created + CREATING

    def has_role(self, service_account):
        """Whether its pods get a role: by an association and the agent that serves it, or by the account's token."""
        if self.role:
            return True
        agent = self.cluster.add_ons.get(AGENT)
        served = agent is not None and agent.status == "ACTIVE"
        return served and any(
            association.service_account == service_account for association in self.cluster.associations.values()
        )

    def issues(self):
        """What keeps its pods from running, as issues of its health."""
        if self.name in NEED_NODES and not self.cluster.has_nodes():
            return [_unavailable("The add-on is unhealthy because it doesn't have the desired number of replicas.")]
        needed = ADD_ONS[self.name].get("role")
        if needed and not self.has_role(needed[1]) and not self._nodes_grant(needed[2]):
            return [_unavailable("The add-on is unhealthy because all pods of its deployments are crashing.")]
        return []

    def _nodes_grant(self, policy):
        """Without a role of their own, pods have that of their node."""
        account = self.cluster.region.account
        roles = [account.role(group.given["nodeRole"]) for group in self.cluster.groups.values()]
        return any(role is not None and policy in account.policies(role) for role in roles)

    def settle(self):
        """Looks whether it works by now; what does not is degraded, and may recover."""
        if self.status not in ("CREATING", "ACTIVE", "DEGRADED") or self.cluster.agenda.now() < self.ready_at:
            return
        if self.issues():
            self.status = "DEGRADED"
        elif self.status != "ACTIVE":
            self.failure = self.cluster.region.late("CreateAddon")
            self.status = "CREATE_FAILED" if self.failure else "ACTIVE"
            if not self.failure:
                self._show()

    def rest(self, failed):
        """An update of it is over."""
        self.modified = self.cluster.agenda.now()
        self.status = "UPDATE_FAILED" if failed else "DEGRADED"
        self.settle()

    def _show(self):
        """Puts into Kubernetes what clients of it see."""
        backend = self.cluster.backend
        if self.name == "aws-ebs-csi-driver":
            backend.apply(_driver())
        if self.name == "snapshot-controller":
            # A pretended API has no definitions.
            define = getattr(backend, "apply_snapshot_definitions", None)
            if define:
                define()

    def remove(self):
        """Takes out of Kubernetes what it showed. Definitions of snapshots stay, as objects of theirs may."""
        if self.name == "aws-ebs-csi-driver":
            self.cluster.backend.delete(_driver())

    def describe(self):
        """The add-on as the API shows it."""
        issues = [self.failure | {"resourceIds": []}] if self.failure else []
        if self.status == "DEGRADED":
            issues = self.issues()
        associations = [held.arn for held in self.cluster.associations.values() if held.add_on == self.name]
        return {
            "addonName": self.name,
            "clusterName": self.cluster.name,
            "status": self.status,
            "addonVersion": self.version,
            "health": {"issues": issues},
            "addonArn": self.arn,
            "createdAt": self.created,
            "modifiedAt": self.modified,
            "serviceAccountRoleArn": self.role,
            "configurationValues": self.configuration,
            "podIdentityAssociations": associations or None,
            "tags": self.tags,
        }


def _unavailable(message):
    return {"code": "InsufficientNumberOfReplicas", "message": message, "resourceIds": []}


def _driver():
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIDriver",
        "metadata": {"name": "ebs.csi.aws.com"},
        "spec": {"attachRequired": True, "podInfoOnMount": False, "fsGroupPolicy": "ReadWriteOnceWithFSType"},
    }
