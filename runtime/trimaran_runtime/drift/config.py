"""The `monitor.drift` section: what counts as drift."""

from typing import Annotated

from pydantic import Field

from trimaran_runtime.section import Section


class DriftConfig(Section):
    """What counts as drift: an effect whose lower confidence bound exceeds a tolerance."""

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    """Risk of one false verdict per check over all columns and facets (Bonferroni)."""
    min_rows: Annotated[int, Field(ge=1)] = 500
    """Fewer captured rows give "too few rows to tell", never a verdict."""
    tolerance: dict[str, Annotated[float, Field(ge=0)]] = {}
    """Largest tolerated effect by facet (`js`, `ks`, `missing`, `new_category`, ...), over ours."""
    ignore: tuple[str, ...] = ()
    """Columns that are not watched."""
