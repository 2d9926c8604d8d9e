"""The types of AKS as the vendor's package has them: what a request may hold, and what an answer may.

The real service refuses what it does not know and drops what may only be read; the package's models say which is which.
"""

import functools
import types
import typing

from azure.mgmt.containerservice import models

from .refusal import bad

_READ_ONLY = ["read"]


def accept(model, body):
    """The part of a request's body that a model takes; refuses what it does not know."""
    return _take(getattr(models, model), body, "", writing=True)


def show(model, value):
    """An answer, which must be one that the vendor's model knows: a mistake here is one of the stand-in."""
    try:
        return _take(getattr(models, model), value, "", writing=False)
    except Exception as error:
        raise AssertionError(f"the stand-in answers what {model} is not: {error}") from error


def values(enum):
    """The values of an enum of the package."""
    return {member.value for member in getattr(models, enum)}


@functools.cache
def _fields(model):
    """`{name on the wire: (type, is read only)}` of a model."""
    # The names of the fields are known to the package once an instance was made.
    model()
    annotations = {}
    for base in reversed(model.__mro__):
        annotations.update(base.__dict__.get("__annotations__", {}))
    return {
        field._rest_name: (annotations[name], field._visibility == _READ_ONLY)
        for name, field in model._attr_to_rest_field.items()
    }


def _resolve(kind):
    """A type's alternatives, with names resolved."""
    if isinstance(kind, typing.ForwardRef):
        kind = kind.__forward_arg__
    if isinstance(kind, str):
        return [getattr(models, kind.rpartition(".")[2])]
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return [part for member in typing.get_args(kind) for part in _resolve(member)]
    return [kind]


def _take(kind, value, path, writing):
    alternatives = [part for part in _resolve(kind) if part is not type(None)]
    enums = [part for part in alternatives if hasattr(part, "__members__")]
    if enums:
        # Enums grow from version to version; only the known values are taken, without regard to case as in Azure.
        known = {member.value.lower(): member.value for member in enums[0]}
        if not isinstance(value, str) or value.lower() not in known:
            raise bad(f"Unsupported value {value!r} of '{path}'; supported are {sorted(known.values())}.", path)
        return known[value.lower()]
    kind = alternatives[0]
    origin = typing.get_origin(kind)
    if origin is list:
        if not isinstance(value, list):
            raise bad(f"'{path}' must be an array.", path)
        (inner,) = typing.get_args(kind)
        return [_take(inner, member, f"{path}[{index}]", writing) for index, member in enumerate(value)]
    if origin is dict:
        if not isinstance(value, dict):
            raise bad(f"'{path}' must be an object.", path)
        inner = typing.get_args(kind)[1]
        return {key: _take(inner, member, f"{path}.{key}", writing) for key, member in value.items()}
    if hasattr(kind, "_attr_to_rest_field"):
        return _take_model(kind, value, path, writing)
    _check(kind, value, path)
    return value


def _take_model(model, value, path, writing):
    if not isinstance(value, dict):
        raise bad(f"'{path or model.__name__}' must be an object.", path)
    fields, taken = _fields(model), {}
    for name, member in value.items():
        if name not in fields:
            where = f"{path}.{name}".lstrip(".")
            raise bad(f"Could not find member '{name}' on object of type '{model.__name__}'. Path '{where}'.", where)
        kind, is_read_only = fields[name]
        if member is None or (writing and is_read_only):
            continue
        taken[name] = _take(kind, member, f"{path}.{name}".lstrip("."), writing)
    return taken


def _check(kind, value, path):
    wanted = {str: str, int: int, float: (int, float), bool: bool, bytes: str}.get(kind)
    is_wrong = wanted and (not isinstance(value, wanted) or (kind is not bool and isinstance(value, bool)))
    if is_wrong:
        raise bad(f"The value of '{path}' must be of type {kind.__name__}.", path)
