"""The Kubernetes APIs behind a stand-in's clusters: which cluster has which, and what a cloud puts into it.

A cloud calls `fleet.take(cluster)` when a cluster's control plane is up, `fleet.release(cluster)` when the cluster is
gone, and in between shows nodes and objects. What it gets is a `ControlPlane` (control_plane.py), as long as there is a
free one; without there is `Pretended`, which only remembers.
"""

import logging
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
    # What fits on it: `cpu`, `memory`, `pods`.
    capacity: dict = field(default_factory=lambda: {"cpu": "4", "memory": "16Gi", "pods": "110"})
    # What its machine was made from. With another one the node is drained, and made anew under its name.
    image: str = ""


class Pretended:
    """A Kubernetes API that nobody can reach: for tests of the cloud's own API alone."""

    def __init__(self, endpoint="https://127.0.0.1:6443", ca=None):
        self._authority = Authority("kubernetes")
        self.endpoint = endpoint
        # PEM of the authority that signed the API's certificate.
        self.ca = ca or self._authority.pem()
        self.pools = {}
        self.objects = {}
        self.has_snapshot_definitions = False

    def client_certificate(self, user, groups, not_after):
        """PEM of a certificate that proves `user` in `groups`, and of its key; ends at `not_after`.

        That is in seconds since 1970 by the real time, which an API server compares it with.
        """
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

    def apply_snapshot_definitions(self):
        """Installs the kinds of volume snapshots, which some clouds have in their clusters."""
        self.has_snapshot_definitions = True

    def load_balancers(self):
        """Services of type LoadBalancer, as `(namespace, name)`; a cloud keeps one of its own for each."""
        return []

    def clear(self):
        """Takes everything back, for the next cluster."""
        self.pools.clear()
        self.objects.clear()
        self.has_snapshot_definitions = False


class Fleet:
    """The Kubernetes APIs that there are. Each cluster takes one of its own; more clusters than that are pretended."""

    def __init__(self):
        self._free = []
        self._taken = {}
        # How many are being emptied.
        self._emptying = 0
        self._changed = threading.Condition()

    def add(self, backend):
        with self._changed:
            self._free.append(backend)
            self._changed.notify_all()

    def take(self, cluster):
        """The API of a cluster, the same each time. `cluster` is the cloud's id of it."""
        with self._changed:
            # One that is being emptied is there in a moment.
            self._changed.wait_for(lambda: cluster in self._taken or self._free or not self._emptying)
            if cluster not in self._taken:
                self._taken[cluster] = self._free.pop(0) if self._free else Pretended()
            return self._taken[cluster]

    def release(self, cluster):
        """Takes back the API of a cluster that is gone, and empties it without letting the caller wait."""
        with self._changed:
            backend = self._taken.pop(cluster, None)
            if backend is None:
                return
            if isinstance(backend, Pretended):
                # There is nothing to wait for.
                backend.clear()
                return
            self._emptying += 1
        threading.Thread(target=self._empty, args=(backend,), daemon=True).start()

    def cluster_of(self, name):
        """The cluster that has taken the backend of a name; None if nobody has."""
        with self._changed:
            return next((key for key, backend in self._taken.items() if getattr(backend, "name", None) == name), None)

    def _empty(self, backend):
        try:
            backend.clear()
            self.add(backend)
        except Exception:  # Whatever it is, the next cluster must not get what is left of this one.
            logging.getLogger("kubernetes").exception("%s is not used again", backend.endpoint)
        finally:
            with self._changed:
                self._emptying -= 1
                self._changed.notify_all()


def _key(manifest):
    metadata = manifest["metadata"]
    return manifest["apiVersion"], manifest["kind"], metadata.get("namespace", ""), metadata["name"]
