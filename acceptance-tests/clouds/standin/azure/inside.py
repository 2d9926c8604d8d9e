"""What AKS puts into a cluster's Kubernetes, and the kubeconfigs that it hands out."""

import base64

import yaml

from ..kubernetes import Node
from .entra import KUBERNETES

# Seconds that the certificate of a local account is good for: two years.
CERTIFICATE_LIFE = 2 * 365 * 86400
_DISK, _FILE = "disk.csi.azure.com", "file.csi.azure.com"


def install(cluster):
    """What is there when the control plane is up."""
    backend = cluster.backend
    for name, is_default, driver, parameters in (
        ("default", True, _DISK, {"skuname": "StandardSSD_LRS"}),
        ("managed", False, _DISK, {"skuname": "StandardSSD_LRS"}),
        ("managed-csi", False, _DISK, {"skuname": "StandardSSD_LRS"}),
        ("managed-premium", False, _DISK, {"skuname": "Premium_LRS"}),
        ("managed-csi-premium", False, _DISK, {"skuname": "Premium_LRS"}),
        ("azurefile-csi", False, _FILE, {"skuName": "Standard_LRS"}),
        ("azurefile-csi-premium", False, _FILE, {"skuName": "Premium_LRS"}),
    ):
        is_disk = driver == _DISK
        metadata = {"name": name, "labels": {"kubernetes.io/cluster-service": "true"}}
        if is_default:
            metadata["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
        backend.apply({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata, "provisioner": driver,
            "parameters": parameters, "allowVolumeExpansion": True, "reclaimPolicy": "Delete",
            "volumeBindingMode": "WaitForFirstConsumer" if is_disk else "Immediate",
        })
    for driver in (_DISK, _FILE):
        backend.apply({
            "apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": driver},
            "spec": {"attachRequired": driver == _DISK, "podInfoOnMount": driver == _FILE},
        })
    definitions = getattr(backend, "apply_snapshot_definitions", None)
    if definitions:
        definitions()
    groups = cluster.properties.get("aadProfile", {}).get("adminGroupObjectIDs") or []
    if groups:
        subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group} for group in groups]
        backend.apply({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": "aks-cluster-admin-binding-aad"}, "subjects": subjects,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        })


def show_nodes(cluster):
    """Makes the nodes in Kubernetes be those of the pools."""
    if cluster.backend is None:
        return
    shown = getattr(cluster, "shown_pools", set())
    for gone in shown - set(cluster.pools):
        cluster.backend.set_nodes(gone, [])
    cluster.shown_pools = set(cluster.pools)
    for pool in cluster.pools.values():
        count = range(pool.properties["count"])
        cluster.backend.set_nodes(pool.name, [_node(cluster, pool, index) for index in count])


def _node(cluster, pool, index):
    name = f"aks-{pool.name}-{cluster.uid[:8]}-vmss{index:06}"
    location, zones = cluster.body["location"], pool.properties.get("availabilityZones") or []
    zone = f"{location}-{zones[index % len(zones)]}" if zones else "0"
    labels = {
        "agentpool": pool.name,
        "kubernetes.azure.com/agentpool": pool.name,
        "kubernetes.azure.com/cluster": cluster.node_group,
        "kubernetes.azure.com/mode": pool.properties["mode"].lower(),
        "kubernetes.azure.com/role": "agent",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": pool.properties["vmSize"],
        "topology.kubernetes.io/region": location,
        "topology.kubernetes.io/zone": zone,
    }
    taints = []
    for text in pool.properties.get("nodeTaints", []):
        pair, _, effect = text.rpartition(":")
        key, _, value = pair.partition("=")
        taints.append({"key": key, "value": value, "effect": effect})
    scale_set = f"aks-{pool.name}-{cluster.uid[:8]}-vmss"
    provider = (f"azure:///subscriptions/{cluster.identity.subscription}/resourceGroups/{cluster.node_group.lower()}"
                f"/providers/Microsoft.Compute/virtualMachineScaleSets/{scale_set}/virtualMachines/{index}")
    labels |= pool.properties.get("nodeLabels", {})
    # An upgrade drains each virtual machine and writes it anew, which keeps its name.
    return Node(name, f"v{pool.version}", labels, taints, provider, image=pool.version)


def local_config(cluster, name, now):
    """The kubeconfig of a local account, in base64: a certificate of a cluster administrator."""
    certificate, key = cluster.backend.client_certificate("masterclient", ["system:masters"], now + CERTIFICATE_LIFE)
    user = {"client-certificate-data": _encoded(certificate), "client-key-data": _encoded(key)}
    return _config(cluster, f"{name}_{cluster.identity.group}_{cluster.identity.name}", user)


def entra_config(cluster, tenant):
    """The kubeconfig of a cluster that takes tokens of Entra: it calls a program that asks for one."""
    arguments = ["get-token", "--environment", "AzurePublicCloud", "--server-id", KUBERNETES, "--client-id",
                 "80faf920-1908-4b52-b5ef-a8e7bedfc67a", "--tenant-id", tenant, "--login", "devicecode"]
    program = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "kubelogin", "args": arguments,
               "env": None, "provideClusterInfo": False}
    return _config(cluster, f"clusterUser_{cluster.identity.group}_{cluster.identity.name}", {"exec": program})


def _config(cluster, user, proof):
    name = cluster.identity.name
    server = {"certificate-authority-data": _encoded(cluster.backend.ca), "server": cluster.backend.endpoint}
    config = {
        "apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": name,
        "clusters": [{"name": name, "cluster": server}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "users": [{"name": user, "user": proof}],
    }
    return _encoded(yaml.safe_dump(config))


def _encoded(text):
    return base64.b64encode(text.encode()).decode()
