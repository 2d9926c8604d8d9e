"""The Azure stand-in: who may ask, what is asked, and the answer."""

import json
import threading
import uuid
from urllib.parse import urlencode

from azure.mgmt.containerservice.operations import _operations as vendor
from werkzeug.routing import Map, Rule
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from ..exchange import Exchange
from . import entra, resources
from .clusters import Clusters
from .identity import parse
from .operations import Operations
from .pools import Pools
from .refusal import Refusal, bad

# Versions of the API of AKS: that of the vendor's package, and the one before that the provider was written for.
AKS_VERSIONS = ("2026-05-01", "2026-08-01")
# The vendor's builders of requests, which know the routes.
_BUILDERS = {
    "ManagedClusters_Get": (vendor.build_managed_clusters_get_request, "group", "cluster", "subscription"),
    "ManagedClusters_CreateOrUpdate": (
        vendor.build_managed_clusters_create_or_update_request, "group", "cluster", "subscription"),
    "ManagedClusters_Delete": (vendor.build_managed_clusters_delete_request, "group", "cluster", "subscription"),
    "ManagedClusters_List": (vendor.build_managed_clusters_list_request, "subscription"),
    "ManagedClusters_ListByResourceGroup": (
        vendor.build_managed_clusters_list_by_resource_group_request, "group", "subscription"),
    "ManagedClusters_ListClusterUserCredentials": (
        vendor.build_managed_clusters_list_cluster_user_credentials_request, "group", "cluster", "subscription"),
    "ManagedClusters_ListClusterAdminCredentials": (
        vendor.build_managed_clusters_list_cluster_admin_credentials_request, "group", "cluster", "subscription"),
    "ManagedClusters_GetUpgradeProfile": (
        vendor.build_managed_clusters_get_upgrade_profile_request, "group", "cluster", "subscription"),
    "ManagedClusters_ListKubernetesVersions": (
        vendor.build_managed_clusters_list_kubernetes_versions_request, "location", "subscription"),
    "AgentPools_Get": (vendor.build_agent_pools_get_request, "group", "cluster", "pool", "subscription"),
    "AgentPools_CreateOrUpdate": (
        vendor.build_agent_pools_create_or_update_request, "group", "cluster", "pool", "subscription"),
    "AgentPools_Delete": (vendor.build_agent_pools_delete_request, "group", "cluster", "pool", "subscription"),
    "AgentPools_List": (vendor.build_agent_pools_list_request, "group", "cluster", "subscription"),
    "AgentPools_GetUpgradeProfile": (
        vendor.build_agent_pools_get_upgrade_profile_request, "group", "cluster", "pool", "subscription"),
}
_OWN = (
    ("GET", "/subscriptions/<subscription>/providers/microsoft.containerservice/locations/<location>/operations/<name>",
     "Operations_Get"),
    ("GET", "/subscriptions/<subscription>/operationresults/<name>", "Operations_Get"),
    ("GET", "/subscriptions/<subscription>/resourcegroups/<group>/resources", "Resources_ListByResourceGroup"),
    ("GET", "/subscriptions/<subscription>/providers/microsoft.authorization/roleassignments", "RoleAssignments_List"),
)


class Cloud:
    """WSGI: the Resource Manager and Entra on one address."""

    tls = True

    def __init__(self, clock, journal, faults, options):
        self._clock = clock
        self._exchange = Exchange(journal, faults)
        self._lock = threading.RLock()
        self._options = options
        self.subscription = str(uuid.uuid4())
        self._entra = entra.Entra(clock, options.folder)
        self._operations = Operations(clock)
        self._resources = resources.Resources(clock, self._operations, self._entra)
        self._clusters = Clusters(clock, self._operations, self._resources, options.fleet, self._entra)
        self._resources.clusters = self._clusters
        self._pools = Pools(self._clusters)
        self._routes = _routes()
        self._at_first = set(self._resources.inventory())

    def inventory(self):
        """What was made in the subscription and is still there, as ids."""
        with self._lock:
            self._operations.advance()
            found = {*self._resources.inventory(), *(str(key) for key in self._clusters.clusters)}
            return sorted(found - self._at_first)

    def environment(self, endpoint):
        """What the tools of Azure read. With several proofs of an application, they take the secret."""
        return {
            "AZURE_TENANT_ID": self._entra.tenant,
            "AZURE_CLIENT_ID": self._entra.client,
            "AZURE_CLIENT_SECRET": self._entra.secret,
            "AZURE_CLIENT_CERTIFICATE_PATH": str(self._entra.certificate_file),
            "AZURE_FEDERATED_TOKEN_FILE": str(self._entra.federated_file),
            "AZURE_SUBSCRIPTION_ID": self.subscription,
            "ARM_SUBSCRIPTION_ID": self.subscription,
            "AZURE_AUTHORITY_HOST": endpoint,
            "AZURE_RESOURCE_MANAGER_ENDPOINT": endpoint,
            "SSL_CERT_FILE": str(self._options.ca_file),
            # A group of Entra that the application is in.
            "STANDIN_ENTRA_GROUP_ID": self._entra.group,
        }

    def busy(self):
        with self._lock:
            self._operations.advance()
            return bool(self._operations.running()) or self._resources.busy_until() is not None

    def next_change(self):
        with self._lock:
            self._operations.advance()
            ends = [operation.ends_at for operation in self._operations.running()]
            ends.append(self._resources.busy_until())
            return min((end for end in ends if end is not None), default=None)

    def review(self, token):
        """Who a token of Entra is to the Kubernetes API of a cluster that takes such."""
        return self.review_for(token, None)

    def review_for(self, token, name):
        """Who a token is to one cluster, by the name under which its Kubernetes API was taken."""
        with self._lock:
            known = self._clusters.clusters
            clusters = [known[name]] if name in known else [] if name else known.values()
            if not any("aadProfile" in cluster.properties for cluster in clusters):
                raise PermissionError("no such cluster takes tokens of Entra")
            claims = self._entra.verify(token, (entra.KUBERNETES,))
            return {"username": claims["oid"], "uid": claims["oid"], "groups": claims["groups"]}

    def __call__(self, environ, start_response):
        request = Request(environ)
        service, operation, values = self._match(request)

        @Request.application
        def application(request):
            return self._answer(request, service, operation, values)

        return self._exchange.serve(service, operation, application, environ, start_response)

    def _match(self, request):
        """Service, operation and the parts of the path. Paths are compared without regard to case."""
        parts = request.path.strip("/").split("/")
        if request.path == "/common/discovery/instance":
            return "entra", "InstanceDiscovery", {}
        if len(parts) == 4 and parts[1:] == ["oauth2", "v2.0", "token"]:
            return "entra", "Token", {"tenant": parts[0]}
        lowered = "/" + "/".join(parts).lower()
        try:
            name, values = self._routes.bind("azure").match(lowered, method=request.method)
            return "arm" if name in {name for _, _, name in _OWN} else "aks", name, values
        except HTTPException:
            pass
        identity = parse(request.path)
        kind = identity.type.lower() if identity and identity.segments else identity and identity.type
        verb = {"PUT": "CreateOrUpdate", "GET": "Get", "DELETE": "Delete"}.get(request.method)
        if kind in resources.NAMES and verb:
            if kind.endswith("roleassignments") and verb == "CreateOrUpdate":
                verb = "Create"
            return "arm", f"{resources.NAMES[kind]}_{verb}", {"identity": identity}
        return "arm", "Unknown", {}

    def _answer(self, request, service, operation, values):
        with self._lock:
            self._operations.advance()
            try:
                if service == "entra":
                    if operation == "Token":
                        return self._entra.token(request, values["tenant"])
                    return self._entra.discover(request.host_url.rstrip("/"))
                self._authenticate(request)
                self._check_path(request, operation)
                if operation == "Operations_Get":
                    return self._operation(request, values["name"])
                return self._serve(request, operation, values)
            except Refusal as refusal:
                return refusal.response()

    def _authenticate(self, request):
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        challenge = {"WWW-Authenticate": f'Bearer authorization_uri="https://login.windows.net/{self._entra.tenant}"'}
        if kind != "Bearer" or not token:
            raise Refusal(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.",
                          headers=challenge)
        try:
            self._entra.verify(token, entra.MANAGEMENT)
        except entra.Untrusted as error:
            raise Refusal(401, error.code, str(error), headers=challenge) from error

    def _check_path(self, request, operation):
        parts = request.path.strip("/").split("/")
        if operation == "Unknown":
            text = f"No registered resource type answers {request.method} {request.path}."
            raise Refusal(404, "InvalidResourceType", text)
        if parts[1].lower() != self.subscription:
            raise Refusal(404, "SubscriptionNotFound", f"The subscription '{parts[1]}' could not be found.")
        if operation == "Operations_Get":
            return
        given = request.args.get("api-version")
        if not given:
            raise bad("The api-version query parameter (?api-version=) is required for all requests.",
                      code="MissingApiVersionParameter")
        lowered = request.path.lower().rpartition("/providers/")[2].split("/")[0]
        provider = lowered if "/providers/" in request.path.lower() else "microsoft.resources"
        supported = AKS_VERSIONS if provider == "microsoft.containerservice" else resources.VERSIONS.get(provider, ())
        if given not in supported:
            raise bad(f"The api-version '{given}' is invalid. The supported versions are '{','.join(supported)}'.",
                      code="InvalidApiVersionParameter")

    def _operation(self, request, name):
        operation = self._operations.find(name, request.query_string.decode())
        if operation.is_location:
            if operation.status == "InProgress":
                return Response(status=202, headers={"Location": request.url, "Retry-After": "15"})
            if operation.error:
                return _json({"error": operation.error}, 409)
            return Response(status=200)
        return _json(operation.show(), 200)

    def _serve(self, request, operation, values):
        """The operation itself."""
        if operation == "ManagedClusters_ListKubernetesVersions":
            return _json(self._clusters.versions(), 200)
        if operation == "RoleAssignments_List":
            return _json(self._resources.list_assignments(f"/subscriptions/{self.subscription}", request.args), 200)
        if operation == "Resources_ListByResourceGroup":
            group = parse(request.path.rstrip("/").rpartition("/")[0])
            return _json(self._resources.list_group(group), 200)
        if operation in ("ManagedClusters_List", "ManagedClusters_ListByResourceGroup"):
            return _json(self._page(request, self._clusters.list(_group(request.path))), 200)
        service, _, verb = operation.partition("_")
        # Names keep their case, unlike the path that was matched.
        identity = values.get("identity") or _named(request.path, values)
        if service == "ManagedClusters":
            return self._serve_cluster(request, verb, identity)
        if service == "AgentPools":
            return self._serve_pool(request, verb, identity)
        if verb == "Get":
            return _json(self._resources.show(self._resources.get(identity)), 200)
        if verb == "Delete":
            begun, was_there = self._resources.delete(identity)
            if begun:
                return self._accepted(request, begun, identity)
            return Response(status=200 if was_there else 204)
        value, is_new, begun = self._resources.put(identity, _body(request))
        headers = self._headers(request, begun, value.get("location") or resources.LOCATIONS[0])
        return _json(self._resources.show(value), 201 if is_new else 200, headers)

    def _page(self, request, values):
        """A page of a list: one object, as Azure says nothing of how many there are and clients must not count on it."""
        token = request.args.get("$skiptoken", "0")
        if not token.isdecimal():
            raise bad("The value of $skiptoken is none of this list.", code="InvalidSkipToken")
        last = int(token) + 1
        page = {"value": values[int(token):last]}
        if last < len(values):
            query = urlencode({"api-version": request.args["api-version"], "$skiptoken": last})
            page["nextLink"] = f"{request.host_url.rstrip('/')}{request.path}?{query}"
        return page

    def _serve_cluster(self, request, verb, identity):
        clusters = self._clusters
        if verb == "CreateOrUpdate":
            cluster, is_new, begun = clusters.put(identity, _body(request), _conditions(request))
            headers = self._headers(request, begun, cluster.body["location"])
            return _json(clusters.show(cluster), 201 if is_new else 200, headers)
        if verb == "Delete":
            begun = clusters.delete(identity, _conditions(request))
            return self._accepted(request, begun, identity) if begun else Response(status=204)
        cluster = clusters.find(identity)
        if verb == "GetUpgradeProfile":
            return _json(clusters.upgrades(cluster), 200)
        if verb.startswith("ListCluster"):
            return _json(clusters.credentials(cluster, verb == "ListClusterAdminCredentials"), 200)
        return _json(clusters.show(cluster), 200)

    def _serve_pool(self, request, verb, identity):
        pools = self._pools
        if verb == "CreateOrUpdate":
            cluster, pool, is_new, begun = pools.put(identity, _body(request), _conditions(request))
            headers = self._headers(request, begun, cluster.body["location"])
            return _json(pools.show(cluster, pool), 201 if is_new else 200, headers)
        if verb == "Delete":
            begun = pools.delete(identity, _conditions(request))
            return self._accepted(request, begun, identity) if begun else Response(status=204)
        if verb == "List":
            return _json(pools.list(self._clusters.find(identity)), 200)
        cluster, pool = pools.get(identity)
        return _json(pools.upgrades(cluster, pool) if verb == "GetUpgradeProfile" else pools.show(cluster, pool), 200)

    def _accepted(self, request, begun, identity):
        return Response(status=202, headers=self._headers(request, begun, resources.LOCATIONS[0]))

    def _headers(self, request, begun, location):
        if begun is None:
            return {}
        host = request.host_url.rstrip("/")
        return dict([self._operations.header(begun, host, self.subscription, location)])


def _routes():
    """The routes of AKS, from the vendor's builders of requests, in lower case."""
    rules = [Rule(path, methods=[method], endpoint=name) for method, path, name in _OWN]
    for name, (build, *parts) in _BUILDERS.items():
        request = build(*(f"zz{part}zz" for part in parts))
        path = request.url.split("?")[0].lower()
        for part in parts:
            path = path.replace(f"zz{part}zz", f"<{part}>")
        rules.append(Rule(path, methods=[request.method], endpoint=name))
    return Map(rules, strict_slashes=False)


def _group(path):
    """The resource group that a list is of; None for the whole subscription."""
    parts = path.strip("/").split("/")
    return parse("/" + "/".join(parts[:4])) if parts[2].lower() == "resourcegroups" else None


def _named(path, values):
    """The id of the cluster or pool that a path is about."""
    parts = path.strip("/").split("/")
    length = 10 if "pool" in values else 8
    return parse("/" + "/".join(parts[:length]))


def _conditions(request):
    return request.headers.get("If-Match"), request.headers.get("If-None-Match")


def _body(request):
    try:
        return json.loads(request.get_data())
    except ValueError as error:
        text = "The request content was invalid and could not be deserialized."
        raise bad(text, code="InvalidRequestContent") from error


def _json(value, status, headers=None):
    return Response(json.dumps(value), status=status, mimetype="application/json", headers=headers)
