"""An API as Google publishes it: routes, query parameters and, for bodies without protobuf types, the schemas."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import googleapiclient

FOLDER = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
# What every method takes beside its own parameters; `$alt` is how the newer clients spell `alt`.
SYSTEM = {"$alt", "$prettyPrint", "$fields"}


class Refused(Exception):
    """What the published document does not allow. The text is the one Google's front end gives."""


@dataclass(frozen=True)
class Route:
    """A method that a request is for."""

    # The document's id without the API's name and the path to its locations: `clusters.create`, `networks.insert`.
    operation: str
    # Schema of the body; None without one.
    request: str | None
    # Values in the path by the document's names.
    path: dict


class Document:
    """A document of the discovery service."""

    def __init__(self, name, prefix, strip):
        """`prefix` goes before the document's paths; `strip` is left out at the head of the methods' ids."""
        text = json.loads((FOLDER / name).read_text())
        self.schemas = text["schemas"]
        self._system = SYSTEM | set(text["parameters"])
        self._routes = []
        for method in _methods(text["resources"]):
            if not method["id"].startswith(strip):
                continue
            operation = method["id"][len(strip) :]
            path = prefix + method.get("flatPath", method["path"])
            pattern = "".join(
                f"(?P<{part[1:-1]}>[^/:]+)" if part.startswith("{") else re.escape(part)
                for part in re.split(r"(\{[^}]+\})", path)
            )
            self._routes.append((method["httpMethod"], re.compile(pattern), operation, method))

    def route(self, http_method, path, query):
        """The method that a request is for; None when there is none."""
        for verb, pattern, operation, method in self._routes:
            found = pattern.fullmatch(path) if verb == http_method else None
            if not found:
                continue
            known = self._system | set(method.get("parameters", {}))
            for name in query:
                if name not in known:
                    raise Refused(
                        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter.'
                    )
            return Route(operation, method.get("request", {}).get("$ref"), found.groupdict())
        return None

    def check(self, schema, value, method=None):
        """Refuses a body that is not of the schema; `method` is the id under which fields are said to be required."""
        self._check({"$ref": schema}, value, "", method)

    def _check(self, schema, value, where, method):
        if "$ref" in schema:
            schema = self.schemas[schema["$ref"]]
        kind = schema.get("type", "any")
        if kind == "object":
            self._expect(isinstance(value, dict), value, where, schema.get("id", "object"))
            properties, more = schema.get("properties", {}), schema.get("additionalProperties")
            for name, inner in value.items():
                if name in properties:
                    self._check(properties[name], inner, f"{where}.{name}".lstrip("."), method)
                elif more is not None:
                    self._check(more, inner, f"{where}.{name}".lstrip("."), method)
                else:
                    at = f" at '{where}'" if where else ""
                    raise Refused(f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.')
            for name, inner in properties.items():
                if method in inner.get("annotations", {}).get("required", []) and not value.get(name):
                    raise Refused(f"Required field '{f'{where}.{name}'.lstrip('.')}' not specified")
        elif kind == "array":
            self._expect(isinstance(value, list), value, where, "array")
            for index, inner in enumerate(value):
                self._check(schema["items"], inner, f"{where}[{index}]", method)
        elif kind == "boolean":
            self._expect(isinstance(value, bool), value, where, "TYPE_BOOL")
        elif kind in ("integer", "number"):
            self._expect(isinstance(value, int | float) and not isinstance(value, bool), value, where, "number")
        elif kind == "string":
            is_number = schema.get("format") in ("int64", "uint64") and isinstance(value, int)
            self._expect(isinstance(value, str) or is_number, value, where, "TYPE_STRING")
            if "enum" in schema and value not in schema["enum"]:
                raise Refused(f"Invalid value for field '{where}': '{value}'. Allowed: {', '.join(schema['enum'])}")
            if isinstance(value, str) and "pattern" in schema and not re.fullmatch(schema["pattern"], value):
                raise Refused(
                    f"Invalid value for field '{where}': '{value}'. Must be a match of regex '{schema['pattern']}'"
                )

    @staticmethod
    def _expect(is_right, value, where, kind):
        if not is_right:
            raise Refused(f"Invalid value at '{where}' ({kind}), {json.dumps(value)}")


def _methods(resources):
    for resource in resources.values():
        yield from resource.get("methods", {}).values()
        yield from _methods(resource.get("resources", {}))
