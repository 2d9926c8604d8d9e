"""The Kubernetes APIs behind a stand-in's clusters: which cluster has which, and what a cloud puts into it.

A cloud calls `fleet.take(cluster)` when a cluster's control plane is up, `fleet.release(cluster)` when the cluster is
gone, and in between shows nodes and objects. Without a real API server there is `Pretended`, which only remembers.
"""

import threading
from dataclasses import dataclass, field

from .authority import Authority


@dataclass(frozen=True)
class Node:
    """A node as the cloud's kubelet would register it."""

    name: str
    # Version of the kubelet, such as `v1.34.4`.
    version: str
    labels: dict = field(default_factory=dict)
    # As in a node's spec: `[{"key": ..., "value": ..., "effect": ...}]`.
    taints: list = field(default_factory=list)
    provider_id: str = ""


class Pretended:
    """A Kubernetes API that nobody can reach: for tests of the cloud's own API alone."""

    def __init__(self, endpoint="https://127.0.0.1:6443", ca=None):
        self._authority = Authority("kubernetes")
        self.endpoint = endpoint
        # PEM of the authority that signed the API's certificate.
        self.ca = ca or self._authority.pem()
        self.pools = {}
        self.objects = {}

    def client_certificate(self, user, groups, not_after):
        """PEM of a certificate that proves `user` in `groups`, and of its key; ends at `not_after`, seconds since 1970."""
        return self._authority.client(user, groups, not_after)

    def set_nodes(self, pool, nodes):
        """Makes the nodes of a pool be these: registers what is missing, removes what is too much."""
        self.pools[pool] = list(nodes)

    def apply(self, manifest):
        """Makes an object be what the manifest says."""
        self.objects[_key(manifest)] = manifest

    def delete(self, manifest):
        """Removes an object; one that is gone is no failure."""
        self.objects.pop(_key(manifest), None)

    def load_balancers(self):
        """Services of type LoadBalancer, as `(namespace, name)`; a cloud keeps one of its own for each."""
        return []

    def clear(self):
        """Takes everything back, for the next cluster."""
        self.pools.clear()
        self.objects.clear()


class Fleet:
    """The Kubernetes APIs that there are. Each cluster takes one of its own; more clusters than that are pretended."""

    def __init__(self):
        self._free = []
        self._taken = {}
        self._lock = threading.Lock()

    def add(self, backend):
        with self._lock:
            self._free.append(backend)

    def take(self, cluster):
        """The API of a cluster, the same each time. `cluster` is the cloud's id of it."""
        with self._lock:
            if cluster not in self._taken:
                self._taken[cluster] = self._free.pop(0) if self._free else Pretended()
            return self._taken[cluster]

    def release(self, cluster):
        """Takes back the API of a cluster that is gone, emptied."""
        with self._lock:
            backend = self._taken.pop(cluster, None)
        if backend is None:
            return
        backend.clear()
        if not isinstance(backend, Pretended):
            self.add(backend)


def _key(manifest):
    metadata = manifest["metadata"]
    return manifest["apiVersion"], manifest["kind"], metadata.get("namespace", ""), metadata["name"]
