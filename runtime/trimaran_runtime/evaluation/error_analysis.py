"""Where a model errs most: parts of the rows whose error is far above that of the rest.

A search over levels of one feature and of two together (as Slice Finder: Chung et al., 2019,
arXiv:1807.06068); numbers are cut into fifths. Each part's mean error is compared with that of all
other rows by Welch's test (1947), and Holm's test (1979) over every part that could have been
looked at keeps the chance of naming any part wrongly at 5 %.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.evaluation.evaluation import WorstPart
from trimaran_runtime.evaluation.predictions import Codes, Floats, Predictions
from trimaran_runtime.evaluation.segments import MISSING
from trimaran_runtime.evaluation.uncertainty import tail

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_LEVELS = 20
_FIFTHS = 5
_MOST_FEATURES = 100
_MOST_PAIRED = 10
"""Features that are looked at in pairs: those with the most error to explain."""
_LISTED = 10
_ALPHA = 0.05
_SMALLEST_PROBABILITY = 1e-15


@dataclass(frozen=True, slots=True)
class _Feature:
    """A feature cut into levels: (n,) number of each row's level, and the levels' names."""

    name: str
    codes: NDArray[np.int64]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    where: tuple[tuple[str, str], ...]
    rows: int
    mean: float
    excess: float
    chance: float


def worst_parts(
    table: "pa.Table",
    features: Sequence[str],
    truth: Floats | Codes,
    given: Predictions,
    *,
    min_rows: int,
) -> tuple[WorstPart, ...]:
    """The parts with the most excess error, at most ten.

    Args:
        table: the test rows.
        features: columns to search over; texts with many levels are passed over.
        truth: (n,) class numbers, or numbers for regression.
        given: the model's answers.
        min_rows: smaller parts are passed over.
    """
    if not given.finite.all() or len(truth) < 2 * min_rows:
        return ()
    errors = row_errors(truth, given)
    cut = [one for name in features[:_MOST_FEATURES] if (one := _cut(table, name)) is not None]
    singles = {feature.name: list(_parts([feature], errors, min_rows)) for feature in cut}
    telling = sorted(cut, key=lambda feature: -_explained(singles[feature.name]))[:_MOST_PAIRED]
    paired = list(combinations(sorted(telling, key=cut.index), 2))
    parts = [part for found in singles.values() for part in found]
    parts += [part for pair in paired for part in _parts(pair, errors, min_rows)]
    # Pairs were picked by looking: every pair that might have been counts in the test.
    possible = sum(len(f.names) for f in cut)
    possible += sum(len(a.names) * len(b.names) for a, b in combinations(cut, 2))
    named = _named(sorted(parts, key=lambda part: (part.chance, part.where)), possible)
    ranked = sorted(named, key=lambda part: (-part.excess * part.rows, part.where))
    overall = float(errors.mean())
    return tuple(_told(part, overall) for part in ranked[:_LISTED])


def row_errors(truth: Floats | Codes, given: Predictions) -> Floats:
    """(n,) error of each row: log loss for classes, squared error for numbers."""
    if given.labels is None:
        squared: Floats = np.square(given.scores[:, 0] - truth)
        return squared
    codes = truth.astype(np.int64)
    chance = np.where(codes >= 0, given.scores[np.arange(len(codes)), np.maximum(codes, 0)], 0.0)
    losses: Floats = -np.log(np.clip(chance, _SMALLEST_PROBABILITY, 1.0))
    return losses


def _cut(table: "pa.Table", name: str) -> _Feature | None:
    """A column in levels; None: it has too many, or one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = table.column(name)
    distinct = pc.count_distinct(column, mode="all").as_py()
    if distinct < 2:
        return None
    if distinct <= _MOST_LEVELS:
        texts: list[Any] = column.cast(pa.string()).to_pylist()
        labels = np.array([MISSING if t is None else t for t in texts], dtype=object)
        names, codes = np.unique(labels, return_inverse=True)
        return _Feature(name, codes.astype(np.int64), tuple(str(level) for level in names))
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return None
    return _fifths(name, np.asarray(pc.fill_null(column.cast(pa.float64()), math.nan)))


def _fifths(name: str, values: Floats) -> _Feature | None:
    known = np.isfinite(values)
    if not known.any():
        return None
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, _FIFTHS + 1)))
    inner = edges[1:-1]
    codes = np.where(known, np.searchsorted(inner, values, side="right"), len(inner) + 1)
    named = [f"below {edge:.4g}" for edge in inner[:1]]
    named += [f"{low:.4g} to {high:.4g}" for low, high in pairwise(inner)]
    named += [f"{edge:.4g} or more" for edge in inner[-1:]] or ["any"]
    return _Feature(name, codes.astype(np.int64), (*named, MISSING))


def _parts(features: Sequence[_Feature], errors: Floats, min_rows: int) -> Iterator[_Part]:
    shape = tuple(len(feature.names) for feature in features)
    codes = np.ravel_multi_index(tuple(feature.codes for feature in features), shape)
    size = math.prod(shape)
    rows = np.bincount(codes, minlength=size).astype(np.float64)
    sums = np.bincount(codes, errors, minlength=size)
    squares = np.bincount(codes, errors**2, minlength=size)
    rest = len(errors) - rows
    for place in np.flatnonzero((rows >= min_rows) & (rest >= min_rows)):
        mean, variance = _moments(rows[place], sums[place], squares[place])
        others, spread = _moments(
            rest[place], sums.sum() - sums[place], squares.sum() - squares[place]
        )
        error = math.sqrt(variance / rows[place] + spread / rest[place])
        levels = np.unravel_index(place, shape)
        yield _Part(
            where=tuple(
                (feature.name, feature.names[int(level)])
                for feature, level in zip(features, levels, strict=True)
            ),
            rows=int(rows[place]),
            mean=mean,
            excess=mean - others,
            chance=tail(mean - others, error),
        )


def _moments(rows: float, total: float, squares: float) -> tuple[float, float]:
    mean = float(total / rows)
    return mean, max(float(squares / rows) - mean**2, 0.0)


def _explained(parts: Sequence[_Part]) -> float:
    return sum(max(part.excess, 0.0) * part.rows for part in parts)


def _named(ranked: Sequence[_Part], possible: int) -> list[_Part]:
    """Holm's step-down test over as many parts as were possible."""
    named = []
    for place, part in enumerate(ranked):
        if not part.chance <= _ALPHA / (possible - place):
            break
        named.append(part)
    return named


def _told(part: _Part, overall: float) -> WorstPart:
    levels: Mapping[str, str] = dict(part.where)
    return WorstPart(
        where=dict(levels),
        rows=part.rows,
        error=part.mean,
        overall=overall,
        excess=part.excess,
        chance=part.chance,
    )
