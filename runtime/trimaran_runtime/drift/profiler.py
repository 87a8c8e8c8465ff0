"""Makes profiles: all columns of a table, one after the other, or batch after batch."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from trimaran_runtime.drift.arrow import Column, kind_of, tally_of
from trimaran_runtime.drift.histogram import Engine
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.row_parts import RowParts
from trimaran_runtime.drift.segments import OTHER, split, top_levels
from trimaran_runtime.drift.source import Source, cores, source_of
from trimaran_runtime.drift.summary import Kind, Summary
from trimaran_runtime.drift.tally import EmptyTally, Tally
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_SEGMENT_ROWS = 65_536
_THREADED_ROWS = 100_000
_DENSE_COLUMNS = 256
"""With more columns, what is kept between batches is sparse: dense takes 512 KiB a column."""
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a table is profiled; see `Profile.of`."""

    columns: tuple[str, ...] | None = None
    reference: Profile | None = None
    segments: tuple[str, ...] | None = None
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    engine: Engine = "numpy"
    threads: int | None = None

    def chosen(self, names: Sequence[str]) -> list[str]:
        """Columns to profile of those that a table has, in order."""
        return sorted(names if self.columns is None else self.columns)

    def column(self, name: str, *, sparse: bool = False) -> Column:
        """What is known of a column."""
        known = None if self.reference is None else self.reference.columns.get(name)
        return Column(
            name=name,
            known=known,
            compared=self.reference is not None,
            declared=self.kinds.get(name),
            engine=self.engine,
            sparse=sparse,
        )

    def map(
        self, work: Callable[[str], _Result], names: Sequence[str], rows: int
    ) -> dict[str, _Result]:
        """Do something with each column, on several threads where there is enough to do."""
        threads = cores() if self.threads is None else self.threads
        if threads < 2 or rows < _THREADED_ROWS or len(names) < 2:
            return {name: work(name) for name in names}
        with ThreadPoolExecutor(min(threads, len(names))) as pool:
            return dict(zip(names, pool.map(work, names), strict=True))


def profile_table(data: Any, options: Options) -> Profile:
    """Profile a table that is in memory: no more than one block of a column is copied at a time."""
    source = source_of(data)

    def summarise(name: str) -> Summary:
        values = source.column(name)
        tally = tally_of(options.column(name), values)
        for chunk in values.chunks:
            tally.add(_storage(chunk))
        return tally.summary()

    columns = options.map(summarise, options.chosen(source.names), source.rows)
    parts = RowParts(options.reference, options.threads)
    parts.add(source, list(columns))
    profile = Profile(rows=source.rows, columns=columns, **parts.found())
    segments = _Segments.of(source, profile, options)
    for start in range(0, source.rows, _SEGMENT_ROWS) if segments else ():
        names = sorted({*columns, *(one.name for one in segments)})
        rows = source.table(names, start, _SEGMENT_ROWS)
        for one in segments:
            one.add(rows)
    return _with(profile, segments)


def profile_batches(batches: Iterable[Any], options: Options) -> Profile:
    """Profile a table that comes in parts, and is never in memory as a whole."""
    profiler = Profiler(options)
    for batch in batches:
        profiler.add(batch)
        del batch  # before the next one is read
    return profiler.profile()


class Profiler:
    """A profile in the making: takes batches, in any order.

    Without a reference, the first batch says what centres, kinds and segments are.
    """

    def __init__(self, options: Options, *, sparse: bool = False) -> None:
        self._options, self._sparse = options, sparse
        self._tallies: dict[str, Tally] = {}
        self._kinds: dict[str, Kind | None] = {}
        self._segments: list[_Segments] = []
        self._parts = RowParts(options.reference, options.threads)
        self._rows = 0
        self._begun = False

    def add(self, data: Any) -> None:
        """Count a batch; raises DataError when a column is absent, or of another kind now."""
        source = source_of(data)
        if not self._begun:
            self._begin(source)

        def count(name: str) -> None:
            values = source.column(name)
            tally = self._tally(name, values)
            for chunk in values.chunks:
                tally.add(_storage(chunk))

        self._options.map(count, list(self._tallies), source.rows)
        self._parts.add(source, list(self._tallies))
        for one in self._segments:
            for start in range(0, source.rows, _SEGMENT_ROWS):
                names = sorted({*self._tallies, one.name})
                one.add(source.table(names, start, _SEGMENT_ROWS))
        self._rows += source.rows

    def profile(self) -> Profile:
        """The profile of everything added."""
        columns = {name: tally.summary() for name, tally in self._tallies.items()}
        found = Profile(rows=self._rows, columns=columns, **self._parts.found())
        return _with(found, self._segments)

    def _begin(self, source: Source) -> None:
        self._begun = True
        names = self._options.chosen(source.names)
        self._sparse = self._sparse or len(names) > _DENSE_COLUMNS
        for name in names:
            self._make(name, source.column(name))
        nothing = {name: tally.summary() for name, tally in self._tallies.items()}
        self._segments = _Segments.of(source, Profile(rows=0, columns=nothing), self._options)

    def _make(self, name: str, values: "pa.ChunkedArray") -> None:
        self._tallies[name] = tally_of(self._options.column(name, sparse=self._sparse), values)
        self._kinds[name] = kind_of(values.type)

    def _tally(self, name: str, values: "pa.ChunkedArray") -> Tally:
        kind = kind_of(values.type)
        tally = self._tallies[name]
        if isinstance(tally, EmptyTally) and values.null_count < len(values):
            # The first values of the column: the nulls before them stay missing values.
            self._make(name, values)
            self._tallies[name].add(_nulls(tally.summary().missing, values.type))
        elif kind not in {self._kinds[name], "empty"}:
            raise DataError(
                f"a batch has it as {values.type}, those before as a {self._kinds[name]}",
                where=f"column {name}",
            )
        return self._tallies[name]


class _Segments:
    """Profiles by level of one column in the making."""

    def __init__(self, name: str, levels: Iterable[str], options: Options) -> None:
        self.name = name
        self._profilers = {
            level: Profiler(options, sparse=True) for level in [*sorted(levels), OTHER]
        }

    @classmethod
    def of(cls, source: Source, nothing: Profile, options: Options) -> "list[_Segments]":
        """Those that were asked for.

        Args:
            source: rows that say which levels there are, where the reference does not.
            nothing: what the segments have to fit: kinds and centres of the whole.
            options: of the whole.
        """
        known = {} if options.reference is None else options.reference.segments
        wanted = options.segments
        if wanted is None:
            wanted = tuple(name for name in known if name in source.names)
        own = Options(
            columns=tuple(nothing.columns),
            reference=nothing,
            segments=(),
            kinds=options.kinds,
            engine=options.engine,
            threads=1,
        )
        return [
            cls(name, set(known.get(name, top_levels(name, source.column(name)))) - {OTHER}, own)
            for name in sorted(wanted)
        ]

    def add(self, rows: "pa.Table") -> None:
        for level, part in split(rows, self.name, list(self._profilers)[:-1]).items():
            self._profilers[level].add(part)

    def profiles(self) -> dict[str, Profile]:
        return {level: profiler.profile() for level, profiler in self._profilers.items()}


def _with(profile: Profile, segments: "list[_Segments]") -> Profile:
    from dataclasses import replace

    if not segments:
        return profile
    return replace(profile, segments={one.name: one.profiles() for one in segments})


def _storage(chunk: "pa.Array") -> "pa.Array":
    import pyarrow as pa

    return chunk.storage if isinstance(chunk, pa.ExtensionArray) else chunk


def _nulls(count: int, type_: "pa.DataType") -> "pa.Array":
    import pyarrow as pa

    storage = type_.storage_type if isinstance(type_, pa.BaseExtensionType) else type_
    return pa.nulls(count, storage)
