"""Who may do what: access entries of clusters, and roles of pods."""

import uuid

from . import account
from .catalogue import ACCESS_POLICIES, CLUSTER_ADMIN_POLICY
from .wire import Refusal

PODS = "pods.eks.amazonaws.com"
AGENT_ACTIONS = ("sts:AssumeRole", "sts:TagSession")


class Entry:
    """Lets a principal of IAM into one cluster."""

    def __init__(self, cluster, principal, groups=(), kind="STANDARD", username=None, tags=None):
        self.cluster = cluster
        self.principal = principal
        self.groups = list(groups)
        self.kind = kind
        self.username = username or principal
        self.tags = dict(tags or {})
        self.created = self.modified = cluster.agenda.now()
        path = f"{cluster.name}/{principal.split(':')[-1].split('/')[0]}/{account.ACCOUNT}/{principal.split('/')[-1]}"
        self.arn = f"{cluster.arn.rsplit(':', 1)[0]}:access-entry/{path}/{uuid.uuid4()}"
        # Scope by the ARN of a policy, and since when.
        self.policies = {}

    def grant(self, policy, scope):
        self.policies[policy] = {
            "policyArn": policy,
            "accessScope": scope,
            "associatedAt": self.cluster.agenda.now(),
            "modifiedAt": self.cluster.agenda.now(),
        }

    def is_admin(self):
        granted = self.policies.get(CLUSTER_ADMIN_POLICY)
        return granted is not None and granted["accessScope"].get("type") == "cluster"

    def describe(self):
        return {
            "clusterName": self.cluster.name,
            "principalArn": self.principal,
            "kubernetesGroups": self.groups,
            "accessEntryArn": self.arn,
            "createdAt": self.created,
            "modifiedAt": self.modified,
            "tags": self.tags,
            "username": self.username,
            "type": self.kind,
        }


def bootstrap(cluster, caller):
    """Makes the creator of a cluster its administrator, unless that was declined."""
    if cluster.creator_is_admin and cluster.authentication_mode != "CONFIG_MAP":
        entry = Entry(cluster, caller.principal)
        entry.grant(CLUSTER_ADMIN_POLICY, {"type": "cluster", "namespaces": []})
        cluster.entries[caller.principal] = entry


def groups_of(cluster, caller):
    """Groups of Kubernetes in which a cluster sees a caller; None when it does not know the caller."""
    if cluster.authentication_mode == "CONFIG_MAP":
        return ["system:masters"] if caller.principal == cluster.creator.principal else None
    entry = cluster.entries.get(caller.principal)
    if entry is None:
        return None
    return entry.groups + (["system:masters"] if entry.is_admin() else [])


class Association:
    """Gives the pods of a service account a role."""

    def __init__(self, cluster, namespace, service_account, role, tags, add_on):
        self.cluster, self.namespace, self.service_account, self.role = cluster, namespace, service_account, role
        self.id = f"a-{uuid.uuid4().hex[:17]}"
        self.arn = f"{cluster.arn.rsplit(':', 1)[0]}:podidentityassociation/{cluster.name}/{self.id}"
        self.tags = dict(tags)
        self.created = self.modified = cluster.agenda.now()
        self.add_on = add_on.name if add_on else None
        self.owner = add_on.arn if add_on else None

    def describe(self):
        return self.summary() | {
            "roleArn": self.role,
            "tags": self.tags,
            "createdAt": self.created,
            "modifiedAt": self.modified,
            "disableSessionTags": False,
        }

    def summary(self):
        return {
            "clusterName": self.cluster.name,
            "namespace": self.namespace,
            "serviceAccount": self.service_account,
            "associationArn": self.arn,
            "associationId": self.id,
            "ownerArn": self.owner,
        }


def check_role(region, arn):
    """A role of pods must be there, and let the service that hands it out."""
    role = region.account.role(arn)
    if role is None:
        raise Refusal("InvalidParameterException", f"Role provided in the request does not exist: {arn}")
    if not region.account.trusts(role, PODS, *AGENT_ACTIONS):
        message = f"Trust policy of role {arn} must allow {PODS} the actions {', '.join(AGENT_ACTIONS)}"
        raise Refusal("InvalidParameterException", message)


def associate(cluster, namespace, service_account, role, tags, add_on=None):
    """Makes an association; there is one for a service account."""
    for held in cluster.associations.values():
        if (held.namespace, held.service_account) == (namespace, service_account):
            raise Refusal("ResourceInUseException", f"Association already exists: {held.id}", clusterName=cluster.name)
    made = Association(cluster, namespace, service_account, role, tags, add_on)
    cluster.associations[made.id] = made
    return made


def forget(cluster, add_on):
    """Removes the associations of an add-on."""
    for identity in [held.id for held in cluster.associations.values() if held.add_on == add_on]:
        del cluster.associations[identity]


def create_association(region, caller, given):
    cluster = region.cluster(given["clusterName"])
    check_role(region, given["roleArn"])
    where = given["namespace"], given["serviceAccount"]
    made = associate(cluster, *where, given["roleArn"], given.get("tags") or {})
    cluster.settle_add_ons()
    return "association", made


def _association(region, given):
    cluster = region.cluster(given["clusterName"])
    held = cluster.associations.get(given["associationId"])
    if held is None:
        message = f"No pod identity association found for ID: {given['associationId']}"
        raise Refusal("ResourceNotFoundException", message, clusterName=cluster.name)
    return held


def describe_association(region, caller, given):
    return {"association": _association(region, given).describe()}


def delete_association(region, caller, given):
    held = _association(region, given)
    del held.cluster.associations[held.id]
    held.cluster.settle_add_ons()
    return {"association": held.describe()}


def list_associations(region, caller, given):
    cluster = region.cluster(given["clusterName"])
    listed = [
        held.summary()
        for held in cluster.associations.values()
        if given.get("namespace") in (None, held.namespace)
        and given.get("serviceAccount") in (None, held.service_account)
    ]
    return region.page("associations", listed, given)


def _cluster_with_entries(region, given):
    cluster = region.cluster(given["clusterName"])
    if cluster.authentication_mode == "CONFIG_MAP":
        message = "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP]"
        raise Refusal("InvalidRequestException", message, clusterName=cluster.name)
    return cluster


def _entry(region, given):
    cluster, principal = _cluster_with_entries(region, given), given["principalArn"]
    if principal not in cluster.entries:
        message = f"The specified principalArn could not be found: {principal}"
        raise Refusal("ResourceNotFoundException", message, clusterName=cluster.name)
    return cluster.entries[principal]


def create_entry(region, caller, given):
    cluster, principal = _cluster_with_entries(region, given), given["principalArn"]
    if principal in cluster.entries:
        message = "The specified access entry resource is already in use on this cluster."
        raise Refusal("ResourceInUseException", message, clusterName=cluster.name)
    if account.is_role_arn(principal) and region.account.role(principal) is None:
        raise Refusal("InvalidParameterException", "The specified principalArn is invalid: invalid principal.")
    if any(group.startswith("system:") for group in given.get("kubernetesGroups") or ()):
        message = "The kubernetes group name must not begin with system:"
        raise Refusal("InvalidParameterException", message)
    entry = Entry(
        cluster,
        principal,
        given.get("kubernetesGroups") or (),
        given.get("type", "STANDARD"),
        given.get("username"),
        given.get("tags"),
    )
    cluster.entries[principal] = entry
    return "accessEntry", entry


def describe_entry(region, caller, given):
    return {"accessEntry": _entry(region, given).describe()}


def delete_entry(region, caller, given):
    entry = _entry(region, given)
    del entry.cluster.entries[entry.principal]
    return {}


def list_entries(region, caller, given):
    entries = _cluster_with_entries(region, given).entries
    policy = given.get("associatedPolicyArn")
    listed = [name for name, entry in entries.items() if policy is None or policy in entry.policies]
    return region.page("accessEntries", listed, given)


def grant(region, caller, given):
    entry, policy = _entry(region, given), given["policyArn"]
    if policy not in [_policy_arn(name) for name in ACCESS_POLICIES]:
        raise Refusal("InvalidParameterException", f"The policyArn parameter format is not valid: {policy}")
    if entry.kind != "STANDARD":
        raise Refusal("InvalidRequestException", f"Policies cannot be associated with entries of type {entry.kind}")
    entry.grant(policy, {"namespaces": []} | given["accessScope"])
    granted = entry.policies[policy]
    return {
        "clusterName": entry.cluster.name,
        "principalArn": entry.principal,
        "associatedAccessPolicy": granted,
    }


def withdraw(region, caller, given):
    entry = _entry(region, given)
    if entry.policies.pop(given["policyArn"], None) is None:
        raise Refusal("ResourceNotFoundException", f"The policy is not associated: {given['policyArn']}")
    return {}


def list_granted(region, caller, given):
    entry = _entry(region, given)
    page = region.page("associatedAccessPolicies", list(entry.policies.values()), given)
    return page | {"clusterName": entry.cluster.name, "principalArn": entry.principal}


def list_policies(region, caller, given):
    listed = [{"name": name, "arn": _policy_arn(name)} for name in ACCESS_POLICIES]
    return region.page("accessPolicies", listed, given)


def _policy_arn(name):
    return f"arn:aws:eks::aws:cluster-access-policy/{name}"


OPERATIONS = {
    "CreatePodIdentityAssociation": create_association,
    "DescribePodIdentityAssociation": describe_association,
    "DeletePodIdentityAssociation": delete_association,
    "ListPodIdentityAssociations": list_associations,
    "CreateAccessEntry": create_entry,
    "DescribeAccessEntry": describe_entry,
    "DeleteAccessEntry": delete_entry,
    "ListAccessEntries": list_entries,
    "AssociateAccessPolicy": grant,
    "DisassociateAccessPolicy": withdraw,
    "ListAssociatedAccessPolicies": list_granted,
    "ListAccessPolicies": list_policies,
}
