"""What is written about a model's answers: the release's file `explanation`.

Numbers are rounded to six significant digits: more would be noise, and differ between machines.
"""

from enum import StrEnum
from typing import Self

from pydantic import ValidationError

from trimaran_runtime.errors import Corrupted
from trimaran_runtime.section import Section
from trimaran_runtime.training.config import Scalar

EXPLANATION = "explanation.json"
"""Name of the file."""


class Method(StrEnum):
    """How contributions were found."""

    linear = "linear"
    """Exact, in closed form: coefficient times the distance from the mean."""
    tree = "tree"
    """Exact, by TreeSHAP (Lundberg et al., 2020) along the trees' own paths."""
    interventional = "interventional"
    """Exact, by TreeSHAP against reference rows (Lundberg et al., 2020); of a served answer."""
    sampled = "sampled"
    """Estimated, by sampling orders of the columns (Strumbelj and Kononenko, 2014)."""


class Scale(StrEnum):
    """What the contributions of a row add up to."""

    log_odds = "log-odds"
    """The raw score of a classifier, before it becomes a probability."""
    probability = "probability"
    """The probability of a class."""
    value = "value"
    """The predicted number."""
    log = "log"
    """The logarithm of the predicted number."""


class Importance(Section):
    """What one column contributes, over rows."""

    feature: str
    """Input column."""
    value: float
    """Mean absolute contribution, on the scale of the explanation."""
    low: float
    """Lower end of the 95 % confidence interval over rows."""
    high: float
    """Upper end of it."""
    sampling_error: float | None = None
    """Root mean square of the standard errors of the contributions; None: they are exact."""


class Loss(Section):
    """What the metric loses when one column is shuffled."""

    feature: str
    """Input column."""
    value: float | None
    """Mean loss over the repeats, positive is worse; None: undefined."""
    low: float | None
    """Lower end of the 95 % confidence interval, over rows and repeats."""
    high: float | None
    """Upper end of it."""


class Permutation(Section):
    """Permutation importance (Breiman, 2001), paired by rows."""

    metric: str
    """The gate's metric."""
    rows: int
    """Test rows."""
    repeats: int
    """Shuffles of each column."""
    losses: tuple[Loss, ...]
    """By loss, largest first."""


class Example(Section):
    """The explanation of one row."""

    row: int
    """Its place among the test rows, from 0."""
    contributions: dict[str, tuple[float, ...]]
    """By column: one number per explained output."""


class Explanation(Section):
    """How a model comes to its answers."""

    schema_version: int = 1
    method: Method
    """How contributions were found."""
    why: str
    """Why by that method."""
    scale: Scale
    """What contributions add up to, from `base`."""
    outputs: tuple[Scalar, ...]
    """Explained classes; for two classes the second; empty for regression."""
    base: tuple[float, ...]
    """What is answered before anything is known of a row, per output."""
    rows: int
    """Explained rows."""
    importances: tuple[Importance, ...]
    """By importance, largest first."""
    permutation: Permutation
    """What the metric loses without a column."""
    examples: tuple[Example, ...]
    """Single rows."""
    seed: int
    """Seed of everything drawn."""
    reference: dict[str, tuple[Scalar | None, ...]]
    """What rows are compared with: values by column, each column shuffled on its own, so that no
    row of the data can be read from it."""

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """Read `explanation.json` back; raises Corrupted."""
        try:
            return cls.model_validate_json(document)
        except ValidationError as exc:
            raise Corrupted(f"the explanation cannot be read: {exc}", where="explain") from exc


def rounded(number: float) -> float:
    """A number to six significant digits."""
    return float(f"{number:.6g}")
