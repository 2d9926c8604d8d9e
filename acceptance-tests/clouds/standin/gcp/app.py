"""GKE with what it needs of Compute Engine and of Google's token endpoint, behind one address."""

import json
import os
import threading
from urllib.parse import parse_qsl

from google.cloud.container_v1 import types
from google.protobuf import json_format
from werkzeug.wrappers import Request, Response

from standin.exchange import Exchange

from . import places
from .agenda import Agenda
from .clusters import Clusters
from .compute import Compute, encode
from .discovery import Document, Refused
from .errors import ApiError, ComputeError, invalid
from .operations import Operations
from .pools import Pools
from .tokens import GrantError, Tokens

PROJECT = "stand-in-project"
TOKEN = "/token"
COMPUTE = "/compute/v1/"
# Methods with another path than this are the older ones, which no client of today uses.
LOCATIONS = "container.projects.locations."


class Cloud:
    """A project of Google Cloud."""

    def __init__(self, clock, journal, faults, options):
        self._folder = options.folder
        self._exchange = Exchange(journal, faults)
        self._lock = threading.RLock()
        self._tokens = Tokens(clock, PROJECT)
        self._agenda = Agenda(clock)
        self._container = Document("container.v1.json", "/", LOCATIONS)
        compute = Document("compute.v1.json", COMPUTE, "compute.")
        self._operations = Operations(clock, self._agenda, PROJECT)
        self._clusters = Clusters(clock, self._agenda, self._operations, PROJECT, options.fleet)
        self._compute = Compute(clock, self._agenda, PROJECT, compute, self._clusters.users)
        self._compute_document = compute
        self._clusters.compute = self._compute
        self._pools = Pools(self._clusters, PROJECT)
        self._at_first = set(self._compute.inventory())

    def inventory(self):
        """What was made in the project and is still there, as `kind name`."""
        with self._lock:
            self._agenda.catch_up()
            found = {*self._compute.inventory(), *self._clusters.inventory()}
            return sorted(found - self._at_first)

    def environment(self, endpoint):
        """What Google's tools and the provider need."""
        path = self._folder / "service-account.json"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self._tokens.key_file(f"{endpoint}{TOKEN}"), file)
        return {
            "GOOGLE_APPLICATION_CREDENTIALS": str(path),
            "GOOGLE_PROJECT": PROJECT,
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "GOOGLE_REGION": places.DEFAULT_REGION,
            "GOOGLE_CONTAINER_CUSTOM_ENDPOINT": f"{endpoint}/v1/",
            "GOOGLE_COMPUTE_CUSTOM_ENDPOINT": f"{endpoint}{COMPUTE}",
        }

    def busy(self):
        with self._lock:
            self._agenda.catch_up()
            return self._agenda.next() is not None

    def next_change(self):
        with self._lock:
            self._agenda.catch_up()
            return self._agenda.next()

    def review(self, token):
        return self._tokens.review(token)

    def __call__(self, environ, start_response):
        request = Request(environ)
        path = request.path
        with self._lock:
            self._agenda.catch_up()
        if path == TOKEN and request.method == "POST":
            return self._exchange.serve("oauth2", "token", self._token, environ, start_response)
        query = dict(parse_qsl(request.query_string.decode(), keep_blank_values=True))
        service = "compute" if path.startswith(COMPUTE) else "container"
        document = self._compute_document if service == "compute" else self._container
        try:
            route = document.route(request.method, path, query)
        except Refused as error:
            return _response(400, invalid(str(error)).body())(environ, start_response)
        if route is None:
            return _response(404, f"<p>The requested URL {path} was not found on this server.", "text/html")(
                environ, start_response
            )

        def answer(environ, start_response):
            return self._answer(Request(environ), service, route, query)(environ, start_response)

        return self._exchange.serve(service, route.operation, answer, environ, start_response)

    def _token(self, environ, start_response):
        request = Request(environ)
        try:
            response = _response(200, json.dumps(self._tokens.grant(request.form)).encode())
        except GrantError as error:
            response = _response(400, error.body())
        return response(environ, start_response)

    def _answer(self, request, service, route, query):
        try:
            self._tokens.check(request.headers.get("Authorization"), service)
            with self._lock:
                self._agenda.catch_up()
                # What is asked may depend on it: the firewall rules, and what is left of a cluster.
                self._clusters.sync_load_balancers()
                if service == "compute":
                    return self._answer_compute(request, route, query)
                return self._answer_container(request, route, query)
        except (ApiError, ComputeError) as error:
            return _response(error.code, error.body())
        except Refused as error:
            return _response(400, invalid(str(error)).body())

    def _answer_compute(self, request, route, query):
        body = _json(request) if route.request else None
        return _response(200, encode(self._compute.serve(route.operation, route.request, route.path, query, body)))

    def _answer_container(self, request, route, query):
        if route.path["projectsId"] != PROJECT:
            project = route.path["projectsId"]
            message = f"Permission denied on resource project {project}."
            raise ApiError("PERMISSION_DENIED", message, info="CONSUMER_INVALID", metadata={"consumer": project})
        location = route.path["locationsId"]
        if location != "-":
            places.region_of(location)
        wish = _message(request, route.request) if route.request else None
        made = self._container_answer(route, wish, location)
        wants_numbers = "enum-encoding=int" in query.get("$alt", query.get("alt", ""))
        text = json_format.MessageToJson(made, use_integers_for_enums=wants_numbers, indent=None)
        return _response(200, text.encode())

    def _container_answer(self, route, wish, location):
        path = route.path
        clusters, pools = self._clusters, self._pools
        writes = {
            "clusters.create": clusters.create,
            "clusters.update": clusters.update,
            "clusters.setResourceLabels": clusters.set_labels,
            "clusters.nodePools.create": pools.create,
            "clusters.nodePools.update": pools.update,
            "clusters.nodePools.setSize": pools.set_size,
            "clusters.nodePools.setAutoscaling": pools.set_autoscaling,
        }
        reads = {
            "clusters.get": lambda: clusters.find(path).cluster,
            "clusters.delete": lambda: clusters.delete(path),
            "clusters.nodePools.get": lambda: pools.find(path)[1],
            "clusters.nodePools.delete": lambda: pools.delete(path),
            "operations.get": lambda: self._operations.get(location, path["operationsId"]),
            "operations.list": lambda: types.ListOperationsResponse.meta.pb(operations=self._operations.list(location)),
            "clusters.list": lambda: types.ListClustersResponse.meta.pb(
                clusters=[e.cluster for e in clusters.entries() if location in ("-", e.location)]
            ),
            "clusters.nodePools.list": lambda: types.ListNodePoolsResponse.meta.pb(
                node_pools=clusters.find(path).cluster.node_pools
            ),
            "getServerConfig": _server_config,
        }
        if route.operation in writes:
            return writes[route.operation](wish, path)
        if route.operation in reads:
            return reads[route.operation]()
        raise ApiError("UNIMPLEMENTED", f"The stand-in has no {route.operation}.")


def _server_config():
    config = types.ServerConfig.meta.pb(
        default_cluster_version=places.DEFAULT_VERSION,
        valid_master_versions=places.VERSIONS,
        valid_node_versions=places.VERSIONS,
        default_image_type="COS_CONTAINERD",
        valid_image_types=["COS_CONTAINERD", "UBUNTU_CONTAINERD"],
    )
    for name, (default, versions) in places.CHANNELS.items():
        number = int(types.ReleaseChannel.Channel[name])
        config.channels.add(channel=number, default_version=default, valid_versions=versions)
    return config


def _json(request):
    try:
        body = json.loads(request.get_data() or b"{}")
    except ValueError:
        raise Refused("Invalid JSON payload received. Parse error.") from None
    if not isinstance(body, dict):
        raise Refused("Invalid JSON payload received. The payload is not an object.")
    return body


def _message(request, schema):
    """The request as the published type; what the type has not is refused."""
    kind = getattr(types, schema).meta.pb
    try:
        return json_format.Parse(request.get_data() or b"{}", kind(), ignore_unknown_fields=False)
    except json_format.ParseError as error:
        raise invalid(f"Invalid JSON payload received. {error}") from None


def _response(status, body, mimetype="application/json"):
    return Response(body, status=status, mimetype=mimetype)
