"""Profiles where the rows are: one for each partition, added up to the bits of the whole.

An engine needs two functions that pickle: `PartitionProfiler`, which makes a partition's profile,
and `merge_bytes`, which adds two. `docs/drift-engines.md` shows both on Spark, Dask and Ray.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

COLUMN = "profile"
"""Name of the one column that Spark's and Ray's workers answer with."""
SCHEMA = f"{COLUMN} binary"
"""The same, as Spark spells a schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionProfiler:
    """Profiles rows of a partition; small, and the same in every process.

    Attributes:
        reference: bytes of the profile that says centres, kinds and segments: that of the rows
            the result is to be compared with; or, where the result is to be a reference itself,
            the profile of any few thousand of its rows.
        columns: which columns; None: all.
    """

    reference: bytes = field(repr=False)
    columns: tuple[str, ...] | None = None

    @classmethod
    def of(cls, reference: Profile) -> "PartitionProfiler":
        """Profiles the columns of a reference by it."""
        return cls(reference=reference.to_bytes(), columns=tuple(reference.columns))

    def profile(self, batches: Iterable[Any]) -> Profile:
        """Profile of the rows of tables, data frames or record batches."""
        known = Profile.from_bytes(self.reference)
        return Profile.of_batches(batches, self.columns, reference=known, threads=1)

    def stream(self, batches: "Iterable[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        """What Spark's `mapInArrow` takes: a partition's batches to a batch of one profile."""
        import pyarrow as pa

        profile = self.profile(batches)
        # A partition without rows has no columns, which would not add up.
        if profile.rows:
            yield pa.RecordBatch.from_pydict({COLUMN: [profile.to_bytes()]})

    def table(self, rows: "pa.Table") -> "pa.Table":
        """What Ray's `map_batches` takes: a block's table to a table of one profile."""
        import pyarrow as pa

        return pa.Table.from_batches(self.stream([rows]), pa.schema([(COLUMN, pa.binary())]))

    def frame(self, rows: Any) -> bytes:
        """What Dask's partitions are mapped by: a data frame to the bytes of its profile."""
        return self.profile([rows]).to_bytes()


def merge_bytes(one: bytes, other: bytes) -> bytes:
    """Bytes of the profile of the rows of both; associative and commutative, bit for bit."""
    return Profile.from_bytes(one).merge(Profile.from_bytes(other)).to_bytes()


def merge_all(profiles: Iterable[bytes]) -> Profile:
    """The profile of all rows, added up in pairs; raises DataError when there is none."""
    waiting = [Profile.from_bytes(content) for content in profiles]
    if not waiting:
        raise DataError("there is no partition with rows", where="drift")
    while len(waiting) > 1:
        pairs = zip(waiting[::2], waiting[1::2], strict=False)
        rest = waiting[-1:] if len(waiting) % 2 else []
        waiting = [one.merge(other) for one, other in pairs] + rest
    return waiting[0]
