"""What EKS offers: versions of Kubernetes, add-ons and their versions, machine images. Facts, not API."""

# Version of Kubernetes: its patch, the platform's version, and how many days ago EKS took it up. Days, not dates: what
# is supported must not depend on the day on which a test runs.
VERSIONS = {
    "1.33": {"patch": "1.33.9", "platform": "eks.31", "age": 400},
    "1.34": {"patch": "1.34.4", "platform": "eks.19", "age": 270},
    "1.35": {"patch": "1.35.1", "platform": "eks.8", "age": 150},
}
# Days of standard and of extended support after that.
STANDARD_SUPPORT, EXTENDED_SUPPORT = 425, 790
DEFAULT_VERSION = "1.34"

# Add-on: its versions for each version of Kubernetes, the default first; what it is; the account of the pods that need
# a role, as (namespace, service account, policy).
ADD_ONS = {
    "vpc-cni": {
        "type": "networking",
        "versions": dict.fromkeys(VERSIONS, ["v1.20.4-eksbuild.1", "v1.20.3-eksbuild.1"]),
    },
    "kube-proxy": {
        "type": "networking",
        "versions": {
            "1.33": ["v1.33.5-eksbuild.2", "v1.33.3-eksbuild.4"],
            "1.34": ["v1.34.1-eksbuild.2", "v1.34.0-eksbuild.2"],
            "1.35": ["v1.35.0-eksbuild.2"],
        },
    },
    "coredns": {
        "type": "networking",
        "versions": {
            "1.33": ["v1.12.4-eksbuild.1", "v1.12.3-eksbuild.1"],
            "1.34": ["v1.12.4-eksbuild.1", "v1.12.3-eksbuild.1"],
            "1.35": ["v1.13.1-eksbuild.1", "v1.12.4-eksbuild.1"],
        },
    },
    "eks-pod-identity-agent": {
        "type": "security",
        "versions": dict.fromkeys(VERSIONS, ["v1.3.10-eksbuild.1", "v1.3.9-eksbuild.3"]),
    },
    "aws-ebs-csi-driver": {
        "type": "storage",
        "versions": dict.fromkeys(VERSIONS, ["v1.52.1-eksbuild.1", "v1.51.0-eksbuild.1"]),
        "role": ("kube-system", "ebs-csi-controller-sa", "AmazonEBSCSIDriverPolicy"),
    },
    "snapshot-controller": {
        "type": "storage",
        "versions": dict.fromkeys(VERSIONS, ["v8.3.0-eksbuild.1", "v8.2.1-eksbuild.1"]),
    },
    "metrics-server": {
        "type": "observability",
        "versions": dict.fromkeys(VERSIONS, ["v0.8.0-eksbuild.3", "v0.8.0-eksbuild.2"]),
    },
}
# Their pods are ordinary ones, which need a node to run on.
NEED_NODES = ("coredns", "aws-ebs-csi-driver", "snapshot-controller", "metrics-server")

# Release of the machine images.
IMAGE_RELEASE = "20261107"

# Policies of access entries.
CLUSTER_ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
ACCESS_POLICIES = (
    "AmazonEKSAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSViewPolicy",
)

# Zones whose machines cannot hold a control plane.
UNSUPPORTED_ZONE_IDS = ("use1-az3", "usw1-az2", "cac1-az3")


def minor(version):
    """The number after the dot."""
    return int(version.split(".")[1])
