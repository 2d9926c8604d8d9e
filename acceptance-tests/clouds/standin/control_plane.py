"""A real Kubernetes control plane behind a cluster of the stand-in: see `acceptance-tests/control-plane`.

Its nodes and pods are played by KWOK, which takes every node with the annotation NODE.
"""

import threading
import time
from pathlib import Path

import yaml

from .authority import Authority
from .kubernetes_api import Api, Refused

# Marks the nodes that KWOK plays.
NODE = {"kwok.x-k8s.io/node": "fake"}
# The pool that a node is of.
POOL = "playground.kubeblocks.io/pool"
# The node, webhook and lease of what runs the Jobs of add-ons: part of the control plane, not of the cloud.
ADDON_JOBS = "addon-jobs"
# What Kubernetes makes anew if it is missing.
SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
SYSTEM_OBJECTS = {
    *(("Namespace", name) for name in SYSTEM_NAMESPACES),
    ("ServiceAccount", "default"),
    ("ConfigMap", "kube-root-ca.crt"),
    ("Service", "kubernetes"),
    ("Endpoints", "kubernetes"),
    ("EndpointSlice", "kubernetes"),
}
# Without it, a definition would go before its objects.
KEPT_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
# Seconds that emptying may take.
EMPTY_WITHIN = 90

SNAPSHOT_DEFINITIONS = Path(__file__).parents[2] / "charts/addons/snapshot-controller/crds"


class ControlPlane:
    """The same as `Pretended`, but real."""

    def __init__(self, name, api, ca, authority):
        # By which the token webhook says who asks.
        self.name = name
        self.endpoint = api.endpoint
        # PEM of the authority that signed the API's certificate.
        self.ca = ca
        self._api = api
        self._authority = authority
        self._nodes = {}
        self._lock = threading.Lock()
        self._own = {_identity(resource, metadata) for resource, metadata in self._objects()}

    @classmethod
    def register(cls, order):
        """From what the control API is told: see README.md."""
        api = Api(order["endpoint"], order["ca_file"], order["admin_certificate_file"], order["admin_key_file"])
        signer = [Path(order[name]).read_text() for name in ("client_ca_file", "client_ca_key_file")]
        name = order.get("name", order["endpoint"])
        return cls(name, api, Path(order["ca_file"]).read_text(), Authority.load(*signer))

    def client_certificate(self, user, groups, not_after):
        """PEM of a certificate that proves `user` in `groups`, and of its key; ends at `not_after`.

        That is in seconds since 1970 by the real time, which the API server compares it with.
        """
        return self._authority.client(user, groups, not_after)

    def set_nodes(self, pool, nodes):
        """Makes the nodes of a pool be these.

        Registers what is missing, makes anew what has another image, removes what is too much with its pods.
        """
        with self._lock:
            former = self._nodes.get(pool, {})
            wanted = {node.name: node for node in nodes}
            for name, node in wanted.items():
                if name not in former:
                    self._register(pool, node)
                elif former[name].image != node.image:
                    self._remove(name)
                    self._register(pool, node)
                elif former[name] != node:
                    self._change(former[name], node)
            surplus = [name for name in former if name not in wanted]
            # First all, so that pods do not move from one to the next.
            for name in surplus:
                self._cordon(name)
            for name in surplus:
                self._remove(name)
            self._nodes[pool] = wanted

    def apply(self, manifest):
        """Makes an object be what the manifest says."""
        self._api.apply(manifest)

    def delete(self, manifest):
        """Removes an object; one that is gone is no failure."""
        self._api.delete(manifest)

    def apply_snapshot_definitions(self):
        """Installs the kinds of volume snapshots, which some clouds have in their clusters."""
        for path in sorted(SNAPSHOT_DEFINITIONS.glob("*.yaml")):
            for manifest in yaml.safe_load_all(path.read_text()):
                self._api.apply(manifest)

    def load_balancers(self):
        """Services of type LoadBalancer, as `(namespace, name)`; a cloud keeps one of its own for each."""
        services = self._api.items("/api/v1/services")
        found = [service for service in services if service["spec"].get("type") == "LoadBalancer"]
        return sorted((service["metadata"]["namespace"], service["metadata"]["name"]) for service in found)

    def clear(self):
        """Takes everything back that was not there at first, for the next cluster."""
        with self._lock:
            deadline = time.monotonic() + EMPTY_WITHIN
            while left := self._sweep():
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self.endpoint} still has {left} after {EMPTY_WITHIN} s")
                time.sleep(0.1)
            self._nodes.clear()

    def _register(self, pool, node):
        name = node.name
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
        manifest = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "annotations": NODE, "labels": {**labels, POOL: _label(pool), **node.labels}},
            "spec": {"providerID": node.provider_id, "taints": node.taints},
            "status": {"capacity": node.capacity, "allocatable": node.capacity, "nodeInfo": _node_info(node)},
        }
        try:
            self._api.call("POST", "/api/v1/nodes", manifest)
        except Refused as error:
            if error.status != 409:
                raise

    def _change(self, former, node):
        path = f"/api/v1/nodes/{node.name}"
        removed = {key: None for key in former.labels if key not in node.labels}
        change = {"metadata": {"labels": {**removed, **node.labels}}}
        if former.taints != node.taints:
            taints = self._api.call("GET", path)["spec"].get("taints", [])
            others = [taint for taint in taints if taint["key"].startswith("node.kubernetes.io/")]
            change["spec"] = {"taints": [*others, *node.taints]}
        self._api.merge(path, change)
        status = {"nodeInfo": _node_info(node), "capacity": node.capacity, "allocatable": node.capacity}
        self._api.merge(f"{path}/status", {"status": status})

    def _cordon(self, node):
        self._api.merge(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}})

    def _remove(self, node):
        self._cordon(node)
        self._drain(node)
        self._api.remove(f"/api/v1/nodes/{node}")

    def _drain(self, node):
        pods = self._api.items("/api/v1/pods", fieldSelector=f"spec.nodeName={node}")
        for metadata in (pod["metadata"] for pod in pods):
            path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
            self._api.remove(path, gracePeriodSeconds=0, preconditions={"uid": metadata["uid"]})

    def _objects(self):
        """Kind and metadata of every object, those first that can keep others from going."""
        resources = [each for each in self._api.resources() if {"list", "delete"} <= each.verbs]
        resources.sort(key=lambda each: not each.kind.endswith("WebhookConfiguration"))
        for resource in resources:
            # They say what happened, and go by themselves.
            if resource.kind != "Event":
                for metadata in self._api.metadata(resource):
                    yield resource, metadata

    def _sweep(self):
        """Removes what is not to stay, or its finalizers if it does not go; says how many objects there were."""
        found = 0
        for resource, metadata in self._objects():
            if self._stays(resource, metadata):
                continue
            found += 1
            path = resource.path(metadata.get("namespace", ""), metadata["name"])
            try:
                if "deletionTimestamp" not in metadata:
                    self._api.remove(path, gracePeriodSeconds=0, propagationPolicy="Background")
                elif metadata.get("finalizers") and KEPT_FINALIZER not in metadata["finalizers"]:
                    self._api.merge(path, {"metadata": {"finalizers": None}})
            except Refused as error:
                # Somebody else changed it in this moment, or its controller does not let it go yet: the next sweep.
                if error.status not in (403, 409, 422):
                    raise
        return found

    def _stays(self, resource, metadata):
        return (
            _identity(resource, metadata) in self._own
            or (resource.kind, metadata["name"]) in SYSTEM_OBJECTS
            or metadata["name"] == ADDON_JOBS
            or "kubernetes.io/bootstrapping" in metadata.get("labels", {})
        )


def _identity(resource, metadata):
    return resource.group, resource.kind, metadata.get("namespace", ""), metadata["name"]


def _label(text):
    """A text as a label's value, which has 63 characters at most."""
    return "".join(each if each.isalnum() or each in "-_." else "-" for each in text)[-63:].strip("-_.")


def _node_info(node):
    return {"kubeletVersion": node.version, "operatingSystem": "linux", "architecture": "amd64"}
