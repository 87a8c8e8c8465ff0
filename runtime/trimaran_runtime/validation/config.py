"""The `validation` section: how strict the checks before training are."""

from typing import Annotated

from pydantic import Field

from trimaran_runtime.section import Section


class ValidationConfig(Section):
    """How strict the checks before training are."""

    max_missing: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Largest share of missing values a feature may have, 0 to 1."""
    max_duplicates: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Largest share of rows that repeat another row exactly, 0 to 1."""
    leak_auc: Annotated[float, Field(gt=0.5, le=1)] = 0.95
    """One feature alone that separates the target this well (AUC, 0.5 to 1) is a leak. So is one
    from 0.8 on that is far ahead of every other (half as far from 1); for regression, rank
    correlation is measured instead."""
    allow: tuple[str, ...] = ()
    """Columns whose leak findings were looked at and accepted; recorded in the release."""
