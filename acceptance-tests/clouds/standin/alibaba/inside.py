"""What ACK puts into a cluster: nodes, and what its storage add-ons bring along."""

from ..kubernetes import Node

DRIVER = "diskplugin.csi.alibabacloud.com"
# Name of each class, its kinds of disk, and when it binds.
CLASSES = (
    ("alicloud-disk-efficiency", "cloud_efficiency", "Immediate"),
    ("alicloud-disk-essd", "cloud_essd", "Immediate"),
    ("alicloud-disk-ssd", "cloud_ssd", "Immediate"),
    ("alicloud-disk-topology-alltype", "cloud_auto,cloud_essd,cloud_ssd,cloud_efficiency", "WaitForFirstConsumer"),
)


def furnish(backend):
    """What csi-plugin and csi-provisioner bring."""
    backend.apply(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "CSIDriver",
            "metadata": {"name": DRIVER},
            "spec": {"attachRequired": True, "podInfoOnMount": True, "fsGroupPolicy": "File"},
        }
    )
    for name, disks, binding in CLASSES:
        backend.apply(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": name},
                "provisioner": DRIVER,
                "parameters": {"type": disks},
                "reclaimPolicy": "Delete",
                "allowVolumeExpansion": True,
                "volumeBindingMode": binding,
            }
        )
    if hasattr(backend, "apply_snapshot_definitions"):
        backend.apply_snapshot_definitions()
        backend.apply(
            {
                "apiVersion": "snapshot.storage.k8s.io/v1",
                "kind": "VolumeSnapshotClass",
                "metadata": {"name": "alibabacloud-disk-snapshot"},
                "driver": DRIVER,
                "deletionPolicy": "Delete",
            }
        )


def nodes(pool, region, zones, version):
    """The nodes of a pool of the stand-in, spread over its zones."""
    made = []
    for number in range(pool["nodes"]):
        # Nodes are named after the region and their address.
        address = f"10.{pool['number'] // 250 + 1}.{pool['number'] % 250}.{number + 10}"
        name = f"{region}.{address}"
        labels = {label["key"]: label.get("value", "") for label in pool["kubernetes_config"].get("labels", [])}
        labels |= {
            "alibabacloud.com/nodepool-id": pool["id"],
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "node.kubernetes.io/instance-type": pool["scaling_group"]["instance_types"][0],
            "topology.kubernetes.io/region": region,
            "topology.kubernetes.io/zone": zones[number % len(zones)],
        }
        taints = [
            {"key": taint["key"], "value": taint.get("value", ""), "effect": taint["effect"]}
            for taint in pool["kubernetes_config"].get("taints", [])
        ]
        instance = f"{region}.i-{pool['id'][2:14]}{number:08x}"
        made.append(Node(name, f"v{version}", labels, taints, instance))
    return made
