"""What the evaluate step found between groups."""

from trimaran_runtime.gate.config import Rate
from trimaran_runtime.section import Section


class Share(Section):
    """A share with Wilson's 95 % interval; None: of no rows."""

    value: float | None
    low: float | None = None
    high: float | None = None
    rows: int
    """Rows it is a share of."""


class FairnessLevel(Section):
    """One group."""

    level: str
    """Level of the column."""
    rows: int
    """Its test rows."""
    rates: dict[Rate, Share]
    """Rates by name."""


class RateGap(Section):
    """The widest difference in a rate between two groups."""

    rate: Rate
    highest: str
    """Level with the highest rate."""
    lowest: str
    """Level with the lowest."""
    difference: float
    """Highest less lowest."""
    low: float
    """Lower end of its 95 % interval."""
    high: float
    """Upper end."""
    ratio: float | None
    """Lowest by highest; None: both are 0."""
    ratio_low: float | None = None
    """Lower end of its 95 % interval; None: a rate is 0."""
    ratio_high: float | None = None
    """Upper end."""
    chance: float
    """Chance of so wide a difference if all were equal, corrected for the number of pairs."""


class FairnessColumn(Section):
    """Groups of one column."""

    column: str
    levels: tuple[FairnessLevel, ...]
    """Groups that are large enough, by name."""
    gaps: tuple[RateGap, ...]
    """Widest difference by rate; none with fewer than two groups."""
