"""What GKE needs of Compute Engine: networks, subnetworks, routers with NAT, firewall rules, and their operations."""

import datetime
import ipaddress
import itertools
import json
import re
import uuid

from . import places
from .errors import ComputeError

BASE = "https://www.googleapis.com/compute/v1/"
# Seconds that an insertion or a removal takes.
TIMES = {"networks": 20, "subnetworks": 15, "routers": 10, "firewalls": 5}
SCHEMAS = {"networks": "Network", "subnetworks": "Subnetwork", "routers": "Router", "firewalls": "Firewall"}
# Networks of a project, as a new project has them.
QUOTA_NETWORKS = 15
FILTER = re.compile(r'\(?\s*(\w+)\s*(?:=|eq)\s*(?:"([^"]*)"|([^\s()"]+))\s*\)?')


class Compute:
    """The resources of a project. `users(link)` gives what else uses a network or subnetwork, such as nodes."""

    def __init__(self, clock, agenda, project, document, users):
        self._clock = clock
        self._agenda = agenda
        self._project = project
        self._document = document
        self._users = users
        self._ids = itertools.count(4_000_000_000_000_000_000)
        # (collection, region or None, name) -> resource; those that are still being made or removed are in `_busy`.
        self._resources = {}
        self._busy = {}
        self._operations = {}
        self._by_request = {}
        self._add("networks", None, {"name": "default", "autoCreateSubnetworks": True})
        for index, region in enumerate(places.ZONES):
            block = {"name": "default", "network": self.link("networks", None, "default")}
            self._add("subnetworks", region, block | {"ipCidrRange": f"10.{128 + index}.0.0/20"})

    def inventory(self):
        """What there is, as `kind name`; what every project has from the beginning is there, too."""
        return [f"{collection} {name}" for collection, _, name in self._resources]

    def serve(self, operation, request, path, query, body):
        """Answers a method of the document as a dict."""
        if path.get("project") != self._project:
            message = f"Required '{operation}' permission for 'projects/{path.get('project')}'"
            raise ComputeError(403, "forbidden", message)
        region = path.get("region")
        if region is not None and region not in places.ZONES:
            raise ComputeError(400, "invalid", f"Unknown region: '{region}'.")
        collection, verb = operation.split(".", 1)
        if collection in ("globalOperations", "regionOperations") and verb == "get":
            return self._operation(region, path["operation"])
        if collection == "regions" and verb == "get":
            return self._region(region)
        if collection in SCHEMAS:
            if verb == "insert":
                return self._insert(collection, region, operation, request, query, body)
            if verb == "get":
                return self._get(collection, region, path[collection[:-1]])
            if verb == "list":
                return self._list(collection, region, query)
            if verb == "delete":
                return self._delete(collection, region, path[collection[:-1]], query)
        raise ComputeError(501, "notImplemented", f"The stand-in has no {operation}.")

    def link(self, collection, region, name):
        """The URL by which resources name one another."""
        return f"{BASE}projects/{self._project}/{_place(region)}/{collection}/{name}"

    def find(self, collection, region, name):
        """A resource that is ready; None without one. `name` may be a URL or a path."""
        key = (collection, region, name.rstrip("/").rpartition("/")[2])
        return None if key in self._busy else self._resources.get(key)

    def firewalls(self):
        """Names of all firewall rules."""
        return [name for kind, _, name in self._resources if kind == "firewalls"]

    def put_firewall(self, name, network):
        """A firewall rule that GKE makes in a network by itself."""
        if ("firewalls", None, name) not in self._resources:
            self._add("firewalls", None, {"name": name, "network": network, "direction": "INGRESS"})

    def drop_firewall(self, name):
        """The end of a firewall rule that GKE made."""
        self._resources.pop(("firewalls", None, name), None)

    def _add(self, collection, region, resource):
        now = datetime.datetime.fromtimestamp(self._clock.now(), datetime.UTC)
        link = self.link(collection, region, resource["name"])
        made = {
            "kind": f"compute#{SCHEMAS[collection].lower()}",
            "id": str(next(self._ids)),
            "creationTimestamp": now.isoformat(timespec="milliseconds"),
            **resource,
            "selfLink": link,
        }
        if region:
            made["region"] = f"{BASE}projects/{self._project}/regions/{region}"
        self._resources[(collection, region, resource["name"])] = made
        return made

    def _insert(self, collection, region, operation, request, query, body):
        known = self._by_request.get(query.get("requestId"))
        if known:
            return known
        self._document.check(request, body, f"compute.{operation}")
        name = body.get("name")
        if not name:
            raise ComputeError(400, "required", "Required field 'resource.name' not specified")
        key = (collection, region, name)
        path = self.link(collection, region, name)[len(BASE) :]
        if key in self._resources:
            raise ComputeError(409, "alreadyExists", f"The resource '{path}' already exists")
        check = {"networks": self._check_network, "subnetworks": self._check_subnetwork}.get(collection)
        if check:
            check(region, body)
        else:
            self._ready_network(body)
        # A network's quota is looked at by the operation, not by the front.
        networks = sum(1 for known in self._resources if known[0] == "networks")
        failure = None
        if collection == "networks" and networks >= QUOTA_NETWORKS:
            message = f"Quota 'NETWORKS' exceeded.  Limit: {QUOTA_NETWORKS}.0 globally."
            failure = {"code": "QUOTA_EXCEEDED", "message": message}
        else:
            self._add(collection, region, body)
        return self._begin(collection, region, key, "insert", query, failure)

    def _check_network(self, _, body):
        if "autoCreateSubnetworks" not in body and "IPv4Range" not in body:
            raise ComputeError(400, "invalid", "Invalid value for field 'resource.IPv4Range': ''.")

    def _check_subnetwork(self, region, body):
        network = self._ready_network(body)
        ranges = [body["ipCidrRange"], *(r["ipCidrRange"] for r in body.get("secondaryIpRanges", []))]
        taken = [
            block
            for (kind, _, _), other in self._resources.items()
            if kind == "subnetworks" and other["network"] == network["selfLink"]
            for block in (other["ipCidrRange"], *(r["ipCidrRange"] for r in other.get("secondaryIpRanges", [])))
        ]
        for block in ranges:
            value = _network_of(block)
            clash = next((other for other in taken if value.overlaps(_network_of(other))), None)
            if clash:
                message = f"Invalid IPCidrRange: {block} conflicts with existing subnetwork in region '{region}'."
                raise ComputeError(400, "invalid", message)
            taken.append(block)

    def _ready_network(self, body):
        """The network that a body names, which must be there and ready; its name is made a full URL."""
        name = body.get("network", "default").rpartition("/")[2]
        key = ("networks", None, name)
        path = f"projects/{self._project}/global/networks/{name}"
        if key not in self._resources:
            raise ComputeError(404, "notFound", f"The resource '{path}' was not found")
        if key in self._busy:
            raise ComputeError(400, "resourceNotReady", f"The resource '{path}' is not ready")
        body["network"] = self._resources[key]["selfLink"]
        return self._resources[key]

    def _delete(self, collection, region, name, query):
        known = self._by_request.get(query.get("requestId"))
        if known:
            return known
        resource = self._get(collection, region, name)
        key = (collection, region, name)
        path = resource["selfLink"][len(BASE) :]
        if key in self._busy:
            raise ComputeError(400, "resourceNotReady", f"The resource '{path}' is not ready")
        user = next(self._users_of(collection, resource), None)
        if user:
            message = f"The {collection[:-1]} resource '{path}' is already being used by '{user}'"
            raise ComputeError(400, "resourceInUseByAnotherResource", message)
        return self._begin(collection, region, key, "delete", query, None)

    def _users_of(self, collection, resource):
        link = resource["selfLink"]
        if collection == "networks":
            for (kind, _, _), other in self._resources.items():
                if kind != "networks" and other.get("network") == link:
                    yield other["selfLink"][len(BASE) :]
        if collection in ("networks", "subnetworks"):
            yield from self._users(collection, link)

    def _begin(self, collection, region, key, verb, query, failure):
        now = self._clock.now()
        name = f"operation-{int(now * 1000)}-{uuid.uuid4()}"
        started = datetime.datetime.fromtimestamp(now, datetime.UTC).isoformat(timespec="milliseconds")
        operation = {
            "kind": "compute#operation",
            "id": str(next(self._ids)),
            "name": name,
            "operationType": verb,
            "targetLink": self.link(*key),
            "status": "RUNNING",
            "progress": 0,
            "insertTime": started,
            "startTime": started,
            "selfLink": f"{BASE}projects/{self._project}/{_place(region)}/operations/{name}",
        }
        if region:
            operation["region"] = f"{BASE}projects/{self._project}/regions/{region}"
        self._operations[(region, name)] = operation
        if query.get("requestId"):
            self._by_request[query["requestId"]] = operation
        self._busy[key] = operation

        def end():
            self._busy.pop(key, None)
            operation.update(status="DONE", progress=100)
            if failure:
                operation.update(
                    error={"errors": [failure]}, httpErrorStatusCode=403, httpErrorMessage="FORBIDDEN"
                )
            elif verb == "delete":
                self._resources.pop(key, None)

        self._agenda.plan(TIMES[collection], end)
        return operation

    def _get(self, collection, region, name):
        found = self._resources.get((collection, region, name))
        if found is None:
            path = f"projects/{self._project}/{_place(region)}/{collection}/{name}"
            raise ComputeError(404, "notFound", f"The resource '{path}' was not found")
        return found

    def _list(self, collection, region, query):
        wanted = [r for (kind, place, _), r in self._resources.items() if (kind, place) == (collection, region)]
        text = query.get("filter", "").strip()
        if text:
            terms = FILTER.findall(text)
            if FILTER.sub("", text).replace("AND", "").strip():
                raise ComputeError(400, "invalid", f"Invalid value for field 'filter': '{text}'.")
            wanted = [r for r in wanted if all(r.get(field) == (quoted or plain) for field, quoted, plain in terms)]
        return {"kind": f"compute#{SCHEMAS[collection].lower()}List", "items": wanted}

    def _operation(self, region, name):
        found = self._operations.get((region, name))
        if found is None:
            path = f"projects/{self._project}/{_place(region)}/operations/{name}"
            raise ComputeError(404, "notFound", f"The resource '{path}' was not found")
        return found

    def _region(self, region):
        zones = [f"{BASE}projects/{self._project}/zones/{zone}" for zone in places.zones(region)]
        return {"kind": "compute#region", "name": region, "status": "UP", "zones": zones}


def encode(answer):
    """The bytes of an answer."""
    return json.dumps(answer).encode()


def _place(region):
    return f"regions/{region}" if region else "global"


def _network_of(block):
    try:
        return ipaddress.ip_network(block)
    except ValueError:
        raise ComputeError(400, "invalid", f"Invalid value for field 'resource.ipCidrRange': '{block}'.") from None
