"""REST-JSON as botocore's model of a service says: which operation a request is, its input, its output, its errors."""

import datetime
import json
import re
import uuid
from urllib.parse import parse_qs, unquote

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from werkzeug.wrappers import Response


class Refusal(Exception):
    """An error of the service: `code` is a shape of its model, `members` are that shape's other members."""

    def __init__(self, code, message, **members):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.members = members


class RestJson:
    """A service whose API is REST-JSON."""

    def __init__(self, name):
        self.model = ServiceModel(Loader().load_service_model(name, "service-2"), name)
        self._routes = [self._route(self.model.operation_model(name)) for name in self.model.operation_names]
        # What is written out goes before what is a placeholder.
        self._routes.sort(key=lambda route: route[0].pattern.count("(?P<"))

    @staticmethod
    def _route(operation):
        uri = operation.http["requestUri"].split("?")[0]
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", uri)
        return re.compile(f"^{pattern}/?$"), operation.http["method"], operation

    def match(self, method, path):
        """The operation of a request, with what its path says; None when there is none. The path is as sent."""
        for pattern, verb, operation in self._routes:
            found = pattern.match(path)
            if found and verb == method:
                return operation, {name: unquote(value) for name, value in found.groupdict().items()}
        return None

    def input(self, operation, in_path, query, body):
        """The operation's input by the names of the model; what the model does not allow is refused."""
        shape = operation.input_shape
        try:
            content = json.loads(body) if body else {}
        except ValueError as error:
            raise Refusal("SerializationException", str(error)) from None
        if not isinstance(content, dict):
            raise Refusal("SerializationException", "the body is no object")
        query = parse_qs(query, keep_blank_values=True)
        taken, known = {}, set()
        for name, member in shape.members.items():
            place, key = member.serialization.get("location"), member.serialization.get("name", name)
            if place == "uri":
                taken[name] = in_path[key]
            elif place == "querystring":
                if key in query:
                    taken[name] = _from_text(member, query[key])
            else:
                known.add(key)
                if content.get(key) is not None:
                    taken[name] = _from_json(member, content[key])
        for key in content:
            if key not in known:
                raise Refusal("SerializationException", f"{operation.name} has no {key}")
        report = ParamValidator().validate(taken, shape)
        if report.has_errors():
            raise Refusal("InvalidParameterException", report.generate_report())
        _check(taken, shape, "")
        return taken

    def output(self, operation, value):
        """The answer that carries an operation's output."""
        shape = operation.output_shape
        return _answer(_to_json(value or {}, shape) if shape else {}, operation.http.get("responseCode", 200))

    def refuse(self, refusal):
        """The answer that carries an error."""
        shape = self.model.shape_for_error_code(refusal.code)
        status = shape.metadata.get("error", {}).get("httpStatusCode", 400) if shape else 400
        members = {name: value for name, value in refusal.members.items() if shape and name in shape.members}
        answer = _answer(members | {"message": refusal.message}, status)
        answer.headers["x-amzn-ErrorType"] = refusal.code
        return answer


def _answer(value, status):
    headers = {"x-amzn-RequestId": str(uuid.uuid4())}
    return Response(json.dumps(value), status, headers, content_type="application/json")


def _from_text(shape, values):
    """A parameter of the query by its shape."""
    if shape.type_name == "list":
        return values
    if shape.type_name == "boolean":
        return values[0] == "true"
    if shape.type_name in ("integer", "long"):
        try:
            return int(values[0])
        except ValueError:
            raise Refusal("InvalidParameterException", f"{values[0]!r} is no number") from None
    return values[0]


def _from_json(shape, value):
    """A member of the body with null left out, as services take it."""
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        taken = {}
        for key, part in value.items():
            if part is not None:
                name = names.get(key, key)
                taken[name] = _from_json(shape.members[name], part) if name in shape.members else part
        return taken
    if shape.type_name == "list" and isinstance(value, list):
        return [_from_json(shape.member, part) for part in value]
    return value


def _check(value, shape, path):
    """Refuses what botocore's validator leaves to the service: unknown members, enums and patterns."""
    if shape.type_name == "structure":
        for name, part in value.items():
            if name not in shape.members:
                raise Refusal("SerializationException", f"there is no {path}{name}")
            _check(part, shape.members[name], f"{path}{name}.")
    elif shape.type_name == "list":
        for part in value:
            _check(part, shape.member, path)
    elif shape.type_name == "map":
        for part in value.values():
            _check(part, shape.value, path)
    elif shape.type_name == "string":
        allowed, pattern = getattr(shape, "enum", None), shape.metadata.get("pattern")
        if allowed and value not in allowed:
            raise Refusal("InvalidParameterException", f"{path[:-1]} is {value!r}, not one of {allowed}")
        if pattern and not re.fullmatch(pattern, value):
            raise Refusal("InvalidParameterException", f"{path[:-1]} is {value!r}, which does not match {pattern}")


def _to_json(value, shape):
    """A value by its shape. A member that the shape does not have is a fault of the stand-in."""
    if shape.type_name == "structure":
        unknown = set(value) - set(shape.members)
        if unknown:
            raise TypeError(f"{shape.name} has no {sorted(unknown)}")
        return {
            member.serialization.get("name", name): _to_json(value[name], member)
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if shape.type_name == "list":
        return [_to_json(part, shape.member) for part in value]
    if shape.type_name == "map":
        return {key: _to_json(part, shape.value) for key, part in value.items()}
    if shape.type_name == "timestamp" and isinstance(value, datetime.datetime):
        return value.timestamp()
    if shape.type_name == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        raise TypeError(f"{shape.name} cannot be {value!r}")
    return value
