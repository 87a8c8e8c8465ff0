"""The plots of a model card: Vega-Lite specifications, drawn by the monitor's plotting module."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.monitoring.plot import CURRENT_COLOUR, HEIGHT, REFERENCE_COLOUR, WIDTH, svg

if TYPE_CHECKING:
    from trimaran_runtime.evaluation.evaluation import SegmentResult

_BINS = 10
_SCORE_BINS = 24
_FEWEST = 5
"""Rows below which a bin of the reliability curve is left out."""
_MOST_BARS = 15
_STEP = 22
"""Height of one bar, pixels."""
_DIGITS = 6

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]


def reliability_plot(scores: Floats, hits: Marks) -> str:
    """How often the class came, by predicted probability, in ten bins of equal rows; SVG.

    Args:
        scores: (n,) probabilities of the class.
        hits: (n,) whether it was the class.
    """
    order = np.argsort(scores, kind="stable")
    points = [
        {"predicted": _short(scores[part].mean()), "observed": _short(hits[part].mean())}
        for part in np.array_split(order, _BINS)
        if len(part) >= _FEWEST
    ]
    shared = {
        "x": {"field": "predicted", "type": "quantitative", "scale": {"domain": [0, 1]}},
        "y": {"field": "observed", "type": "quantitative", "scale": {"domain": [0, 1]}},
    }
    diagonal = [{"predicted": end, "observed": end} for end in (0, 1)]
    line = {"type": "line", "color": REFERENCE_COLOUR, "strokeDash": [4, 4]}
    return svg(
        {
            "width": WIDTH,
            "height": HEIGHT,
            "layer": [
                {"data": {"values": diagonal}, "mark": line, "encoding": shared},
                {
                    "data": {"values": points},
                    "mark": {"type": "line", "point": True, "color": CURRENT_COLOUR},
                    "encoding": shared,
                },
            ],
        }
    )


def scores_plot(scores: Floats) -> str:
    """Shares of the rows by predicted score; SVG."""
    counts, edges = np.histogram(scores, bins=_SCORE_BINS)
    values = [
        {"low": _short(edges[i]), "high": _short(edges[i + 1]), "share": _short(c / len(scores))}
        for i, c in enumerate(counts)
    ]
    axis = {"tickCount": 4, "format": "~%"}
    return svg(
        {
            "data": {"values": values},
            "width": WIDTH,
            "height": HEIGHT,
            "mark": {"type": "bar", "color": CURRENT_COLOUR, "binSpacing": 1},
            "encoding": {
                "x": {"field": "low", "type": "quantitative", "scale": {"zero": False}},
                "x2": {"field": "high"},
                "y": {"field": "share", "type": "quantitative", "axis": axis},
                "y2": {"datum": 0},
            },
        }
    )


def segments_plot(segments: "Sequence[SegmentResult]") -> str:
    """The metric by segment, with intervals; SVG. Empty where there is none to draw."""
    bars = [
        (found.name, found.estimate.value, found.estimate.low, found.estimate.high)
        for found in segments
    ]
    return _intervals(bars)


def importance_plot(bars: Sequence[tuple[str, float | None, float | None, float | None]]) -> str:
    """Importance by column: name, value, low, high; SVG. Empty where there is none to draw."""
    return _intervals(bars)


def _intervals(bars: Sequence[tuple[str, float | None, float | None, float | None]]) -> str:
    values = [
        {"name": name, "value": _short(value), "low": _short(low), "high": _short(high)}
        for name, value, low, high in bars
        if value is not None and low is not None and high is not None
    ][:_MOST_BARS]
    if not values:
        return ""
    name = {"field": "name", "type": "nominal", "sort": None}
    scale = {"zero": False}
    return svg(
        {
            "data": {"values": values},
            "width": WIDTH,
            "height": _STEP * len(values),
            "layer": [
                {
                    "mark": {"type": "rule", "color": REFERENCE_COLOUR, "strokeWidth": 3},
                    "encoding": {
                        "y": name,
                        "x": {"field": "low", "type": "quantitative", "scale": scale},
                        "x2": {"field": "high"},
                    },
                },
                {
                    "mark": {"type": "point", "filled": True, "color": CURRENT_COLOUR, "size": 50},
                    "encoding": {"y": name, "x": {"field": "value", "type": "quantitative"}},
                },
            ],
        }
    )


def _short(number: Any) -> float:
    return round(float(number), _DIGITS)
