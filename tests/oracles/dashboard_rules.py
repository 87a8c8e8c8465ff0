"""The JSON inside of a CloudWatch dashboard.

Source: Amazon CloudWatch API Reference, "Dashboard Body Structure and Syntax".
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.oracles.finding import Finding, judged

LAYER = "rules"
_COLUMNS = 24
_TALLEST = 1000
_MOST_WIDGETS = 500
_TYPES = ("metric", "text", "log", "alarm", "explorer", "custom")
_VIEWS = ("timeSeries", "singleValue", "gauge", "bar", "pie", "table")
_TOP = {"widgets", "start", "end", "periodOverride", "variables"}


def dashboard(inputs: Mapping[str, Any]) -> Iterator[Finding]:
    """Rules of a dashboard."""
    text, path = inputs.get("dashboardBody", ""), "dashboardBody"
    if not judged(text):
        return
    try:
        body = json.loads(text)
    except ValueError as exc:
        yield _found(path, f"is no JSON: {exc}")
        return
    for name in body.keys() - _TOP:
        yield _found(f"{path}.{name}", "unknown element")
    widgets = body.get("widgets", [])
    if not isinstance(widgets, list) or len(widgets) > _MOST_WIDGETS:
        yield _found(f"{path}.widgets", f"is no list of at most {_MOST_WIDGETS}")
        return
    for position, widget in enumerate(widgets):
        yield from _widget(widget, f"{path}.widgets[{position}]")


def _widget(widget: Mapping[str, Any], at: str) -> Iterator[Finding]:
    for name in widget.keys() - {"type", "x", "y", "width", "height", "properties"}:
        yield _found(f"{at}.{name}", "unknown element")
    kind, properties = widget.get("type"), widget.get("properties")
    if kind not in _TYPES:
        yield _found(f"{at}.type", f"{kind!r} is none of {', '.join(_TYPES)}")
    x, width, height = widget.get("x", 0), widget.get("width", 6), widget.get("height", 6)
    if not 1 <= width <= _COLUMNS or x < 0 or x + width > _COLUMNS:
        yield _found(f"{at}.width", f"{x} + {width} is not within {_COLUMNS} columns")
    if not 1 <= height <= _TALLEST:
        yield _found(f"{at}.height", f"{height} is not from 1 to {_TALLEST}")
    if not isinstance(properties, Mapping):
        yield _found(f"{at}.properties", "is missing")
    elif kind == "metric":
        yield from _metric(properties, f"{at}.properties")
    else:
        needed = {"text": "markdown", "log": "query", "alarm": "alarms"}.get(str(kind))
        if needed is not None and needed not in properties:
            yield _found(f"{at}.properties.{needed}", "is missing")


def _metric(properties: Mapping[str, Any], at: str) -> Iterator[Finding]:
    metrics = properties.get("metrics")
    if metrics is None and "alarms" not in (properties.get("annotations") or {}):
        yield _found(f"{at}.metrics", "neither it nor an alarm is there")
    if "region" not in properties:
        yield _found(f"{at}.region", "is missing")
    view = properties.get("view", "timeSeries")
    if view not in _VIEWS:
        yield _found(f"{at}.view", f"{view!r} is none of {', '.join(_VIEWS)}")
    period = properties.get("period", 300)
    if judged(period) and (not isinstance(period, int) or period < 1):
        yield _found(f"{at}.period", f"{period!r} is no period")
    for position, row in enumerate(metrics or []):
        yield from _row(row, f"{at}.metrics[{position}]")


def _row(row: Any, at: str) -> Iterator[Finding]:
    """Namespace, name, dimensions in pairs, and options; or a single expression."""
    if not isinstance(row, list) or not row:
        yield _found(at, f"{row!r} is no metric")
        return
    options = row[-1] if isinstance(row[-1], Mapping) else None
    names = row[:-1] if options is not None else row
    if not names:
        if not (options or {}).get("expression"):
            yield _found(at, "has neither a name nor an expression")
    elif len(names) < 2 or len(names) % 2:
        yield _found(at, "is not namespace, name, and dimensions in pairs")
    elif not all(isinstance(name, str) for name in names):
        yield _found(at, "has something other than text and options")


def _found(path: str, what: str) -> Finding:
    return Finding(layer=LAYER, path=path, what=what)
