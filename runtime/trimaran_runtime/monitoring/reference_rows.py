"""Rows that a release keeps, with the model's answers to them: only where the spec asks for it."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trimaran_runtime.drift.level_name import text_of
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.monitoring.predictions import PROBABILITY

if TYPE_CHECKING:
    import pyarrow as pa

    from trimaran_runtime.drift.row_sample import RowSample

ROLE = "reference_rows"
"""Role of the release's file with rows that it was made on."""
SCORE = "trimaran:probability"
"""Column of the model's probability of the positive class."""
TRUTH = "trimaran:class"
"""Column of the true class."""


def answered_rows(predictions: "pa.Table", truth: Iterable[Any]) -> "pa.Table":
    """Score and true class of each row, in the columns that weighted rates are made of.

    Args:
        predictions: has the column `probability`.
        truth: true class of each row; None: not known.
    """
    import pyarrow as pa

    classes = pa.array([None if t is None else text_of(t) for t in truth], pa.string())
    return pa.table({SCORE: predictions[PROBABILITY].cast(pa.float64()), TRUTH: classes})


def reference_rows(
    table: "pa.Table",
    reference: Profile,
    answered: "pa.Table | None",
    *,
    rows: int,
    without: Collection[str],
) -> bytes:
    """A sample of rows, as bytes: a profile of no column that has the sample.

    Args:
        table: the rows.
        reference: profile of them: the columns that the sample has, but for texts and vectors.
        answered: the model's answers to them; None: there are no two classes.
        rows: different rows to keep.
        without: columns that are never kept.
    """
    known = dict(reference.columns)
    told = table.select([name for name in known if name not in without])
    if answered is not None:
        known |= Profile.of(answered, kinds={TRUTH: "level"}).columns
        for name in answered.column_names:
            told = told.append_column(name, answered[name])
    whole = Profile(rows=reference.rows, columns=known)
    sample = whole.with_sample(told, rows=rows, without=without).sample
    return Profile(rows=reference.rows, columns={}, sample=sample).to_bytes()


def rows_of(content: bytes | None) -> "RowSample | None":
    """The sample in a file; None: there is no file. Raises Corrupted when it cannot be read."""
    return None if content is None else Profile.from_bytes(content).sample


def with_rows(reference: Profile, rows: "RowSample | None") -> Profile:
    """A reference with its rows as traffic has them, without the answers to them."""
    return reference if rows is None else replace(reference, sample=rows.only(reference.columns))
