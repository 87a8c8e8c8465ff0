"""The plot of performance with labels over time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trimaran_runtime.monitoring.plot import CURRENT_COLOUR, HEIGHT, REFERENCE_COLOUR, WIDTH, svg

if TYPE_CHECKING:
    from trimaran_runtime.gate.config import Metric
    from trimaran_runtime.monitoring.late_performance import PerformancePart


def performance_plot(parts: "Sequence[PerformancePart]", metric: "Metric", before: float) -> str:
    """SVG of a metric by part of time with its interval, and a line at what it was before."""
    values = [
        {
            "start": f"{part.start:%Y-%m-%dT%H:%M:%SZ}",
            "value": found.value,
            "low": found.low,
            "high": found.high,
        }
        for part in parts
        if (found := part.metrics.get(metric)) is not None and found.value is not None
    ]
    time = {"field": "start", "type": "temporal", "scale": {"type": "utc"}, "axis": {"title": None}}
    scale = {"zero": False}

    def y(field: str) -> dict[str, Any]:
        return {"field": field, "type": "quantitative", "scale": scale, "title": None}

    colour = {"value": CURRENT_COLOUR}
    spans = {"x": time, "y": y("low"), "y2": {"field": "high"}, "color": colour}
    points = {"x": time, "y": y("value"), "color": colour}
    return svg(
        {
            "data": {"values": values},
            "width": 2 * WIDTH,
            "height": HEIGHT,
            "layer": [
                {"mark": {"type": "rule"}, "encoding": spans},
                {"mark": {"type": "point", "filled": True}, "encoding": points},
                {
                    "mark": {"type": "rule", "color": REFERENCE_COLOUR},
                    "encoding": {"y": {"datum": before}},
                },
            ],
        }
    )
