"""Where things are: some regions with their zones, and the versions of Kubernetes that are offered there."""

import re

from .errors import invalid

ZONES = {
    "europe-west1": ("b", "c", "d"),
    "europe-west4": ("a", "b", "c"),
    "us-central1": ("a", "b", "c", "f"),
}
DEFAULT_REGION = "europe-west4"

# Newest first, as the service lists them.
VERSIONS = (
    "1.35.0-gke.2398000",
    "1.34.1-gke.1829001",
    "1.34.0-gke.2201000",
    "1.33.5-gke.1308000",
    "1.33.4-gke.1350000",
)
DEFAULT_VERSION = "1.34.1-gke.1829001"
# Channel of releases: its default, and what else it has.
CHANNELS = {
    "RAPID": ("1.35.0-gke.2398000", VERSIONS),
    "REGULAR": (DEFAULT_VERSION, VERSIONS[1:]),
    "STABLE": ("1.33.5-gke.1308000", VERSIONS[2:]),
    "EXTENDED": (DEFAULT_VERSION, VERSIONS[1:]),
}


def zones(region):
    """Names of a region's zones."""
    return [f"{region}-{letter}" for letter in ZONES[region]]


def region_of(location):
    """The region of a region or a zone."""
    if location in ZONES:
        return location
    region = location.rpartition("-")[0]
    if region in ZONES and location in zones(region):
        return region
    raise invalid(f'Location "{location}" does not exist.')


def node_zones(location):
    """Zones of the nodes of a cluster in a location that does not say which."""
    return zones(location)[:3] if location in ZONES else [location]


def version(wish, channel=None):
    """The full version that a wish for one (`1.34`, `1.34.1-gke.1829001`, `latest`, `-`, nothing) gets."""
    default, offered = CHANNELS.get(channel, (DEFAULT_VERSION, VERSIONS))
    if wish in ("", "-"):
        return default
    if wish == "latest":
        return offered[0]
    for full in offered:
        if full == wish or (re.fullmatch(r"\d+\.\d+(\.\d+)?", wish) and re.match(rf"{re.escape(wish)}[.\-]", full)):
            return full
    words = f'Master version "{wish}" is unsupported'
    raise invalid(f"{words} in release channel \"{channel}\"." if channel else f"{words}.")


def minor(full):
    """`(1, 34)` of a version."""
    return tuple(int(part) for part in full.split(".")[:2])


def machine(name):
    """Processors of a type of machines."""
    found = re.fullmatch(r"(?:a2|a3|c2|c2d|c3|c3d|c4|e2|n1|n2|n2d|n4|t2a|t2d)-[a-z]+-?[a-z]*?-?(\d+)(g)?", name)
    if found:
        return int(found[1]) * (12 if found[2] else 1)
    if name in ("e2-micro", "e2-small", "e2-medium", "f1-micro", "g1-small"):
        return 2
    return None
