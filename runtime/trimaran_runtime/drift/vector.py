"""Vectors of one size, such as embeddings: their norm, and projections that every profile shares.

A projection is a signed sum of a sixteenth of the coordinates, each of which is in one of them
(feature hashing: Weinberger et al., ICML 2009; a sparse Johnson-Lindenstrauss transform: Kane and
Nelson, JACM 2014). Which, and with which sign, follows from the size alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from trimaran_runtime.drift.binary import Reader, Writer, count
from trimaran_runtime.drift.histogram import RunningHistogram
from trimaran_runtime.drift.key import Floats
from trimaran_runtime.drift.number import NumberSummary
from trimaran_runtime.drift.text import mixed
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

PROJECTIONS = 16
MAX_SIZE = 1 << 16
_BLOCK_VALUES = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VectorSummary:
    """A column of vectors.

    Attributes:
        size: coordinates of each, 1 to 65,536.
        missing: nulls.
        misshapen: vectors of another size, which are counted and no more.
        norm: Euclidean norms; of a vector with a missing coordinate, missing.
        projections: of each projection; as many as `size`, at most 16.
    """

    size: int
    missing: int
    misshapen: int
    norm: NumberSummary
    projections: tuple[NumberSummary, ...]

    @property
    def kind(self) -> Literal["vector"]:
        """`vector`."""
        return "vector"

    @property
    def present(self) -> int:
        """Vectors of the right size."""
        return self.norm.rows

    @property
    def rows(self) -> int:
        """All rows."""
        return self.present + self.misshapen + self.missing

    @property
    def unusable(self) -> int:
        """Rows without a vector of the size, all of whose coordinates are there."""
        return self.missing + self.misshapen + self.norm.missing

    @property
    def statistics(self) -> Mapping[str, NumberSummary]:
        """Histogram by name: `norm`, and `projection 1` and so on."""
        named = {f"projection {n}": found for n, found in enumerate(self.projections, 1)}
        return {"norm": self.norm, **named}

    @property
    def centres(self) -> tuple[float, ...]:
        """What was subtracted from norms and projections."""
        return tuple(found.centre for found in self.statistics.values())

    def merge(self, other: Self) -> Self:
        """Summary of the rows of both; raises DataError on different sizes or centres."""
        if self.size != other.size:
            raise DataError(
                f"vectors of {self.size} and of {other.size} coordinates cannot be merged",
                next_step="profile every part with the same `reference`",
            )
        pairs = zip(self.projections, other.projections, strict=True)
        return type(self)(
            size=self.size,
            missing=self.missing + other.missing,
            misshapen=self.misshapen + other.misshapen,
            norm=self.norm.merge(other.norm),
            projections=tuple(one.merge(two) for one, two in pairs),
        )

    def describe(self, writer: Writer) -> dict[str, Any]:
        """The numbers, as JSON; histograms go into `writer`."""
        return {
            "kind": "vector",
            "misshapen": self.misshapen,
            "missing": self.missing,
            "size": self.size,
            "statistics": [found.describe(writer) for found in self.statistics.values()],
        }

    @classmethod
    def restore(cls, described: Mapping[str, Any], reader: Reader) -> Self:
        """What `describe` told; raises ValueError, KeyError or TypeError on anything else."""
        size = count(described["size"], MAX_SIZE + 1)
        told = described["statistics"]
        if not size or len(told) != 1 + min(size, PROJECTIONS):
            raise ValueError("a vector without its projections")
        norm, *projections = (NumberSummary.restore(one, reader) for one in told)
        return cls(
            size=size,
            missing=count(described["missing"]),
            misshapen=count(described["misshapen"]),
            norm=norm,
            projections=tuple(projections),
        )

    def check(self) -> str:
        """What is impossible about the numbers; empty when nothing is."""
        for name, found in self.statistics.items():
            if found.kind != "number" or found.rows != self.present:
                return f"impossible {name}"
            if wrong := found.check():
                return wrong
        return ""


class VectorTally:
    """Vectors in the making.

    Args:
        size: coordinates of each.
        centres: of the norm and of each projection.
    """

    def __init__(self, size: int, centres: Sequence[float]) -> None:
        self._size = size
        self._missing = self._misshapen = 0
        self._histograms = [RunningHistogram(centre, sparse=True) for centre in centres]

    def add(self, array: "pa.Array") -> None:
        """Count vectors of an array of lists."""
        self._missing += array.null_count
        present = 0
        for block in vectors(array, self._size):
            present += len(block)
            for found, values in zip(self._histograms, statistics(block), strict=True):
                found.add(values)
        self._misshapen += len(array) - array.null_count - present

    def summary(self) -> VectorSummary:
        """The summary of everything added."""
        norm, *projections = (found.summary("number") for found in self._histograms)
        return VectorSummary(
            size=self._size,
            missing=self._missing,
            misshapen=self._misshapen,
            norm=norm,
            projections=tuple(projections),
        )


def statistics(block: "np.ndarray[Any, Any]") -> list[Floats]:
    """Norm and projections of vectors, shape `(n, size)`: one array of shape `(n,)` for each.

    Coordinate after coordinate, so that a row's numbers never depend on the rows beside it: a
    matrix product adds up in an order that does.
    """
    rows, size = block.shape
    width = min(size, PROJECTIONS)
    order = mixed(np.arange(size, dtype=np.uint64))
    signs = np.where(order >> np.uint64(63), 1.0, -1.0)
    places = np.argsort(order, kind="stable")
    squares, sums = np.zeros((rows, width)), np.zeros((rows, width))
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, size, width):
            some = places[start : start + width]
            values = block[:, some].astype(np.float64)
            sums[:, : len(some)] += values * signs[some]
            squares[:, : len(some)] += values * values
        total = np.zeros(rows)
        for column in range(width):
            total += squares[:, column]
        return [np.sqrt(total), *(sums[:, column].copy() for column in range(width))]


def size_of(array: "pa.Array") -> int | None:
    """Coordinates of most vectors of an array of lists; None: most share none, or there is none.

    A torn vector or two are misshapen, and make no other column of the rest.
    """
    import pyarrow.compute as pc
    import pyarrow.types as is_a

    if is_a.is_fixed_size_list(array.type):
        size = int(array.type.list_size)
    else:
        lengths = pc.list_value_length(array).drop_null()
        counted = pc.value_counts(lengths).to_pylist()
        most = max(counted, key=lambda one: one["counts"], default=None)
        size = most["values"] if most and 2 * most["counts"] > len(lengths) else 0
    return size if 0 < size <= MAX_SIZE else None


def vectors(array: "pa.Array", size: int) -> "Iterator[np.ndarray[Any, Any]]":
    """Vectors of the given size, up to 2 MiB at a time, shape `(n, size)`."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as is_a

    rows = max(1, _BLOCK_VALUES // size)
    for start in range(0, len(array), rows):
        part = array.slice(start, rows).drop_null()
        if is_a.is_fixed_size_list(part.type):
            if part.type.list_size != size:
                continue
        else:
            part = part.filter(pc.equal(pc.list_value_length(part), size))
        values = part.flatten()
        kept = is_a.is_float32(values.type) or is_a.is_float64(values.type)
        values = values if kept else values.cast(pa.float64(), safe=False)
        if len(values):
            yield values.to_numpy(zero_copy_only=False).reshape(-1, size)
