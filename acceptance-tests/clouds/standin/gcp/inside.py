"""What GKE puts into a Kubernetes API: nodes with its labels, its storage classes and its driver for disks."""

import hashlib

from google.cloud.container_v1 import types

from standin.kubernetes import Node

from . import places

DRIVER = "pd.csi.storage.gke.io"
EFFECTS = {
    types.NodeTaint.Effect.NO_SCHEDULE: "NoSchedule",
    types.NodeTaint.Effect.PREFER_NO_SCHEDULE: "PreferNoSchedule",
    types.NodeTaint.Effect.NO_EXECUTE: "NoExecute",
}
# The rest of the letters looks like digits or vowels, and names have none of those.
LETTERS = "0123456789bcdfghjklmnpqrstvwxz"


def furnish(backend):
    """Applies what every new cluster has."""
    backend.apply(_driver())
    for storage_class in _storage_classes():
        backend.apply(storage_class)
    # Only a real API server has definitions to be given.
    if hasattr(backend, "apply_snapshot_definitions"):
        backend.apply_snapshot_definitions()


def nodes(project, cluster, pool):
    """The nodes of a pool, as its kubelets register them."""
    made = []
    config = pool.config
    taints = [{"key": t.key, "value": t.value, "effect": EFFECTS[t.effect]} for t in config.taints]
    group = hashlib.sha256(f"{cluster.id}/{pool.name}".encode()).hexdigest()[:8]
    for zone in pool.locations:
        for index in range(pool.initial_node_count):
            # An upgrade brings a new node for each old one, which is drained and deleted.
            seed = hashlib.sha256(f"{group}/{zone}/{index}/{pool.version}".encode()).digest()
            suffix = "".join(LETTERS[byte % len(LETTERS)] for byte in seed[:4])
            name = f"gke-{cluster.name[:20]}-{pool.name[:16]}-{group}-{suffix}"
            labels = {
                "beta.kubernetes.io/arch": "amd64",
                "beta.kubernetes.io/os": "linux",
                "cloud.google.com/gke-boot-disk": config.disk_type,
                "cloud.google.com/gke-container-runtime": "containerd",
                "cloud.google.com/gke-nodepool": pool.name,
                "cloud.google.com/gke-os-distribution": "cos",
                "cloud.google.com/machine-family": config.machine_type.split("-")[0],
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": config.machine_type,
                "topology.gke.io/zone": zone,
                "topology.kubernetes.io/region": places.region_of(zone),
                "topology.kubernetes.io/zone": zone,
                **config.labels,
            }
            if config.spot:
                labels["cloud.google.com/gke-spot"] = "true"
            made.append(Node(name, f"v{pool.version}", labels, taints, f"gce://{project}/{zone}/{name}"))
    return made


def _driver():
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIDriver",
        "metadata": {
            "name": DRIVER,
            "labels": {
                "addonmanager.kubernetes.io/mode": "Reconcile",
                "k8s-app": "gcp-compute-persistent-disk-csi-driver",
            },
        },
        "spec": {
            "attachRequired": True,
            "podInfoOnMount": False,
            "fsGroupPolicy": "ReadWriteOnceWithFSType",
            "volumeLifecycleModes": ["Persistent"],
        },
    }


def _storage_classes():
    yield _storage_class("standard-rwo", DRIVER, "pd-balanced", "WaitForFirstConsumer", is_default=True)
    yield _storage_class("premium-rwo", DRIVER, "pd-ssd", "WaitForFirstConsumer")
    yield _storage_class("standard", "kubernetes.io/gce-pd", "pd-standard", "Immediate")


def _storage_class(name, provisioner, disk, binding, is_default=False):
    annotations = {"components.gke.io/component-name": "pdcsi", "components.gke.io/layer": "addon"}
    if is_default:
        annotations["storageclass.kubernetes.io/is-default-class"] = "true"
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": name,
            "annotations": annotations,
            "labels": {
                "addonmanager.kubernetes.io/mode": "EnsureExists",
                "k8s-app": "gcp-compute-persistent-disk-csi-driver",
            },
        },
        "provisioner": provisioner,
        "parameters": {"type": disk},
        "allowVolumeExpansion": True,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": binding,
    }
