"""The versions of Kubernetes that ACK offers."""

from .errors import invalid

# The newest that can be created is what a cluster gets by default. The newest of all is for upgrades first.
VERSIONS = ("1.33.3-aliyun.1", "1.34.1-aliyun.1", "1.35.0-aliyun.1")
CREATABLE = VERSIONS[:2]
RUNTIMES = [{"name": "containerd", "version": "2.1.5"}]
_RELEASED = {"1.33": ("2025-06", "2027-06"), "1.34": ("2025-10", "2027-10"), "1.35": ("2026-10", "2028-10")}


def minor(version):
    """`(1, 34)` of `1.34.1-aliyun.1`."""
    first, second, *_ = version.split(".")
    return int(first), int(second)


def metadata(request, region):
    """The answer of DescribeKubernetesVersionMetadata."""
    if request["Region"] != region:
        raise invalid("Region", "it is not known")
    if request.get("ClusterType") != "ManagedKubernetes":
        raise invalid("ClusterType", "only ManagedKubernetes is known here")
    listed = CREATABLE if request.get("Mode") == "creatable" else VERSIONS
    wanted = request.get("KubernetesVersion")
    if wanted:
        listed = [version for version in VERSIONS if version == wanted]
    return [_describe(version) for version in listed]


def _describe(version):
    released, expires = _RELEASED[".".join(map(str, minor(version)))]
    return {
        "version": version,
        "creatable": version in CREATABLE,
        "release_date": f"{released}-15T00:00:00Z",
        "expiration_date": f"{expires}-15T00:00:00Z",
        "runtimes": RUNTIMES,
        "images": [
            {
                "image_id": "aliyun_3_x64_20G_alibase_20260920.vhd",
                "image_name": "Alibaba Cloud Linux 3.2104",
                "image_type": "AliyunLinux3",
                "os_type": "Linux",
                "platform": "AliyunLinux",
                "architecture": "x86_64",
                "image_category": "system",
            }
        ],
        "upgradable_versions": [other for other in VERSIONS if minor(other)[1] == minor(version)[1] + 1],
    }
