"""Rows at which a lowered forest changes its mind: where it could part from its original."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trimaran_runtime.lowering.answer import Trees
from trimaran_runtime.lowering.lowered import Lowered
from trimaran_runtime.lowering.matrix import Divide, Fill, Operation, Recode, Shift, Spread
from trimaran_runtime.lowering.reader import Numbers
from trimaran_runtime.registry.release import Feature

MOST = 4_000
"""Splits that are tried."""
_WALKED = 10_000
"""Rows among which one is looked for that gets to a split."""
_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class _Origin:
    """A column of the matrix as `scale` times an input plus `shift`; input -1: no such thing."""

    column: int
    scale: float = 1.0
    shift: float = 0.0


_NONE = _Origin(-1)


def boundary_rows(
    lowered: Lowered, features: Sequence[Feature], values: Sequence[list[Any]]
) -> list[list[Any]]:
    """Rows at both sides of every split: of the data, and with the column set to the threshold.

    A row is taken that gets to the split, so that nothing but the split decides where it goes on.
    Scaling rounds: a threshold may lie between two values of the input, so that its neighbours in
    float64 and in float32 are tried too. At most `MOST` splits, evenly over all.

    Args:
        lowered: the model; one without trees has no splits.
        features: its columns.
        values: rows of the data by column, as a model gets them.

    Returns:
        Rows by column; none where there is no split of numbers.
    """
    made: list[list[Any]] = [[] for _ in features]
    if not isinstance(lowered.answer, Trees):
        return made
    forest, origins = lowered.answer.forest, _origins(lowered)
    step = -(-len(values[0]) // _WALKED)
    rows = lowered.prepared([column[::step] for column in values])
    visitors = forest.visitors(rows)
    inner = np.flatnonzero((forest.feature >= 0) & (forest.split < 0) & (visitors >= 0))
    for node in inner[:: max(1, len(inner) // MOST)].tolist():
        origin = origins[forest.feature[node]]
        if origin.column < 0 or origin.scale == 0:
            continue
        threshold = (float(forest.threshold[node]) - origin.shift) / origin.scale
        for value in _fitting(features[origin.column], threshold):
            for place, column in enumerate(made):
                given = values[place][visitors[node] * step]
                column.append(value if place == origin.column else given)
    return made


def _origins(lowered: Lowered) -> list[_Origin]:
    parts = [_through(part.operations, part.reader) for part in lowered.parts]
    return _all(lowered.operations, [origin for part in parts for origin in part])


def _fitting(feature: Feature, threshold: float) -> list[Any]:
    """The threshold and its neighbours, as far as the column takes them."""
    if feature.type == "number":
        return _neighbours(threshold)
    if feature.type == "integer" and abs(threshold) < _EXACT:
        return sorted({math.floor(threshold), math.ceil(threshold)})
    return []


def _through(operations: tuple[Operation, ...], reader: object) -> list[_Origin]:
    width: int = getattr(reader, "width")  # noqa: B009 - every reader has one
    columns = reader.columns.tolist() if isinstance(reader, Numbers) else [-1] * width
    return _all(operations, [_Origin(column) for column in columns])


def _all(operations: tuple[Operation, ...], origins: list[_Origin]) -> list[_Origin]:
    for operation in operations:
        origins = list(_after(operation, origins))
    return origins


def _after(operation: Operation, origins: list[_Origin]) -> Iterator[_Origin]:
    match operation:
        case Shift(centre):
            pairs = zip(origins, centre.tolist(), strict=True)
            yield from (_Origin(o.column, o.scale, o.shift - c) for o, c in pairs)
        case Divide(scale):
            pairs = zip(origins, scale.tolist(), strict=True)
            yield from (_Origin(o.column, o.scale / s, o.shift / s) for o, s in pairs)
        case Spread(scale, start, _):
            for o, s, b in zip(origins, scale.tolist(), start.tolist(), strict=True):
                yield _Origin(o.column, o.scale * s, o.shift * s + b)
        case Fill(kept, _, indicated):
            yield from (origins[i] for i in kept.tolist())
            yield from [_NONE] * len(indicated)
        case Recode(columns, _, _, others):
            yield from [_NONE] * len(columns)
            yield from (origins[i] for i in others.tolist())
        case _:
            yield from origins


def _neighbours(value: float) -> list[float]:
    with np.errstate(over="ignore"):
        single = np.float32(value)
        beside = [np.nextafter(single, np.float32(side)) for side in (-np.inf, np.inf)]
    near = [math.nextafter(value, side) for side in (-math.inf, math.inf)]
    found = {value, *near, float(single), *map(float, beside)}
    return sorted(each for each in found if math.isfinite(each))
