"""A profile: what drift needs to know of a table, in one pass and a few kilobytes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from trimaran_runtime.drift.part import Part, merge_parts
from trimaran_runtime.drift.segments import Segments, merge_segments
from trimaran_runtime.drift.summary import NumberSummary, Summary, merge
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from trimaran_runtime.drift.correlation import NormalScores


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
    sample: Part | None = None
    scores: Part | None = None
    segments: Segments = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        table: "pa.Table",
        columns: Iterable[str] | None = None,
        reference: Self | None = None,
        *,
        segments: Iterable[str] | None = None,
    ) -> Self:
        """Profile an Arrow table.

        Args:
            table: the rows; nulls and NaN are missing values.
            columns: which columns; None: all.
            reference: profile that the result is to be compared or merged with, whose centres,
                segments and normal scores are used; a number that it does not know is centred at
                0. None: the table's own, which suits a reference.
            segments: columns whose levels get profiles of their own, at most the 20 most
                frequent; None: those of the reference that the table has.

        Raises:
            DataError: a column is absent, or of a type that cannot be profiled.
        """
        from trimaran_runtime.drift.arrow import summarise

        names = sorted(table.column_names if columns is None else columns)
        if absent := [name for name in names if name not in table.column_names]:
            raise DataError(f"no column {absent[0]!r}", where="profile", allowed=_list(table))
        centres = None if reference is None else reference.centres
        found = cls(
            rows=table.num_rows,
            columns={
                name: summarise(
                    name, table[name], None if centres is None else centres.get(name, 0.0)
                )
                for name in names
            },
        )
        divided = found._divide(table, reference, segments)
        found = replace(found, segments=divided) if divided else found
        if reference is not None and reference.correlation is not None:
            return found.with_correlation(table.select(names), reference)
        return found

    def with_correlation(self, table: "pa.Table", reference: Self | None = None) -> Self:
        """The same with the normal scores of its numeric columns: a second look at the rows.

        Args:
            table: the rows that were profiled.
            reference: profile whose ranks the scores are; None: this one's own.
        """
        from trimaran_runtime.drift.correlation import NormalScores
        from trimaran_runtime.drift.normal_score import ScoreTable

        scores = ScoreTable.of(self if reference is None else reference)
        return replace(self, correlation=NormalScores.of(table, scores))

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

    def only(self, columns: Iterable[str]) -> Self:
        """The same rows and parts, with those of the given columns that it has."""
        kept = set(columns)
        chosen = {name: summary for name, summary in self.columns.items() if name in kept}
        segments = {
            name: {level: profile.only(kept) for level, profile in levels.items()}
            for name, levels in self.segments.items()
        }
        return replace(self, columns=chosen, segments=segments)

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

    def _divide(
        self, table: "pa.Table", reference: Self | None, segments: Iterable[str] | None
    ) -> Segments:
        from trimaran_runtime.drift.segments import OTHER, split, top_levels

        known = {} if reference is None else reference.segments
        wanted = [n for n in known if n in table.column_names] if segments is None else segments
        divided = {}
        for name in sorted(wanted):
            if name not in table.column_names:
                raise DataError(f"no column {name!r}", where="segments", allowed=_list(table))
            levels = sorted(set(known.get(name, top_levels(name, table[name]))) - {OTHER})
            divided[name] = {
                level: type(self).of(rows, self.columns, self, segments=())
                for level, rows in split(table, name, levels).items()
            }
        return divided


def _list(table: "pa.Table") -> str:
    return ", ".join(table.column_names[:20])
