"""A client of a Kubernetes API server: what it serves, and objects of whatever kind."""

import time
from dataclasses import dataclass

import requests

DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
METADATA = "application/json;g=meta.k8s.io;v=v1;as=PartialObjectMetadataList,application/json"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
# As whom the cloud writes.
MANAGER = "cloud"
# Seconds that a request may take, and that a kind may take to be served once its definition is there.
TIMEOUT = 30
SERVED_WITHIN = 10


@dataclass(frozen=True)
class Resource:
    """A kind of objects that is served."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset

    @property
    def api_version(self):
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace="", name=""):
        """Path of an object, or of all of a namespace, or of all."""
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"
        within = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{within}/{self.plural}" + (f"/{name}" if name else "")


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, method, path, status, message):
        super().__init__(f"{method} {path}: {status} {message}")
        self.status = status


class Api:
    """An API server, seen by whoever the client certificate is."""

    def __init__(self, endpoint, ca_file, certificate_file, key_file):
        self.endpoint = endpoint
        self._session = requests.Session()
        # Neither proxies nor authorities of the environment.
        self._session.trust_env = False
        self._session.verify = str(ca_file)
        self._session.cert = (str(certificate_file), str(key_file))
        self._known = {}

    def call(self, method, path, body=None, kind="application/json", accept="application/json", **query):
        """The answer as JSON."""
        headers = {"Accept": accept, "Content-Type": kind}
        answer = self._session.request(
            method, self.endpoint + path, json=body, headers=headers, params=query, timeout=TIMEOUT
        )
        if not answer.ok:
            try:
                message = answer.json().get("message", "")
            except ValueError:
                message = answer.text
            raise Refused(method, path, answer.status_code, message)
        return answer.json()

    def resources(self):
        """Every kind that is served, in its preferred version."""
        found = []
        for root in ("/api", "/apis"):
            for group in self.items(root, accept=DISCOVERY):
                for version in group.get("versions", [])[:1]:
                    found += _resources(group["metadata"].get("name", ""), version)
        return found

    def resource(self, api_version, kind):
        """A kind by its name; waits a moment for one that has only just been defined."""
        deadline = time.monotonic() + SERVED_WITHIN
        while (api_version, kind) not in self._known:
            self._discover()
            if (api_version, kind) in self._known:
                break
            if time.monotonic() > deadline:
                raise LookupError(f"{self.endpoint} serves no {kind} of {api_version}")
            time.sleep(0.1)
        return self._known[api_version, kind]

    def items(self, path, **options):
        """All objects of a list."""
        # A list of none may be null.
        return self.call("GET", path, **options)["items"] or []

    def apply(self, manifest):
        """Makes an object be what the manifest says."""
        path = self._path(manifest)
        return self.call("PATCH", path, manifest, kind=APPLY, fieldManager=MANAGER, force="true")

    def delete(self, manifest):
        """Removes an object; one that is gone is no failure."""
        self.remove(self._path(manifest))

    def remove(self, path, **options):
        """Removes what is at a path, if it is there."""
        self._unless_gone("DELETE", path, {"apiVersion": "v1", "kind": "DeleteOptions", **options})

    def merge(self, path, change):
        """Changes what is at a path, if it is there."""
        self._unless_gone("PATCH", path, change, kind=MERGE, fieldManager=MANAGER)

    def metadata(self, resource):
        """The metadata of all objects of a kind; none if the kind has gone meanwhile."""
        try:
            items = self.items(resource.path(), accept=METADATA)
        except Refused as error:
            # 503: another API server stands behind the kind, and is gone.
            if error.status not in (404, 405, 503):
                raise
            return []
        return [item["metadata"] for item in items]

    def _unless_gone(self, *arguments, **options):
        try:
            self.call(*arguments, **options)
        except Refused as error:
            if error.status != 404:
                raise

    def _path(self, manifest):
        metadata = manifest["metadata"]
        resource = self.resource(manifest["apiVersion"], manifest["kind"])
        return resource.path(metadata.get("namespace", "default"), metadata["name"])

    def _discover(self):
        known = {}
        for root in ("/api", "/apis"):
            for group in self.items(root, accept=DISCOVERY):
                for version in group.get("versions", []):
                    for resource in _resources(group["metadata"].get("name", ""), version):
                        known[resource.api_version, resource.kind] = resource
        self._known = known


def _resources(group, version):
    return [
        Resource(
            group,
            version["version"],
            each["responseKind"]["kind"],
            each["resource"],
            each["scope"] == "Namespaced",
            frozenset(each.get("verbs", [])),
        )
        for each in version.get("resources", [])
        if each.get("responseKind")
    ]
