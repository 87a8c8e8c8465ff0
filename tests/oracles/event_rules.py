"""Event patterns and targets of EventBridge.

Source: Amazon EventBridge User Guide, "Creating event patterns".
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.oracles.finding import Finding, judged

LAYER = "rules"
_LONGEST = 2048
_FILTERS = {
    *("prefix", "suffix", "anything-but", "numeric", "exists", "cidr", "equals-ignore-case"),
    "wildcard",
}
_TOP = {
    *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"),
    "$or",
}
_COMPARISONS = {"=", "<", "<=", ">", ">="}


def check_pattern(text: str, path: str) -> Iterator[Finding]:
    """Rules of an event pattern."""
    if len(text) > _LONGEST:
        yield _found(path, f"has {len(text)} characters, more than {_LONGEST}")
    try:
        pattern = json.loads(text)
    except ValueError as exc:
        yield _found(path, f"is no JSON: {exc}")
        return
    if not isinstance(pattern, Mapping) or not pattern:
        yield _found(path, "is no object with fields")
        return
    for name in pattern.keys() - _TOP:
        yield _found(f"{path}.{name}", f"an event has none; there are {', '.join(sorted(_TOP))}")
    yield from _fields(pattern, path)


def target(inputs: Mapping[str, Any]) -> Iterator[Finding]:
    """Rules of a target."""
    ways = [name for name in ("input", "inputPath", "inputTransformer") if name in inputs]
    if len(ways) > 1:
        yield _found(ways[1], f"does not go with {ways[0]}")
    arn = inputs.get("arn", "")
    pipeline = judged(arn) and ":sagemaker:" in arn
    if pipeline and "roleArn" not in inputs:
        yield _found("roleArn", "is missing: a pipeline is started in a role")
    if "input" in inputs and judged(inputs["input"]):
        try:
            json.loads(inputs["input"])
        except ValueError as exc:
            yield _found("input", f"is no JSON: {exc}")


def _fields(pattern: Mapping[str, Any], path: str) -> Iterator[Finding]:
    for name, value in pattern.items():
        at = f"{path}.{name}"
        if name == "$or":
            if not isinstance(value, list) or len(value) < 2:
                yield _found(at, "takes a list of two or more patterns")
                continue
            for position, item in enumerate(value):
                yield from _fields(item, f"{at}[{position}]")
        elif isinstance(value, Mapping):
            if not value:
                yield _found(at, "is empty")
            yield from _fields(value, at)
        elif not isinstance(value, list) or not value:
            yield _found(at, f"{value!r} is no list of what matches")
        else:
            for position, item in enumerate(value):
                yield from _match(item, f"{at}[{position}]")


def _match(item: Any, at: str) -> Iterator[Finding]:
    if isinstance(item, list):
        yield _found(at, "a list within a list matches nothing")
    if not isinstance(item, Mapping):
        return
    if len(item) != 1 or not item.keys() <= _FILTERS:
        yield _found(at, f"{item!r} is no filter; there are {', '.join(sorted(_FILTERS))}")
        return
    [(kind, value)] = item.items()
    if kind == "exists" and not isinstance(value, bool):
        yield _found(at, f"exists takes true or false, not {value!r}")
    if kind == "numeric" and not _is_numeric(value):
        yield _found(at, f"{value!r} is no numeric comparison")


def _is_numeric(value: Any) -> bool:
    if not isinstance(value, list) or len(value) not in (2, 4):
        return False
    operators, numbers = value[::2], value[1::2]
    return set(operators) <= _COMPARISONS and all(
        isinstance(number, (int, float)) and not isinstance(number, bool) for number in numbers
    )


def _found(path: str, what: str) -> Finding:
    return Finding(layer=LAYER, path=path, what=what)
