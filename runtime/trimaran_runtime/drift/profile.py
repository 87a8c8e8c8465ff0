"""A profile: what drift needs to know of a table, in one pass and a few kilobytes."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from trimaran_runtime.drift.part import Part, merge_parts
from trimaran_runtime.drift.segments import Segments, merge_segments
from trimaran_runtime.drift.summary import Kind, NumberSummary, Summary, merge
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    from trimaran_runtime.drift.correlation import NormalScores
    from trimaran_runtime.drift.histogram import Engine
    from trimaran_runtime.drift.profiler import Options
    from trimaran_runtime.drift.row_sample import RowSample


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """Counts of a table, column by column.

    Profiles made with the same reference add up: the profile of a table is, bit for bit, the
    merge of the profiles of its parts, however it was parted and in whatever order they are
    merged.

    Attributes:
        rows: rows of the table.
        columns: summary by column name, in order of names.
        correlation: normal scores of the numeric columns; None: not asked for.
        sample: rows drawn by a hash of their content; None: not asked for.
        scores: predictions by score and class; None: not asked for.
        segments: profile of the rows by segment column and level (summaries of columns only);
            empty: not asked for.
    """

    rows: int
    columns: Mapping[str, Summary]
    correlation: "NormalScores | None" = None
    sample: "RowSample | None" = None
    scores: Part | None = None
    segments: Segments = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        table: Any,
        columns: Iterable[str] | None = None,
        reference: "Profile | None" = None,
        *,
        segments: Iterable[str] | None = None,
        kinds: Mapping[str, Kind] | None = None,
        engine: "Engine" = "numpy",
        threads: int | None = None,
    ) -> "Profile":
        """Profile a table.

        Args:
            table: an Arrow table or record batch, a polars or pandas data frame; nulls and NaN
                are missing values.
            columns: which columns; None: all.
            reference: profile that the result is to be compared or merged with, whose centres,
                kinds, segments and parts are used: the result has the parts that it has. A number
                that it does not know is centred at 0. None: the table's own, which suits a
                reference.
            segments: columns whose levels get profiles of their own, at most the 20 most
                frequent; None: those of the reference that the table has.
            kinds: what columns are, where their type does not say: `text` or `level` for
                strings (they are text where the reference has it so, or where nearly all differ
                and most have three words), `level` for whole numbers that are codes.
            engine: `numba` halves the time of floats, gives the same bits, and takes seconds and
                100 MiB to begin.
            threads: at a time; None: as many as there are cores.

        Raises:
            DataError: a column is absent, or of a type that cannot be profiled.
        """
        from trimaran_runtime.drift.profiler import profile_table

        return profile_table(table, _options(columns, reference, segments, kinds, engine, threads))

    @classmethod
    def of_batches(
        cls,
        batches: Iterable[Any],
        columns: Iterable[str] | None = None,
        reference: "Profile | None" = None,
        *,
        segments: Iterable[str] | None = None,
        kinds: Mapping[str, Kind] | None = None,
        engine: "Engine" = "numpy",
        threads: int | None = None,
    ) -> "Profile":
        """Profile a table that comes in parts, such as the row groups of Parquet files.

        Without a reference, the first batch says what centres, kinds and segments are.

        Args:
            batches: record batches, a reader of them, or tables of any kind that `of` takes.
            columns: which columns; None: all those of the first batch.
            reference: profile that the result is to be compared or merged with.
            segments: columns whose levels get profiles of their own.
            kinds: what columns are, where their type does not say.
            engine: what runs the loop over floats.
            threads: at a time.

        Raises:
            DataError: as `of`, or a column is of another kind than in the batches before.
        """
        from trimaran_runtime.drift.profiler import profile_batches

        return profile_batches(
            batches, _options(columns, reference, segments, kinds, engine, threads)
        )

    def with_correlation(self, table: Any) -> Self:
        """The same with the normal scores of its numeric columns: a second look at the rows.

        Args:
            table: the rows that were profiled, of any kind that `of` takes.
        """
        from trimaran_runtime.drift.correlation import NormalScores
        from trimaran_runtime.drift.normal_score import NormalScoreTable

        return replace(self, correlation=NormalScores.of(table, NormalScoreTable.of(self)))

    def with_sample(self, table: Any, *, rows: int = 20_000, without: Collection[str] = ()) -> Self:
        """The same with a sample of its rows: a second look at them.

        The sample is personal data where the table is: rows can be read from it, to the width of
        a key. What is compared with this profile gets a sample as well. Leave it away, or
        leave out the columns that say who somebody is, where a profile may not hold that.

        Args:
            table: the rows that were profiled, of any kind that `of` takes.
            rows: different rows to keep, at most 200,000.
            without: columns that are not looked at: redacted ones, ids, names.

        Raises:
            DataError: `rows` is out of range.
        """
        from trimaran_runtime.drift.row_sample import RowSample

        return replace(self, sample=RowSample.of(table, self, rows=rows, without=without))

    @property
    def centres(self) -> dict[str, float]:
        """What was subtracted from each numeric column before its histogram was taken."""
        return {
            name: summary.centre
            for name, summary in self.columns.items()
            if isinstance(summary, NumberSummary)
        }

    def merge(self, other: Self) -> Self:
        """Profile of the rows of both.

        Raises:
            DataError: the columns, kinds, centres, parts or segments differ.
        """
        if set(self.columns) != set(other.columns):
            differ = ", ".join(sorted(set(self.columns) ^ set(other.columns)))
            raise DataError(f"profiles of different columns cannot be merged: {differ}")
        return type(self)(
            rows=self.rows + other.rows,
            columns={n: merge(self.columns[n], other.columns[n]) for n in self.columns},
            correlation=merge_parts("correlation", self.correlation, other.correlation),
            sample=merge_parts("sample", self.sample, other.sample),
            scores=merge_parts("scores", self.scores, other.scores),
            segments=merge_segments(self.segments, other.segments),
        )

    def without_parts(self) -> Self:
        """The summaries of the columns alone: what is profiled by them costs no more than that."""
        return type(self)(rows=self.rows, columns=self.columns)

    def only(self, columns: Iterable[str]) -> Self:
        """The same rows and parts, with those of the given columns that it has.

        A sample of rows loses the others as well; normal scores and scores stay whole.
        """
        kept = set(columns)
        chosen = {name: summary for name, summary in self.columns.items() if name in kept}
        segments = {
            name: {level: profile.only(kept) for level, profile in levels.items()}
            for name, levels in self.segments.items()
        }
        sample = None if self.sample is None else self.sample.only(kept)
        return replace(self, columns=chosen, sample=sample, segments=segments)

    def to_bytes(self) -> bytes:
        """Compact bytes; equal profiles give equal bytes."""
        from trimaran_runtime.drift.encoding import encode

        return encode(self)

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read `to_bytes` back; raises Corrupted on anything else, whatever it is."""
        from trimaran_runtime.drift.encoding import decode

        return cls(**decode(content, cls))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Profile) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())


def _options(
    columns: Iterable[str] | None,
    reference: Profile | None,
    segments: Iterable[str] | None,
    kinds: Mapping[str, Kind] | None,
    engine: "Engine",
    threads: int | None,
) -> "Options":
    from trimaran_runtime.drift.profiler import Options

    return Options(
        columns=None if columns is None else tuple(columns),
        reference=reference,
        segments=None if segments is None else tuple(segments),
        kinds=kinds or {},
        engine=engine,
        threads=threads,
    )
