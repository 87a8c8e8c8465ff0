"""Plots as inline SVG: Vega-Lite specifications drawn without a browser and without a network."""

import re
from collections.abc import Sequence
from typing import Any

from trimaran_runtime.monitoring.bars import Bar
from trimaran_runtime.monitoring.traffic import Period

REFERENCE_COLOUR = "#8a97a6"
CURRENT_COLOUR = "#e8590c"
WIDTH, HEIGHT = 320, 150
_LABEL_PIXELS = 90
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML holds (XML 1.0, section 2.2). A level may; drawing it would end us."""
_CONFIG: dict[str, Any] = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "grid": False,
        "domainColor": "#8a97a6",
        "tickColor": "#8a97a6",
        "labelFontSize": 11,
        "labelLimit": _LABEL_PIXELS,
        "title": None,
    },
}


def comparison_plot(bars: Sequence[Bar]) -> str:
    """Shares before and now, as SVG markup for a page."""
    drawn = [bar for bar in bars if bar.low is not None]
    return svg(_histogram(drawn) if drawn else _grouped(bars))


def traffic_plot(periods: Sequence[Period]) -> str:
    """Rows over time, as SVG markup for a page."""
    step = periods[1].start - periods[0].start
    values = [
        {"from": p.start.isoformat(), "to": (p.start + step).isoformat(), "rows": p.rows}
        for p in periods
    ]
    encoding = {
        "x": {
            "field": "from",
            "type": "temporal",
            "scale": {"type": "utc"},
            "axis": {"tickCount": 6, "labelOverlap": True},
        },
        "x2": {"field": "to"},
        "y": {"field": "rows", "type": "quantitative", "axis": {"tickCount": 4}},
        "y2": {"datum": 0},
    }
    return svg(
        {
            "data": {"values": values},
            "width": 2 * WIDTH,
            "height": HEIGHT,
            "mark": {"type": "bar", "color": CURRENT_COLOUR, "binSpacing": 1},
            "encoding": encoding,
        }
    )


def _histogram(bars: Sequence[Bar]) -> dict[str, Any]:
    values = [
        {"low": b.low, "high": b.high, "reference": b.reference, "current": b.current} for b in bars
    ]
    shared = {
        "x": {
            "field": "low",
            "type": "quantitative",
            "scale": {"zero": False, "nice": False},
            "axis": {"tickCount": 6, "labelOverlap": True},
        },
        "x2": {"field": "high"},
    }
    layers = [
        {
            "mark": {"type": "bar", "color": colour, "opacity": opacity, "binSpacing": spacing},
            "encoding": {**shared, "y": _share(field), "y2": {"datum": 0}},
        }
        for field, colour, opacity, spacing in (
            ("reference", REFERENCE_COLOUR, 0.6, 0),
            ("current", CURRENT_COLOUR, 0.65, 3),
        )
    ]
    return {"data": {"values": values}, "width": WIDTH, "height": HEIGHT, "layer": layers}


def _grouped(bars: Sequence[Bar]) -> dict[str, Any]:
    values = [
        {"label": bar.label, "side": side, "share": share}
        for bar in bars
        for side, share in (("reference", bar.reference), ("current", bar.current))
    ]
    sides = ["reference", "current"]
    encoding = {
        "x": {
            "field": "label",
            "type": "nominal",
            "sort": None,
            "axis": {"labelAngle": -40 if len(bars) > 3 else 0, "labelOverlap": True},
        },
        "xOffset": {"field": "side", "type": "nominal", "sort": sides},
        "y": _share("share"),
        "color": {
            "field": "side",
            "type": "nominal",
            "scale": {"domain": sides, "range": [REFERENCE_COLOUR, CURRENT_COLOUR]},
            "legend": None,
        },
    }
    return {
        "data": {"values": values},
        "width": WIDTH,
        "height": HEIGHT,
        "mark": {"type": "bar"},
        "encoding": encoding,
    }


def _share(field: str) -> dict[str, Any]:
    axis = {"tickCount": 4, "format": "~%"}
    return {"field": field, "type": "quantitative", "axis": axis}


def svg(spec: dict[str, Any]) -> str:
    """A Vega-Lite specification as SVG markup for a page, in the colours and type of ours."""
    import vl_convert

    given = _printable({**spec, "config": _CONFIG})
    markup: str = vl_convert.vegalite_to_svg(given, allowed_base_urls=[])
    # Inline in HTML the namespaces go without saying; the page sets the size.
    markup = re.sub(r'\s(xmlns(:\w+)?|version|width|height|class)="[^"]*"', "", markup, count=0)
    return markup.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1)


def _printable(value: Any) -> Any:
    """The same with a replacement character for each that cannot be drawn."""
    if isinstance(value, str):
        return _NOT_XML.sub("\ufffd", value)
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    return [_printable(item) for item in value] if isinstance(value, list) else value
