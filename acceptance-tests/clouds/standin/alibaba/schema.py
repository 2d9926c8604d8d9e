"""Operations and types, read at run time from the vendor's own SDK.

The SDK's models have names and types, but no rules: what is required and which words are allowed stands in their
comments, of which `fields` reads what it can.
"""

import functools
import inspect
import json
import re
import typing
from pathlib import Path

from alibabacloud_cs20151215 import client as cs_client
from alibabacloud_cs20151215 import models as cs_models
from alibabacloud_vpc20160428 import client as vpc_client
from alibabacloud_vpc20160428 import models as vpc_models
from darabonba.model import DaraModel

from .errors import Refused, invalid, missing

MODELS = {"cs": cs_models, "vpc": vpc_models}
# Read as files: to find a class in a source that long takes `inspect` many seconds.
SOURCES = {"cs": cs_client.__file__, "vpc": vpc_client.__file__}

_PARAMS = re.compile(
    r"action = '(?P<action>\w+)',\s+version = '(?P<version>[^']+)',\s+protocol = '\w+',"
    r"\s+pathname = f?'(?P<path>[^']*)',\s+method = '(?P<method>\w+)'"
)
_ARGUMENT = re.compile(r"\{DaraURL\.percent_encode\((\w+)\)\}")
_FIELD = re.compile(r"if m\.get\('(?P<wire>[^']+)'\) is not None:.*?self\.(?P<name>\w+)", re.S)
_REQUIRED = re.compile(r"This parameter is required\.")
_COMMENT = re.compile(r"((?:[ \t]*#[^\n]*\n)+)[ \t]*self\.(\w+) = ")
_WORD = re.compile(r"^\s*#\s*-\s+`?([\w.-]+)`?\s*(?::|$|\()", re.M)


@functools.cache
def operations(service):
    """All operations of a service: `{action: (method, regular expression of the path)}`."""
    found = {}
    for match in _PARAMS.finditer(Path(SOURCES[service]).read_text()):
        parts = _ARGUMENT.sub(r"(?P<\1>[^/]+)", match["path"])
        found[match["action"]] = match["method"], re.compile(f"{parts}$")
    return found


def find(service, method, path):
    """The operation of a method and a path, and the arguments in the path; None when there is none."""
    for action, (wanted, pattern) in operations(service).items():
        match = pattern.match(path)
        if wanted == method and match:
            return action, match.groupdict()
    return None


@functools.cache
def model(service, name):
    """A class of the SDK by name, however it spells the capital letters."""
    models = MODELS[service]
    by_name = {known.lower(): known for known in dir(models)}
    return getattr(models, by_name[name.lower()]) if name.lower() in by_name else None


@functools.cache
def fields(service, kind):
    """`{name on the wire: (type, is required, allowed words)}` of a model."""
    scope = {**vars(typing), "main_models": MODELS[service]}
    types = {
        name: eval(text, scope)  # noqa: S307 - the annotations of the SDK are text
        for name, text in kind.__init__.__annotations__.items()
        if name != "return"
    }
    comments = {name: text for text, name in _COMMENT.findall(inspect.getsource(kind.__init__))}
    found = {}
    for match in _FIELD.finditer(inspect.getsource(kind.from_map)):
        comment = comments.get(match["name"], "")
        is_required = bool(_REQUIRED.search(comment)) and "Deprecated" not in comment
        found[match["wire"]] = types[match["name"]], is_required, _words(comment)
    return found


def _words(comment):
    """The words that a comment lists as the only valid values."""
    _, marker, rest = comment.partition("Valid values:")
    words = set(_WORD.findall(rest.split("Default value")[0])) if marker else set()
    # Some comments stop at `true` and `false` of a flag, which is no word.
    return frozenset(words - {"true", "false"})


def check(service, kind, value, where="", strict=True):
    """Raises `Refused` for what a value of this type cannot be; `strict` also for what it lacks."""
    if kind is typing.Any or value is None:
        return
    origin = typing.get_origin(kind)
    if origin is list:
        if not isinstance(value, list):
            raise invalid(where, "a list is wanted")
        for number, item in enumerate(value):
            check(service, typing.get_args(kind)[0], item, f"{where}[{number}]", strict)
    elif origin is dict:
        if not isinstance(value, dict):
            raise invalid(where, "an object is wanted")
    elif isinstance(kind, type) and issubclass(kind, DaraModel):
        _check_model(service, kind, value, where, strict)
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise invalid(where, f"{kind.__name__} is wanted, not {json.dumps(value)}")


def _check_model(service, kind, value, where, strict):
    if not isinstance(value, dict):
        raise invalid(where or "body", "an object is wanted")
    known = fields(service, kind)
    for name in value:
        if name not in known:
            raise invalid(f"{where}.{name}".lstrip("."), "there is no such parameter")
    for name, (wanted, is_required, words) in known.items():
        path = f"{where}.{name}".lstrip(".")
        given = value.get(name)
        if given is None:
            if strict and is_required:
                raise missing(path)
            continue
        check(service, wanted, given, path, strict)
        if strict and words and isinstance(given, str) and given not in words:
            raise invalid(path, f"{given!r} is none of {', '.join(sorted(words))}")


def from_text(service, kind, pairs):
    """What a query or a form says, as the model's types: `Tag.1.Key=a` and JSON in lists become what they are."""
    value = {}
    known = fields(service, kind)
    for name, text in pairs:
        first, *rest = name.split(".")
        if first not in known:
            raise invalid(first, "there is no such parameter")
        wanted = known[first][0]
        if rest:
            _put(value.setdefault(first, {}), rest, text)
        elif typing.get_origin(wanted) is list or (isinstance(wanted, type) and issubclass(wanted, DaraModel)):
            try:
                value[first] = json.loads(text)
            except ValueError:
                raise invalid(first, "JSON is wanted") from None
        else:
            value[first] = _scalar(first, wanted, text)
    return {name: _as_list(item) if _is_list(known[name][0], item) else item for name, item in value.items()}


def _put(tree, path, text):
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = text


def _is_list(wanted, item):
    return typing.get_origin(wanted) is list and isinstance(item, dict)


def _as_list(item):
    return [item[key] for key in sorted(item, key=int)]


def _scalar(name, wanted, text):
    if wanted is int:
        if not text.lstrip("-").isdigit():
            raise invalid(name, "a number is wanted")
        return int(text)
    if wanted is bool:
        if text.lower() not in ("true", "false"):
            raise invalid(name, "true or false is wanted")
        return text.lower() == "true"
    return text


def answer(service, action, body):
    """The body of an answer, after a check that the SDK's model has all of it."""
    kind = model(service, f"{action}ResponseBody")
    try:
        for item in body if isinstance(body, list) else [body]:
            check(service, kind, item, action, strict=False)
    except Refused as error:
        raise AssertionError(f"the stand-in answers what the SDK does not know: {error}") from error
    return body
