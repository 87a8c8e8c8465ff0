"""Inputs of a resource against the types of the provider's own SDK, nested ones included.

The SDK is generated from the provider's schema, so what it has no name for, the provider refuses.
Values are taken as the engine sees them: names in camelCase, plain values.
"""

import collections.abc
import importlib
import inspect
import json
import re
import sys
import typing
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any

import pulumi
from pulumi import _types

from tests.oracles.finding import Finding, judged

LAYER = "types"
_REGISTERED = re.compile(r'resource_modules="""(.*?)"""', re.DOTALL)
_NEVER_PLAIN = (collections.abc.Awaitable, pulumi.Output)


def check(token: str, inputs: Mapping[str, Any]) -> list[Finding]:
    """Everything that the provider would refuse by its schema alone.

    Args:
        token: type token, `aws:s3/bucket:Bucket`.
        inputs: inputs by their names at the engine.
    """
    try:
        args = args_of(token)
    except KeyError:
        return [Finding(layer=LAYER, path="(type)", what=f"the SDK knows no {token}")]
    return list(_object(args, inputs, ""))


@cache
def args_of(token: str) -> type:
    """Class of the arguments of a resource.

    Raises:
        KeyError: the SDK has no such resource.
    """
    module, name = _classes("pulumi_aws")[token]
    resource = getattr(importlib.import_module(module), name)
    for overload in typing.get_overloads(resource.__init__):
        parameter = inspect.signature(overload).parameters.get("args")
        if parameter is not None:
            options = [option for option in _options(parameter.annotation) if option is not str]
            return options[0]  # type: ignore[no-any-return]
    raise KeyError(token)


def output_names(token: str) -> frozenset[str]:
    """Names of everything a resource has, inputs included."""
    module, name = _classes("pulumi_aws")[token]
    resource = getattr(importlib.import_module(module), name)
    return frozenset(_types.resource_types(resource))


@cache
def _classes(package: str) -> dict[str, tuple[str, str]]:
    spec = importlib.util.find_spec(package)
    text = _REGISTERED.search(Path(str(spec.origin)).read_text())  # type: ignore[union-attr]
    return {
        token: (entry["fqn"], name)
        for entry in json.loads(text[1])  # type: ignore[index]
        for token, name in entry["classes"].items()
    }


@cache
def members(cls: type) -> dict[str, Any]:
    """Hint of each member of an input class, by its name at the engine."""
    names = vars(sys.modules[cls.__module__])
    local = {"Output": pulumi.Output, "T": NoneType}
    found = {}
    for _, wire, prop in _types._py_properties(cls):
        found[wire] = typing.get_type_hints(prop.fget, globalns=names, localns=local)["return"]
    return found


@cache
def required(cls: type) -> frozenset[str]:
    """Names of the members that have to be given."""
    wire = _types.input_type_py_to_pulumi_names(cls)
    return frozenset(
        wire[name]
        for name, parameter in inspect.signature(cls.__init__).parameters.items()
        if name in wire and parameter.default is inspect.Parameter.empty
    )


def _options(hint: Any) -> list[Any]:
    """What a hint allows as a plain value; classes, generics and Any."""
    if typing.get_origin(hint) in (typing.Union, UnionType):
        found: list[Any] = []
        for part in typing.get_args(hint):
            found += [option for option in _options(part) if option not in found]
        # A class of arguments comes with the same as a TypedDict, and sometimes with the output's.
        classes = [option for option in found if _is_input(option)]
        return [o for o in found if not classes or _is_input(o) or o in (str, bool, int, float)]
    if hint is NoneType or typing.get_origin(hint) in _NEVER_PLAIN or hint in _NEVER_PLAIN:
        return []
    return [hint]


def _is_input(option: Any) -> bool:
    return isinstance(option, type) and _types.is_input_type(option)


def _object(cls: type, value: Any, path: str) -> Iterator[Finding]:
    if not isinstance(value, Mapping):
        yield _found(path, f"{value!r} is no object")
        return
    known = members(cls)
    given = {name for name, item in value.items() if item is not None}
    for name in sorted(given - known.keys()):
        yield _found(_at(path, name), f"unknown property; there are {', '.join(known)}")
    for name in sorted(required(cls) - given):
        yield _found(_at(path, name), "is missing")
    for name in sorted(given & known.keys()):
        yield from _value(known[name], value[name], _at(path, name))


def _value(hint: Any, value: Any, path: str) -> Iterator[Finding]:
    if not judged(value):
        return
    options = _options(hint)
    tried = [list(_as(option, value, path)) for option in options]
    if not tried or any(not findings for findings in tried):
        return
    # The option that fits best says most clearly what is wrong.
    yield from min(tried, key=lambda findings: (len(findings), -len(findings[0].path)))


def _as(option: Any, value: Any, path: str) -> Iterator[Finding]:
    origin = typing.get_origin(option)
    if option is Any:
        return
    if _is_input(option):
        yield from _object(option, value, path)
    elif origin is collections.abc.Sequence:
        if isinstance(value, (list, tuple)):
            for position, item in enumerate(value):
                yield from _value(typing.get_args(option)[0], item, f"{path}[{position}]")
        else:
            yield _found(path, f"{value!r} is no list")
    elif origin is collections.abc.Mapping:
        if isinstance(value, Mapping):
            for key, item in value.items():
                yield from _value(typing.get_args(option)[1], item, _at(path, key))
        else:
            yield _found(path, f"{value!r} is no map")
    elif isinstance(option, type) and issubclass(option, Enum):
        allowed = [member.value for member in option]
        if value not in allowed:
            yield _found(path, f"{value!r} is none of {', '.join(map(str, allowed))}")
    elif option in _PLAIN and not _PLAIN[option](value):
        yield _found(path, f"{value!r} is no {option.__name__}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_PLAIN: dict[Any, typing.Callable[[Any], bool]] = {
    str: lambda value: isinstance(value, str),
    bool: lambda value: isinstance(value, bool),
    int: lambda value: _is_number(value) and float(value).is_integer(),
    float: _is_number,
}


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _found(path: str, what: str) -> Finding:
    return Finding(layer=LAYER, path=path or "(inputs)", what=what)
