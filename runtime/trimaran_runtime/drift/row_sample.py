"""A sample of rows that adds up: of all different rows, those with the smallest hashes.

Whatever the partition and order of the rows, the same ones are kept, each with the number of times
it occurred. Every different row is as likely to be kept as any other, so that kept rows weighted by
their numbers stand for the table. Two samples of overlapping tables keep the same rows of what they
share.

A sample holds rows of people: it is personal data where the table is. Numbers are kept to the width
of their key (`drift.key`, 1/128 of the distance from the centre), levels as they are.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self, cast

import numpy as np
import numpy.typing as npt

from trimaran_runtime.data.text_hash import Hashes
from trimaran_runtime.drift.binary import Reader, Writer, count, number
from trimaran_runtime.drift.key import HIGHEST, KEYS, LOWEST, Counts, Floats, Keys, edges
from trimaran_runtime.drift.row_values import blocks
from trimaran_runtime.drift.source import source_of
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    from trimaran_runtime.drift.profile import Profile

ROWS = 20_000
"""Different rows that are kept, unless told otherwise."""
MAX_ROWS = 200_000
"""Most different rows that can be kept."""
MISSING = KEYS - 1
"""Key of a missing number."""
_MAX_CELLS = 64_000_000
_MAX_COLUMNS = 10_000
_KINDS = {"number", "timestamp", "level", "empty"}
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumberRows:
    """A numeric column of kept rows.

    Attributes:
        kind: `number` or `timestamp`.
        centre: what was subtracted before taking keys.
        keys: shape `(n,)`; `MISSING` where there is no value.
    """

    kind: Literal["number", "timestamp"]
    centre: float
    keys: Keys

    def take(self, rows: npt.NDArray[Any]) -> Self:
        """Some of the rows."""
        return type(self)(kind=self.kind, centre=self.centre, keys=self.keys[rows])

    def values(self) -> Floats:
        """The edge of each key that is nearer the centre, shape `(n,)`; NaN: there is no value.

        Whole numbers within 256 of the centre are exact.
        """
        # The infinities have keys without a far edge.
        finite = np.clip(self.keys, LOWEST + 1, HIGHEST - 1).astype(np.uint16)
        low, high = edges(finite, self.centre)
        nearer = np.where(low >= self.centre, low, high)
        return np.where(self.keys == MISSING, np.nan, nearer)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelRows:
    """A column of levels of kept rows.

    Attributes:
        names: levels that occur, in order.
        codes: shape `(n,)`, place in `names`; -1 where there is no value.
    """

    names: tuple[str, ...]
    codes: Codes

    @property
    def kind(self) -> Literal["level"]:
        """`level`."""
        return "level"

    def take(self, rows: npt.NDArray[Any]) -> Self:
        """Some of the rows, and the levels that they have."""
        codes = self.codes[rows]
        used = np.unique(codes[codes >= 0])
        place = np.full(len(self.names) + 1, -1, np.int32)
        place[used] = np.arange(len(used))
        return type(self)(names=tuple(self.names[n] for n in used), codes=place[codes])


Rows = NumberRows | LevelRows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowSample:
    """Kept rows, n of them, in order of their hashes.

    Attributes:
        capacity: most rows that are kept.
        seen: rows of the table.
        columns: values by column, in order of names.
        hashes: shape `(n,)`, ascending.
        counts: shape `(n,)`, how often each row occurred.
    """

    capacity: int
    seen: int
    columns: Mapping[str, Rows]
    hashes: Hashes
    counts: Counts

    @classmethod
    def of(
        cls,
        table: Any,
        profile: "Profile",
        *,
        rows: int = ROWS,
        without: Collection[str] = (),
    ) -> "RowSample":
        """Sample the rows of a table.

        Args:
            table: an Arrow table or record batch, a polars or pandas data frame.
            profile: of it: names, kinds and centres of the columns. Texts and vectors are left out.
            rows: different rows to keep, at most 200,000.
            without: columns that are not looked at: redacted ones, ids, free text.

        Raises:
            DataError: `rows` is out of range.
        """
        from trimaran_runtime.drift.row_collector import RowCollector

        if not 0 < rows <= MAX_ROWS:
            raise DataError(
                f"a sample of {rows} rows", where="sample", allowed=f"1 to {MAX_ROWS:,}"
            )
        source = source_of(table)
        kinds = {
            name: "level" if summary.kind == "empty" else summary.kind
            for name, summary in sorted(profile.columns.items())
            if name not in without and summary.kind in _KINDS
        }
        collector = RowCollector(kinds, profile.centres, rows)
        for batch in blocks(source, [name for name in kinds if name in source.names]):
            collector.add(batch)
        return collector.found()

    @property
    def complete(self) -> bool:
        """Whether every row of the table is in it."""
        return int(self.counts.sum()) == self.seen

    @property
    def effective_rows(self) -> float:
        """How many rows drawn one by one it is worth (Kish, 1965): (sum w)^2 / sum w^2."""
        if self.complete:
            return float(self.seen)
        return float(self.counts.sum()) ** 2 / float((self.counts.astype(np.float64) ** 2).sum())

    def take(self, rows: npt.NDArray[Any]) -> Self:
        """Some of the kept rows, ascending places or marks."""
        return type(self)(
            capacity=self.capacity,
            seen=self.seen,
            columns={name: column.take(rows) for name, column in self.columns.items()},
            hashes=self.hashes[rows],
            counts=self.counts[rows],
        )

    def only(self, names: Collection[str]) -> Self:
        """The same rows, with those of the columns that it has."""
        return replace(self, columns={n: c for n, c in self.columns.items() if n in names})

    def merge(self, *others: Self) -> Self:
        """Sample of the rows of all; raises DataError when columns or capacities differ."""
        for other in others:
            if self._shape() != other._shape():
                raise DataError(
                    "two samples of different columns, centres or sizes cannot be merged",
                    where="sample",
                    next_step="profile every part with the same `reference`",
                )
        every = (self, *others)
        hashes, counts, chosen = _smallest(
            np.concatenate([one.hashes for one in every]),
            np.concatenate([one.counts for one in every]),
            self.capacity,
        )
        columns = {n: _joined([one.columns[n] for one in every]) for n in self.columns}
        return type(self)(
            capacity=self.capacity,
            seen=sum(one.seen for one in every),
            columns={name: column.take(chosen) for name, column in columns.items()},
            hashes=hashes,
            counts=counts,
        )

    def describe(self, writer: Writer) -> dict[str, Any]:
        """Names and sizes, as JSON; the rows go into `writer`."""
        writer.raw(self.hashes.astype("<u8").tobytes())
        writer.integers(self.counts)
        columns: dict[str, Any] = {}
        for name, column in sorted(self.columns.items()):
            if isinstance(column, NumberRows):
                writer.integers(column.keys)
                columns[name] = {"kind": column.kind, "centre": column.centre}
            else:
                writer.texts(column.names)
                writer.integers(column.codes + 1)
                columns[name] = {"kind": "level", "levels": len(column.names)}
        return {
            "capacity": self.capacity,
            "seen": self.seen,
            "rows": len(self.hashes),
            "columns": columns,
        }

    @classmethod
    def restore(cls, described: Mapping[str, Any], reader: Reader) -> Self:
        """What `describe` told; raises ValueError, KeyError or TypeError on anything else."""
        capacity = count(described["capacity"], MAX_ROWS + 1)
        size = count(described["rows"], capacity + 1)
        names = sorted(described["columns"])
        if len(names) > _MAX_COLUMNS or size * len(names) > _MAX_CELLS:
            raise ValueError("a sample of too many columns")
        hashes = np.frombuffer(reader.take(8 * size), "<u8").astype(np.uint64)
        counts = reader.integers(size)
        seen = count(described["seen"])
        if (hashes[1:] <= hashes[:-1]).any() or (counts < 1).any() or int(counts.sum()) > seen:
            raise ValueError("rows of a sample out of order")
        return cls(
            capacity=capacity,
            seen=seen,
            columns={n: _restored(described["columns"][n], size, reader) for n in names},
            hashes=hashes,
            counts=counts,
        )

    def _shape(self) -> tuple[Any, ...]:
        kinds = [(n, c.kind, getattr(c, "centre", None)) for n, c in sorted(self.columns.items())]
        return (self.capacity, *kinds)


def _smallest(
    hashes: Hashes, counts: Counts, capacity: int
) -> tuple[Hashes, Counts, npt.NDArray[np.intp]]:
    """The smallest hashes, once each; how often they occur, and where first."""
    order = np.argsort(hashes, kind="stable")
    hashes = hashes[order]
    first = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]])[: len(hashes)])
    summed = np.add.reduceat(counts[order], first) if len(first) else counts
    chosen = order[first[:capacity]]
    return hashes[first[:capacity]], summed[:capacity], chosen


def _joined(columns: Sequence[Rows]) -> Rows:
    first = columns[0]
    if isinstance(first, NumberRows):
        numbers = cast("Sequence[NumberRows]", columns)
        keys = np.concatenate([column.keys for column in numbers])
        return NumberRows(kind=first.kind, centre=first.centre, keys=keys)
    names, codes = common_levels(*cast("Sequence[LevelRows]", columns))
    return LevelRows(names=names, codes=np.concatenate(codes))


def common_levels(*columns: LevelRows) -> tuple[tuple[str, ...], list[Codes]]:
    """All levels of some columns, in order, and the codes of each among them."""
    names = sorted(set().union(*(column.names for column in columns)))
    place = {name: at for at, name in enumerate(names)}
    codes = []
    for column in columns:
        own = np.array([*(place[name] for name in column.names), -1], np.int32)
        codes.append(own[column.codes])
    return tuple(names), codes


def _restored(described: Mapping[str, Any], size: int, reader: Reader) -> Rows:
    kind = described["kind"]
    if kind == "level":
        levels = count(described["levels"], size + 1)
        names = reader.texts(levels)
        codes = reader.integers(size, levels + 1) - 1
        if names != sorted(set(names)) or len(np.unique(codes[codes >= 0])) != levels:
            raise ValueError("levels of a sample out of order")
        return LevelRows(names=tuple(names), codes=codes.astype(np.int32))
    keys = reader.integers(size, KEYS)
    centre = number(described["centre"])
    present = keys[keys != MISSING]
    if kind not in {"number", "timestamp"} or centre is None or not np.isfinite(centre):
        raise ValueError(f"kind {kind!r:.40}")
    if ((present < LOWEST) | (present > HIGHEST)).any():
        raise ValueError("keys of a sample out of range")
    return NumberRows(kind=kind, centre=float(centre), keys=keys.astype(np.uint16))
