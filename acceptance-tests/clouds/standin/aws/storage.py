"""S3's names of operations, which its requests do not say: by botocore's model of their URIs."""

import functools
from urllib.parse import parse_qs

from botocore.loaders import Loader
from botocore.model import ServiceModel


class Storage:
    """Knows which operation of S3 a request is."""

    @functools.cached_property
    def _routes(self):
        # Only when S3 is asked for: its model is large.
        model = ServiceModel(Loader().load_service_model("s3", "service-2"), "s3")
        routes = [self._route(model.operation_model(name)) for name in model.operation_names]
        # What else must be there distinguishes operations of one path.
        return sorted(routes, key=lambda route: -len(route[2]) - len(route[3]))

    @staticmethod
    def _route(operation):
        path, _, query = operation.http["requestUri"].partition("?")
        needed = set(parse_qs(query, keep_blank_values=True))
        headers, shape = set(), operation.input_shape
        for name in shape.required_members if shape else ():
            place = shape.members[name].serialization
            if place.get("location") == "querystring":
                needed.add(place["name"])
            if place.get("location") == "header":
                headers.add(place["name"])
        places = path.strip("/").count("/") + bool(path.strip("/"))
        return operation.http["method"], places, needed, headers, operation.name

    def operation(self, method, path, query, headers):
        parts = path.strip("/").split("/", 1)
        depth = 0 if not parts[0] else 1 if len(parts) == 1 or not parts[1] else 2
        given = set(parse_qs(query, keep_blank_values=True))
        for verb, places, needed, demanded, name in self._routes:
            if verb == method and places == depth and needed <= given and all(one in headers for one in demanded):
                return name
        return f"{method} {path}"
