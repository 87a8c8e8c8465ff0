"""The `monitor.drift` section: what counts as drift."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from trimaran_runtime.section import Section

FEWEST_SAMPLE_ROWS = 1_000
"""Fewer rows tell a classifier next to nothing."""


class FacetName(StrEnum):
    """What is compared about a column; each has a tolerance of its own."""

    missing = "missing"
    """Change of the share of missing values, 0 to 1."""
    infinite = "infinite"
    """Change of the share of infinite values, 0 to 1; numbers only."""
    out_of_range = "out_of_range"
    """Share of values outside the reference's range beyond what chance explains; numbers only."""
    tail = "tail"
    """Change of the share of values outside the reference's 0.1 % to 99.9 %; numbers only."""
    js = "js"
    """Jensen-Shannon distance (base 2, 0 to 1) over 32 reference-quantile bins, or over levels."""
    ks = "ks"
    """Kolmogorov-Smirnov distance, 0 to 1; numbers only."""
    w1 = "w1"
    """Wasserstein-1 distance within the reference's 0.1 % to 99.9 %, in standard deviations."""
    new_category = "new_category"
    """Share of levels never seen in the reference, beyond what chance explains."""
    share = "share"
    """Largest change of the share of one level, 0 to 1."""


def _none_or_enough(rows: int) -> int:
    if 0 < rows < FEWEST_SAMPLE_ROWS:
        raise ValueError(f"{rows} rows are too few: 0 (none), or {FEWEST_SAMPLE_ROWS:,} and more")
    return rows


SampleRows = Annotated[int, Field(ge=0, le=50_000), AfterValidator(_none_or_enough)]


class DriftConfig(Section):
    """What counts as drift: an effect whose lower confidence bound exceeds a tolerance."""

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    """Risk of one false verdict per check over all columns and facets (Bonferroni)."""
    min_rows: Annotated[int, Field(ge=1)] = 500
    """Fewer captured rows give "too few rows to tell", never a verdict of one check; many such
    checks together can still show a change."""
    tolerance: dict[FacetName, Annotated[float, Field(gt=0)]] = {}
    """Largest tolerated effect by facet (`js`, `ks`, `missing`, `new_category`, ...), over ours."""
    ignore: tuple[str, ...] = ()
    """Columns that are not watched."""
    sample_rows: SampleRows = 0
    """Rows of the training data that the release keeps, and rows of the window that a check draws,
    so that a classifier can tell whether all columns together moved, and where; 0: none, or 1,000
    to 50,000. Rows may be personal data, and stay in the release: columns named in
    `endpoint.capture.redact` are never among them."""
    run_length_checks: Annotated[float, Field(ge=100)] = 10_000
    """Mean checks between two false alarms of the detector that adds checks up, at least."""
