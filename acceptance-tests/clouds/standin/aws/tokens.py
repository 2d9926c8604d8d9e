"""Kubernetes tokens of EKS: a presigned request to STS that the cluster checks instead of sending it on."""

import base64
import time
from urllib.parse import parse_qs, urlsplit

from .access import groups_of
from .signatures import Unproven

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
# A cluster takes a token that long from its date on, whatever X-Amz-Expires says.
LIFE = 900


class Tokens:
    """Reviews tokens.

    Clients date a token by the machine's clock, of which the stand-in's is ahead by what tests added, and nobody knows
    by how much it was ahead when the token was made. So the stand-in remembers when it first saw a token, by its own
    clock, and a token is as old as the machine's clock says, or as its first review says, whichever is more.
    """

    def __init__(self, signatures, agenda, regions):
        self._signatures = signatures
        self._agenda = agenda
        self._regions = regions
        self._first = {}
        # Hosts besides those of AWS that are the STS of this partition.
        self.hosts = set()

    def review(self, token, arn=None):
        """The user of a token for the cluster of an ARN, or else for any; raises PermissionError with the reason where
        there is none.
        """
        if not token.startswith(PREFIX):
            raise PermissionError(f"a token of EKS begins with {PREFIX}")
        encoded = token.removeprefix(PREFIX)
        try:
            url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
        except ValueError:
            raise PermissionError("the token is not base64") from None
        query = self._query(url)
        names = query.get("X-Amz-SignedHeaders", "").split(";")
        if CLUSTER_HEADER not in names:
            raise PermissionError(f"{CLUSTER_HEADER} must be a signed header")
        reason = "the cluster of the token is none of these"
        for region in self._regions.values():
            for cluster in region.clusters.values():
                if arn not in (None, cluster.arn):
                    continue
                try:
                    caller, scope, date = self._signatures.presigned("GET", url, {CLUSTER_HEADER: cluster.name})
                except Unproven as error:
                    reason = str(error)
                    continue
                if scope.service != "sts":
                    raise PermissionError("the token is not signed for STS")
                self._check_age(token, date)
                groups = groups_of(cluster, caller)
                if groups is None:
                    raise PermissionError(f"{caller.arn} has no access to the cluster")
                return {"username": caller.arn, "groups": groups}
        raise PermissionError(reason)

    def _query(self, url):
        """Fields of the URL, which must be a call of GetCallerIdentity of an STS that clusters know."""
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        host = parts.netloc
        regional = parts.scheme == "https" and host.startswith("sts.") and host.endswith(".amazonaws.com")
        if not regional and host not in self.hosts:
            raise PermissionError(f"{host} is no STS")
        if parts.path not in ("", "/") or query.get("Action") != "GetCallerIdentity":
            raise PermissionError("the token does not ask STS for the caller's identity")
        return query

    def _check_age(self, token, date):
        now = self._agenda.now()
        first = self._first.setdefault(token, now)
        if max(time.time() - date, now - first) > LIFE:
            raise PermissionError("X-Amz-Date parameter is expired (15 minute expiration)")
        if date - time.time() > 60:
            raise PermissionError("X-Amz-Date is in the future")
