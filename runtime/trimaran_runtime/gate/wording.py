"""How the gate spells numbers."""

import math


def shown(number: float | None) -> str:
    """A number with four decimals, or `undefined`."""
    return "undefined" if number is None or math.isnan(number) else f"{number:.4f}"
