"""AKS: a cluster and a pool, and what holds for both."""

import uuid

from .refusal import Refusal, bad, changed


class Cluster:
    """One cluster: what was asked for with defaults, and what the service knows of it."""

    def __init__(self, identity, body):
        self.identity = identity
        self.body = body
        self.state = "Creating"
        self.version = None
        self.etag = str(uuid.uuid4())
        self.uid = uuid.uuid4().hex[:24]
        self.principal = str(uuid.uuid4())
        # By name; what AKS shows of it in `agentPoolProfiles` and below `agentPools`.
        self.pools = {}
        self.backend = None
        # Why the last operation failed.
        self.problem = None

    @property
    def key(self):
        return self.identity.key

    @property
    def properties(self):
        return self.body["properties"]

    @property
    def node_group(self):
        return self.properties["nodeResourceGroup"]

    def touch(self):
        self.etag = str(uuid.uuid4())


class Pool:
    """One pool of a cluster."""

    def __init__(self, name, properties):
        self.name = name
        self.properties = properties
        self.state = "Creating"
        self.version = None
        self.etag = str(uuid.uuid4())
        self.problem = None

    def touch(self):
        self.etag = str(uuid.uuid4())

    def show(self):
        return self.properties | status(self.problem) | {
            "eTag": self.etag,
            "provisioningState": self.state,
            "currentOrchestratorVersion": self.version,
            "powerState": {"code": "Running"},
            "nodeImageVersion": "AKSAzureContainerLinux-gen2-202611.02.0",
        }


def status(problem):
    """The part of an object that tells why the last operation failed."""
    return {"status": {"provisioningError": problem}} if problem else {}


def check_tags(tags):
    """Refuses names of tags that Azure does not take."""
    for name in tags:
        wrong = sorted(set(name) & set("<>%&\\?/"))
        if wrong or len(name) > 512:
            raise bad(f"The tag name '{name}' has reserved characters '{','.join(wrong)}' or is too long.",
                      code="InvalidTagNameCharacters")


def refuse_while_busy(cluster):
    """AKS does one thing at a time."""
    words = {"Creating": "create", "Updating": "update", "Upgrading": "upgrade", "Scaling": "scale",
             "Deleting": "delete"}
    kind, state = "managed cluster", cluster.state
    if state not in words:
        busy = [pool for pool in cluster.pools.values() if pool.state in words]
        if not busy:
            return
        kind, state = "agent pool", busy[0].state
    raise Refusal(
        409,
        "OperationNotAllowed",
        f"Operation is not allowed because there's an in progress {words[state]} {kind} operation on the managed "
        f"cluster {cluster.identity.name}. Please wait for it to finish before starting a new operation.",
    )


def check_conditions(conditions, etag, what):
    """If-Match and If-None-Match, with or without quotes around the ETag."""
    match, none_match = (text and text.strip('"') for text in conditions)
    if match and (etag is None or match not in ("*", etag)):
        raise changed(what)
    if none_match and etag is not None and none_match in ("*", etag):
        raise changed(what)


def shown_id(identity):
    """The id as AKS spells it, which is not as it was given."""
    return (f"/subscriptions/{identity.subscription}/resourcegroups/{identity.group}/providers/"
            f"Microsoft.ContainerService/managedClusters/{identity.name}")
