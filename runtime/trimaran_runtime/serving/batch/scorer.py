"""Predicts portions with a loaded release: the server's checks, the server's model code."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.errors import DataError, UserCodeError
from trimaran_runtime.serving.batch.answer import AnswerColumns
from trimaran_runtime.serving.batch.portion import Portion
from trimaran_runtime.serving.batch.raw_column import raw_values
from trimaran_runtime.serving.message import Refusal, shown
from trimaran_runtime.serving.service import Service
from trimaran_runtime.serving.values import Values

if TYPE_CHECKING:
    import pyarrow as pa


class OnBadRow(StrEnum):
    """What becomes of a row that the signature refuses."""

    fail = "fail"
    """The job ends with an error that names it, and writes nothing."""
    null = "null"
    """Its prediction is null, and it is counted."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that the signature refuses.

    Attributes:
        row: place in the portion, from 0.
        column: the first column, in the signature's order, whose value is not taken.
        value: that value.
        allowed: what the column takes.
    """

    row: int
    column: str
    value: Any
    allowed: str


@dataclass(frozen=True, slots=True)
class Scored:
    """A portion with its predictions.

    Attributes:
        table: what goes along, then the predictions.
        refused: for each row whether it was refused; shape `(n,)`, bool.
        first: the first refused row; None: there is none.
    """

    table: "pa.Table"
    refused: "np.ndarray[Any, Any]"
    first: Refused | None


class Scorer:
    """Predicts portions.

    Args:
        service: the loaded release.
        answer: the columns of its predictions.
        is_text: whether features come as the cells of CSV.
        on_bad_row: what becomes of rows that the signature refuses.
    """

    def __init__(
        self, service: Service, answer: AnswerColumns, *, is_text: bool, on_bad_row: OnBadRow
    ) -> None:
        self._service, self._answer = service, answer
        self._kinds = [feature.type for feature in service.release.signature.features]
        self._is_text, self._on_bad_row = is_text, on_bad_row

    def score(self, portion: Portion) -> Scored:
        """Predict the rows of a portion.

        Raises:
            DataError: the signature refuses a row, and that is an error.
            UserCodeError: the model raised, or answered no finite number.
        """
        raw = [
            raw_values(column, kind, portion.features.column(index), is_text=self._is_text)
            for index, (column, kind) in enumerate(
                zip(self._service.reader.columns, self._kinds, strict=True)
            )
        ]
        accepted = np.ones(portion.features.num_rows, dtype=np.bool_)
        first = None
        try:
            values = self._service.reader.checked(raw, every_class=False).values
        except Refusal:
            found = self._refused(raw)
            first = min(found, key=lambda each: each.row)
            if self._on_bad_row is OnBadRow.fail:
                raise _error(first, portion) from None
            accepted[[each.row for each in found]] = False
            raw = [[v for v, good in zip(c, accepted, strict=True) if good] for c in raw]
            values = self._service.reader.checked(raw, every_class=False).values
        predictions = []
        if accepted.any():
            predictions = self._predict(values, raw, np.flatnonzero(accepted), portion)
        answers = self._answer.table(predictions, accepted)
        return Scored(_beside(portion.kept, answers), ~accepted, first)

    def _refused(self, raw: Sequence[list[Any]]) -> list[Refused]:
        """Every row that a column refuses, under the first column that does."""
        found: dict[int, Refused] = {}
        for column, values in zip(self._service.reader.columns, raw, strict=True):
            try:
                column.check(values)
            except Refusal:
                for row, value in enumerate(values):
                    try:
                        column.check([value])
                    except Refusal:
                        found.setdefault(row, Refused(row, column.name, value, column.allowed))
        return list(found.values())

    def _predict(
        self,
        values: Values,
        raw: Sequence[list[Any]],
        places: "np.ndarray[Any, Any]",
        portion: Portion,
    ) -> list[Any]:
        try:
            return self._service.predictor.predict(values)
        except Exception as exc:
            begin, end = self._failing(raw, len(places))
            origin, row = portion.place(int(places[begin]))
            until, last = portion.place(int(places[end - 1]))
            more = "" if end - begin == 1 else f" to row {last:,} of {until}"
            what = traceback.format_exception_only(exc)[-1].strip()
            told = "".join(traceback.format_exception(exc))
            raise UserCodeError(
                f"row {row:,}{more}: the model failed: {what}", traceback=told, where=origin
            ) from exc

    def _failing(self, raw: Sequence[list[Any]], count: int) -> tuple[int, int]:
        """The fewest rows that halving finds and that still make the model fail."""
        begin, end = 0, count
        while end - begin > 1:
            middle = (begin + end) // 2
            if self._fails(raw, begin, middle):
                end = middle
            elif self._fails(raw, middle, end):
                begin = middle
            else:
                break
        return begin, end

    def _fails(self, raw: Sequence[list[Any]], begin: int, end: int) -> bool:
        rows = self._service.reader.checked([c[begin:end] for c in raw], every_class=False)
        try:
            self._service.predictor.predict(rows.values)
        except Exception:  # noqa: BLE001 - whatever the model raises is what is looked for
            return True
        return False


def _beside(kept: "pa.Table", answers: "pa.Table") -> "pa.Table":
    import pyarrow as pa

    return pa.Table.from_arrays(
        [*kept.columns, *answers.columns], names=[*kept.column_names, *answers.column_names]
    )


def _error(refused: Refused, portion: Portion) -> DataError:
    origin, row = portion.place(refused.row)
    value = "a missing value" if refused.value is None else shown(refused.value)
    return DataError(
        f"column {refused.column!r}, row {row:,}: the model does not take {value}",
        where=origin,
        allowed=refused.allowed,
        next_step="correct the value, or let such rows have no prediction: --on-bad-row null",
    )
