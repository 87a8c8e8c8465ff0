"""How a reference differs from itself over time: what its own future may do, too."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from pydantic import Field

from trimaran_runtime.config_document import ConfigDocument
from trimaran_runtime.drift.config import FacetName
from trimaran_runtime.section import Section

if TYPE_CHECKING:
    import pyarrow as pa

    from trimaran_runtime.drift.key import Floats
    from trimaran_runtime.drift.profile import Profile
    from trimaran_runtime.drift.summary import Summary

ROLE = "reference_history"
"""Role of the release's file with the history of its reference."""
MAX_CHUNKS = 32
MIN_CHUNKS = 8
MIN_CHUNK_ROWS = 500
_QUARTERS = (0.25, 0.5, 0.75)
_LEVELS = 3


class Chunk(Section):
    """Consecutive rows of the reference."""

    since: datetime
    until: datetime
    rows: int


class History(ConfigDocument):
    """Effects between parts of one reference, in the order of time; empty: not known."""

    chunks: tuple[Chunk, ...] = ()
    """The parts, oldest first, with equally many rows."""
    effects: dict[str, dict[FacetName, tuple[float, ...]]] = {}
    """Effect of each chunk against all others, by column and facet."""
    inflation: dict[str, Annotated[float, Field(ge=1)]] = {}
    """Rows that tell as much as one independent row, by column; at least 1."""

    @classmethod
    def of(cls, table: "pa.Table", time: str, reference: "Profile") -> Self:
        """History of the rows that a reference profile was made of.

        The rows are put in order and cut into at most 32 chunks of at least 500; with fewer than
        8 chunks, or without a time in some row, the history is empty.

        Args:
            table: the rows, with the reference's columns and `time`.
            time: timestamp column.
            reference: profile of the rows.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        from trimaran_runtime.drift.profile import Profile

        count = min(MAX_CHUNKS, table.num_rows // MIN_CHUNK_ROWS)
        if count < MIN_CHUNKS or table[time].null_count:
            return cls()
        order = pc.sort_indices(table, sort_keys=[(time, "ascending")])
        ends = [round(table.num_rows * place / count) for place in range(count + 1)]
        profiles, chunks, alone = [], [], reference.without_parts()
        for start, end in pairwise(ends):
            rows = table.take(order.slice(start, end - start))
            profiles.append(Profile.of(rows, reference.columns, alone))
            moments = pc.cast(rows[time], pa.timestamp("us"), safe=False)
            since, until = moments[0].as_py(), moments[-1].as_py()
            chunks.append(Chunk(since=since, until=until, rows=end - start))
        return cls.of_profiles(profiles, tuple(chunks))

    @classmethod
    def of_profiles(cls, profiles: "Sequence[Profile]", chunks: tuple[Chunk, ...] = ()) -> Self:
        """History of equally large parts that were profiled with one reference, oldest first."""
        return cls(
            chunks=chunks,
            effects=_effects(profiles),
            inflation={
                name: _inflation([profile.columns[name] for profile in profiles])
                for name in profiles[0].columns
            },
        )

    def tolerance(self, column: str, facet: FacetName, alpha: float) -> float:
        """Effect that the reference's own chunks have; 0 where it is not known.

        The conformal quantile: a further chunk like those before exceeds it with probability
        `alpha` at most. That takes `1/alpha - 1` chunks (Vovk, Gammerman and Shafer, Algorithmic
        Learning in a Random World, 2005, chapter 2); with fewer it is the largest effect.
        """
        found = sorted(self.effects.get(column, {}).get(facet, ()))
        if not found:
            return 0.0
        rank = math.ceil((len(found) + 1) * (1 - alpha))
        return found[min(rank, len(found)) - 1]


def _effects(profiles: "Sequence[Profile]") -> dict[str, dict[FacetName, tuple[float, ...]]]:
    from trimaran_runtime.drift.estimate import Doubt
    from trimaran_runtime.drift.facets import comparisons

    found: dict[str, dict[FacetName, list[float]]] = {name: {} for name in profiles[0].columns}
    # The effect of most facets does not depend on how sure its bounds have to be.
    doubt = Doubt(risk=0.01, bounded=False)
    for chunk, others in zip(profiles, _all_but_one(profiles), strict=True):
        for name, facets in found.items():
            for facet, compared in comparisons(others.columns[name], chunk.columns[name]).items():
                facets.setdefault(facet, []).append(compared(doubt).effect)
    return {n: {f: tuple(e) for f, e in facets.items()} for n, facets in found.items()}


def _all_but_one(profiles: "Sequence[Profile]") -> "Iterable[Profile]":
    """The merge of all others, for each."""
    after = [profiles[-1]]
    for profile in reversed(profiles[1:-1]):
        after.append(after[-1].merge(profile))
    yield after.pop()
    before = profiles[0]
    for profile in profiles[1:-1]:
        rest = after.pop()
        yield before.merge(rest)
        before = before.merge(profile)
    yield before


def _inflation(chunks: "list[Summary]") -> float:
    """Variance of neighbouring chunks' shares over that of independent rows, at least 1.

    A sixth of the mean squared second difference (Gasser, Sroka and Jennen-Steinmetz, Biometrika
    73 (1986) 625) is their variance without slow change: a trend or a season is a matter of
    tolerance. Rows are taken to resemble each other for less than a chunk.
    """
    shares, rows = _shares(chunks)
    enough = rows > 0
    if enough.sum() < MIN_CHUNKS:
        return 1.0
    shares, rows = shares[enough], rows[enough]
    share = np.average(shares, axis=0, weights=rows)
    known = (share > 0) & (share < 1)
    weight = 1 / rows[:-2] + 4 / rows[1:-1] + 1 / rows[2:]
    expected = weight[:, None] * (share * (1 - share))[known]
    ratios = (np.diff(shares[:, known], 2, axis=0) ** 2 / expected).mean(axis=0)
    return float(max(ratios.max(initial=1.0), 1.0))


def _shares(chunks: "list[Summary]") -> "tuple[Floats, Floats]":
    """Shares of values that say where a column is, shape `(chunks, statistics)`, and rows."""
    from trimaran_runtime.drift.summary import LevelSummary, NumberSummary, merge

    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = merge(whole, chunk)
    rows = np.array([float(chunk.rows) for chunk in chunks])
    missing = np.array([[chunk.missing] for chunk in chunks]) / np.maximum(rows, 1)[:, None]
    if isinstance(whole, NumberSummary) and whole.finite:
        from trimaran_runtime.drift.wasserstein import cumulative

        at = np.searchsorted(np.cumsum(whole.counts), np.array(_QUARTERS) * whole.finite)
        columns = [
            cumulative(chunk, whole.keys[at])
            if isinstance(chunk, NumberSummary) and chunk.finite
            else np.array(_QUARTERS)
            for chunk in chunks
        ]
        return np.hstack([np.array(columns), missing]), rows
    if isinstance(whole, LevelSummary) and whole.levels:
        names = sorted(whole.levels, key=lambda name: (-whole.levels[name], name))[:_LEVELS]
        columns = [
            np.array([chunk.levels.get(name, 0) for name in names]) / max(chunk.present, 1)
            if isinstance(chunk, LevelSummary)
            else np.zeros(len(names))
            for chunk in chunks
        ]
        return np.hstack([np.array(columns), missing]), rows
    return missing, rows
