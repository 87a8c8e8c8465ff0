"""How good a model is on some rows, and how sure that is."""

from enum import StrEnum

from trimaran_runtime.section import Section


class Method(StrEnum):
    """How an interval was found."""

    normal = "normal"
    """From the influence of each row: value ± 1.96 standard errors."""
    exact = "exact"
    """Clopper and Pearson's, for a share with few successes or few failures."""
    score = "score"
    """Newcombe's, for an area under the ROC curve near its end or on few rows."""
    bootstrap = "bootstrap"
    """Percentiles of seeded draws of the rows, for few of them."""


class Estimate(Section):
    """A metric on some rows."""

    value: float | None
    """Its value; None: undefined there (one class alone, or predictions that are not finite)."""
    low: float | None = None
    """Lower end of the 95 % confidence interval."""
    high: float | None = None
    """Upper end of the 95 % confidence interval."""
    method: Method = Method.normal
    """How the interval was found."""


class Gain(Section):
    """How much better one model is than another on the same rows; positive is better."""

    value: float | None
    """Difference of the metric, signed so that positive is better; None: undefined."""
    standard_error: float | None
    """Of the difference, rows paired; None: undefined."""
