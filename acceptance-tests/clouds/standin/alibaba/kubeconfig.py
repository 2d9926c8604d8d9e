"""A kubeconfig of a cluster, with a certificate that ends."""

import base64
import time
from datetime import UTC, datetime

from .auth import ACCOUNT
from .errors import invalid

LEAST, MOST = 15, 4320
# Without a wish, some years.
DEFAULT = 3 * 365 * 24 * 60

_TEXT = """apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster:
    server: {server}
    certificate-authority-data: {ca}
contexts:
- name: {user}-{cluster}
  context:
    cluster: kubernetes
    user: "{user}"
current-context: {user}-{cluster}
users:
- name: "{user}"
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
"""


def build(cluster, backend, server, minutes):
    """The answer of DescribeClusterUserKubeconfig."""
    if minutes and not LEAST <= minutes <= MOST:
        raise invalid("TemporaryDurationMinutes", f"{LEAST} to {MOST} are allowed")
    # The API server behind compares with the real time.
    ends = time.time() + (minutes or DEFAULT) * 60
    certificate, key = backend.client_certificate(f"{ACCOUNT}-{int(ends)}", ["system:masters"], ends)
    text = _TEXT.format(
        server=server,
        ca=_encode(backend.ca),
        user=ACCOUNT,
        cluster=cluster,
        certificate=_encode(certificate),
        key=_encode(key),
    )
    return {"config": text, "expiration": datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _encode(pem):
    return base64.b64encode(pem.encode()).decode()
