"""The `validation` section: how strict the checks before training are."""

from typing import Annotated

from pydantic import Field

from trimaran_runtime.data.config import FUNCTION
from trimaran_runtime.section import Section
from trimaran_runtime.validation.lock import TableLock

Expectation = Annotated[str, Field(pattern=FUNCTION)]


class ValidationConfig(Section):
    """How strict the checks before training are."""

    max_missing: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Largest share of missing values a feature may have, 0 to 1."""
    max_duplicates: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Largest share of rows that repeat another row exactly, 0 to 1."""
    max_overlap: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Largest share of test rows that repeat a training row in every feature and the target,
    beyond the share of training rows that repeat one another, 0 to 1."""
    max_future: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Largest share of rows in which a timestamp may lie after `data.time`, 0 to 1."""
    max_age_hours: Annotated[float, Field(gt=0)] | None = None
    """Largest age of the newest row by `data.time`, hours; None: any age."""
    leak_auc: Annotated[float, Field(gt=0.5, le=1)] = 0.95
    """One feature alone that separates the target this well (AUC, 0.5 to 1) is a leak. So is one
    from 0.89 on that is far ahead of every other (half as far from 1); from 0.8 on that is a
    warning. For regression, rank correlation is measured instead."""
    allow: tuple[str, ...] = ()
    """Columns whose leak findings were looked at and accepted; recorded in the release."""
    expectations: tuple[Expectation, ...] = ()
    """Your own checks, each `module:function`: called with the table as a pandas frame; returns
    None, a list of texts (each a failure) or a pandera schema to check it by, or raises pandera's
    SchemaError or SchemaErrors."""
    lock: TableLock | None = None
    """What the table must look like; read from `<spec>.lock.yaml` beside the spec, which
    `trimaran lock` writes. None: nothing of it is enforced."""
