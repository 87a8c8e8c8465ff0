"""Reads rows for a sample: hashes of all, values only of those that may be kept."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.data.text_hash import Hashes
from trimaran_runtime.drift.arrow import kind_of
from trimaran_runtime.drift.key import KEY_BY_RAW
from trimaran_runtime.drift.level_name import shorten
from trimaran_runtime.drift.row_hash import level_names, row_hashes
from trimaran_runtime.drift.row_sample import MISSING, LevelRows, NumberRows, Rows, RowSample
from trimaran_runtime.drift.row_values import distance, numbers_of, raw_keys
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


class RowCollector:
    """A sample in the making: takes batches, in any order.

    Args:
        kinds: `number`, `timestamp` or `level` by column.
        centres: what is subtracted from numbers before taking keys, by column.
        capacity: different rows to keep.
    """

    def __init__(
        self, kinds: Mapping[str, str], centres: Mapping[str, float], capacity: int
    ) -> None:
        self.columns = tuple(sorted(kinds))
        self._kinds, self._centres = {name: kinds[name] for name in self.columns}, centres
        self._capacity, self._seen = capacity, 0
        self._kept = RowSample(
            capacity=capacity,
            seen=0,
            columns={name: self._none(name) for name in self.columns},
            hashes=np.zeros(0, np.uint64),
            counts=np.zeros(0, np.int64),
        )
        self._waiting: list[RowSample] = []
        self._pending = 0

    @classmethod
    def like(cls, sample: RowSample) -> "RowCollector":
        """One whose sample can be compared and merged with this one."""
        kinds = {name: column.kind for name, column in sample.columns.items()}
        numbers = {n: c for n, c in sample.columns.items() if isinstance(c, NumberRows)}
        return cls(kinds, {name: c.centre for name, c in numbers.items()}, sample.capacity)

    def add(self, batch: "pa.RecordBatch") -> None:
        """Take in some rows; a column that they do not have is missing.

        Raises:
            DataError: a column is of another kind.
        """
        self._check(batch)
        self._seen += batch.num_rows
        hashes = row_hashes(batch, self._kinds)
        if len(self._kept.hashes) == self._capacity:
            # Rows beyond the last of a full sample cannot get in.
            chosen = np.flatnonzero(hashes <= self._kept.hashes[-1])
            if not len(chosen):
                return
            batch, hashes = batch.take(_indices(chosen)), hashes[chosen]
        self._waiting.append(self._piece(batch, hashes))
        self._pending += len(hashes)
        if self._pending > self._capacity:
            self._merge()

    def found(self) -> RowSample:
        """The sample of all rows so far."""
        self._merge()
        kept = self._kept
        return RowSample(
            capacity=kept.capacity,
            seen=self._seen,
            columns=kept.columns,
            hashes=kept.hashes,
            counts=kept.counts,
        )

    def _check(self, batch: "pa.RecordBatch") -> None:
        for field in batch.schema:
            kind = kind_of(field.type)
            wanted = self._kinds[field.name]
            if kind == "empty" or kind == wanted or wanted == "level":
                continue
            raise DataError(
                f"it is a {kind} now, and a {wanted} in the sample",
                where=f"column {field.name}",
                next_step="sample without the column",
            )

    def _merge(self) -> None:
        self._kept = self._kept.merge(*self._waiting)
        self._waiting, self._pending = [], 0

    def _piece(self, batch: "pa.RecordBatch", hashes: Hashes) -> RowSample:
        names = batch.schema.names
        return RowSample(
            capacity=self._capacity,
            seen=0,
            columns={
                name: self._column(batch.column(names.index(name)), name)
                if name in names
                else self._none(name, len(hashes))
                for name in self.columns
            },
            hashes=hashes,
            counts=np.ones(len(hashes), np.int64),
        )

    def _column(self, piece: Any, name: str) -> Rows:
        if str(piece.type) == "null":
            return self._none(name, len(piece))
        if self._kinds[name] == "level":
            return _levels(piece)
        values, missing = numbers_of(piece)
        raw = raw_keys(distance(values, self._centres.get(name, 0.0)))
        keys = KEY_BY_RAW[raw]
        if missing is not None:
            keys[missing] = MISSING
        return self._numbers(name, keys)

    def _none(self, name: str, rows: int = 0) -> Rows:
        if self._kinds[name] == "level":
            return LevelRows(names=(), codes=np.full(rows, -1, np.int32))
        return self._numbers(name, np.full(rows, MISSING, np.uint16))

    def _numbers(self, name: str, keys: Any) -> NumberRows:
        timed = self._kinds[name] == "timestamp"
        centre = self._centres.get(name, 0.0)
        return NumberRows(kind="timestamp" if timed else "number", centre=centre, keys=keys)


def _levels(piece: Any) -> LevelRows:
    found, places = level_names(piece)
    # Two long levels may be one, and a dictionary may have one twice.
    short = ["" if name is None else shorten(name) for name in found]
    names = sorted(set(short))
    code = {name: at for at, name in enumerate(names)}
    codes = np.array([*(code[name] for name in short), -1], np.int32)
    return LevelRows(names=tuple(names), codes=codes[places])


def _indices(chosen: Any) -> Any:
    import pyarrow as pa

    return pa.array(chosen)
