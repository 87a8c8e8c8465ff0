"""A drift verdict written plainly, on one thread: what ours is measured against.

One straight line from two Arrow tables to what moved, with nothing that a first program would
leave out: no merging, no other types than those of the benchmark, no words, no threads. Of each
numeric column a keyed histogram, of each categorical one its codes by `bincount`; then every
facet, freed of its bias and with a lower bound at the risk of one in 100 over all comparisons;
then the correlation of each pair of numeric columns, by a product of float32 normal scores that
takes missing values for zeros, with a lower bound of its change.

It is less exact than ours: bounds are those of normal variables, far tails and rare shares
included, and sums of scores depend on the order of the rows.
"""

from collections.abc import Iterator, Mapping
from math import log, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from scipy.special import ndtri

KEYS = 1 << 16
BLOCK_ROWS = 125_000
PRODUCT_ROWS = 65_536
BINS = 32
TOLERANCE = {
    "missing": 0.01,
    "infinite": 0.001,
    "range": 0.002,
    "tail": 0.003,
    "js": 0.05,
    "ks": 0.03,
    "w1": 0.08,
    "new": 0.005,
    "share": 0.02,
    "correlation": 0.05,
}
Counts = Any
"""Rows by raw key, or by code."""

_RAW = np.arange(KEYS)
_ORDER = np.where(_RAW < KEYS // 2, KEYS - 1 - _RAW, _RAW - KEYS // 2)
"""Raw keys in the order of the numbers; beyond the infinities are the keys of NaN."""
_LOWEST, _HIGHEST = (int(np.flatnonzero(raw == _ORDER)[0]) for raw in (0xFF80, 0x7F80))
with np.errstate(invalid="ignore"):
    _VALUES = (_ORDER.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def has_levels(type_: Any) -> bool:
    """Whether a column is judged by its levels."""
    import pyarrow.types as is_a

    return bool(is_a.is_dictionary(type_) or is_a.is_boolean(type_))


def centres(rows: Any) -> dict[str, float | None]:
    """What is subtracted from each numeric column: its median in a thousand rows; else None."""
    found: dict[str, float | None] = {}
    for name in rows.column_names:
        column = rows.column(name)
        found[name] = None
        if not has_levels(column.type):
            values = column.slice(0, 1000).drop_null().to_numpy()
            values = values.view(np.int64) if values.dtype.kind == "M" else values
            found[name] = float(np.median(values))
    return found


def counted(rows: Any, centre: Mapping[str, float | None]) -> dict[str, Counts]:
    """Histogram of each column: a profile."""
    return {
        name: _codes(rows.column(name)) if middle is None else _keyed(rows.column(name), middle)
        for name, middle in centre.items()
    }


def judged(before: Mapping[str, Counts], now: Mapping[str, Counts], rows: Any) -> set[str]:
    """Columns with an effect that is surely beyond its tolerance."""
    risk = 0.01 / (7 * len(before))
    moved = set()
    for name in before:
        kind = rows.schema.field(name).type
        if has_levels(kind):
            found = _of_levels(before[name], now[name], risk, len(rows))
        else:
            found = _of_numbers(
                before[name], now[name], risk, only_missing="timestamp" in str(kind)
            )
        if any(low > TOLERANCE[facet] for facet, low in found.items()):
            moved.add(name)
    return moved


def related(
    one: Any, two: Any, before: Mapping[str, Counts], centre: Mapping[str, float | None]
) -> list[tuple[str, str]]:
    """Pairs of numeric columns whose correlation surely changed."""
    names = [n for n, c in centre.items() if c is not None and "time" not in str(one[n].type)]
    scores = np.stack([_scores(before[name]) for name in names])
    then, today = (_correlations(rows, names, centre, scores) for rows in (one, two))
    pairs = np.triu_indices(len(names), 1)
    z = NormalDist().inv_cdf(1 - 0.01 / len(pairs[0]) / 2)
    ends = []
    for found, rows in ((then[pairs], len(one)), (today[pairs], len(two))):
        middle = np.arctanh(found)
        ends.append((found, np.tanh(middle - z / sqrt(rows)), np.tanh(middle + z / sqrt(rows))))
    (was, was_low, was_high), (is_, low, high) = ends
    nearest = np.maximum(
        is_ - was - np.hypot(is_ - low, was_high - was),
        was - is_ - np.hypot(high - is_, was - was_low),
    )
    return [
        (names[pairs[0][n]], names[pairs[1][n]])
        for n in np.flatnonzero(nearest > TOLERANCE["correlation"])
    ]


def verdict(one: Any, two: Any, *, pairs: bool) -> tuple[set[str], list[tuple[str, str]]]:
    """What moved from one table to the other."""
    centre = centres(one)
    before, now = counted(one, centre), counted(two, centre)
    moved = judged(before, now, one)
    return moved, related(one, two, before, centre) if pairs else []


def _blocks(column: Any, rows: int) -> Iterator[Any]:
    for chunk in column.chunks:
        for start in range(0, len(chunk), rows):
            values = chunk.slice(start, rows).to_numpy(zero_copy_only=False)
            yield values.view(np.int64) if values.dtype.kind == "M" else values


def _raw(values: Any, centre: float) -> Any:
    with np.errstate(invalid="ignore", over="ignore"):
        distance = (values - centre).astype(np.float32)
    return distance.view(np.uint16)[1::2]


def _keyed(column: Any, centre: float) -> Counts:
    counts = np.zeros(KEYS, np.int64)
    for values in _blocks(column, BLOCK_ROWS):
        counts += np.bincount(_raw(values, centre), minlength=KEYS)
    return counts


def _codes(column: Any) -> Counts:
    counts = np.zeros(1, np.int64)
    for chunk in column.chunks:
        if hasattr(chunk, "true_count"):
            true = chunk.true_count
            counts = counts + np.array([true, len(chunk) - chunk.null_count - true])
        else:
            codes = chunk.indices.drop_null().to_numpy()
            counts = counts + np.bincount(codes, minlength=len(chunk.dictionary))
    return counts


def _of_numbers(
    before: Counts, now: Counts, risk: float, *, only_missing: bool
) -> dict[str, float]:
    before, now = before[_ORDER], now[_ORDER]
    rows, n = int(before.sum()), int(now.sum())
    inside = slice(_LOWEST + 1, _HIGHEST)
    infinite = [int(side[[_LOWEST, _HIGHEST]].sum()) for side in (before, now)]
    finite = [int(side[inside].sum()) for side in (before, now)]
    lost = [rows - finite[0] - infinite[0], n - finite[1] - infinite[1]]
    found = {"missing": _share(lost[0], rows, lost[1], n, risk)}
    if only_missing:
        return found
    found["infinite"] = _share(infinite[0], rows, infinite[1], n, risk)
    occurring = np.flatnonzero(before[inside] + now[inside]) + inside.start
    was, is_, values = before[occurring], now[occurring], _VALUES[occurring]
    below, below_now = np.cumsum(was), np.cumsum(is_)
    ends = np.flatnonzero(was)[[0, -1]]
    outside = finite[1] - int(is_[ends[0] : ends[1] + 1].sum())
    found["range"] = _share(0, finite[0], outside, finite[1], risk)
    first, last = np.searchsorted(below, [finite[0] * 0.001, finite[0] * 0.999])
    tails = [finite[k] - int(side[first : last + 1].sum()) for k, side in enumerate((was, is_))]
    found["tail"] = _share(tails[0], finite[0], tails[1], finite[1], risk)
    place = np.minimum((below - was / 2) * BINS // finite[0], BINS - 1).astype(np.intp)
    bins = [np.bincount(place, side, BINS) for side in (was, is_)]
    found["js"] = _jensen_shannon(bins[0], bins[1], risk)
    share, share_now = below / finite[0], below_now / finite[1]
    each = 1 / finite[0] + 1 / finite[1]
    gap = np.abs(share - share_now)
    found["ks"] = float(gap.max()) - sqrt(log(2 / risk) / 2 * each)
    body = np.clip(values, values[first], values[last])
    mean = float(body @ was) / finite[0]
    deviation = sqrt(float((body - mean) ** 2 @ was) / finite[0])
    if deviation:
        width = np.diff(body)
        z = NormalDist().inv_cdf(1 - risk)
        band = np.sqrt(share * (1 - share) * each)[:-1]
        found["w1"] = float((np.maximum(gap[:-1] - z * band, 0) * width).sum()) / deviation
    return found


def _of_levels(before: Counts, now: Counts, risk: float, rows: int) -> dict[str, float]:
    present, n = int(before.sum()), int(now.sum())
    found = {"missing": _share(rows - present, rows, rows - n, rows, risk)}
    common = before * min(1.0, n / present) >= 20
    was, is_ = (np.append(side[common], side[~common].sum()) for side in (before, now))
    found["js"] = _jensen_shannon(was, is_, risk)
    new = int(now[before == 0].sum()) / n
    z = NormalDist().inv_cdf(1 - risk)
    expected = float((before == 1).sum()) / present
    found["new"] = new - expected - z * sqrt(max(new, 1 / n) / n)
    change = np.abs(now / n - before / present)
    z = NormalDist().inv_cdf(1 - risk / len(before))
    middle = (now + before) / (n + present)
    found["share"] = float(
        (change - z * np.sqrt(middle * (1 - middle) * (1 / n + 1 / present))).max()
    )
    return found


def _share(before: int, rows: int, now: int, n: int, risk: float) -> float:
    """Lower bound of the size of a share's change (Newcombe's method 10, of Wilson's bounds)."""
    z = NormalDist().inv_cdf(1 - risk / 2)
    (was, was_low, was_high), (is_, low, high) = _wilson(before, rows, z), _wilson(now, n, z)
    up = is_ - was - sqrt((is_ - low) ** 2 + (was_high - was) ** 2)
    down = was - is_ - sqrt((high - is_) ** 2 + (was - was_low) ** 2)
    return max(up, down)


def _wilson(count: int, rows: int, z: float) -> tuple[float, float, float]:
    share = count / rows
    middle = (share + z * z / 2 / rows) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * sqrt(share * (1 - share) / rows + (z / 2 / rows) ** 2)
    return share, max(middle - half, 0.0), min(middle + half, 1.0)


def _jensen_shannon(before: Counts, now: Counts, risk: float) -> float:
    """Lower bound of the distance, freed of its bias, by the delta method."""
    rows, n = before.sum(), now.sum()
    was, is_ = before / rows, now / n
    middle = (was + is_) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        found = sum(float(np.nansum(side * np.log(side / middle))) for side in (was, is_)) / 2
    each = 1 / rows + 1 / n
    found = max(found - (len(before) - 1) * each / 8, 0.0)
    error = sqrt(each * found / 2 + (len(before) - 1) * each * each / 32)
    return sqrt(max(found - NormalDist().inv_cdf(1 - risk) * error, 0.0) / log(2))


def _scores(counts: Counts) -> Any:
    """Normal score by raw key, float32; NaN has 0."""
    ordered = counts[_ORDER][_LOWEST : _HIGHEST + 1]
    scores = np.zeros(KEYS, np.float32)
    occurring = np.flatnonzero(ordered)
    was = ordered[occurring]
    rank = (np.cumsum(was) - was / 2) / was.sum()
    # A key that never occurred has the score of the next below.
    filled = np.repeat(ndtri(rank), np.diff(occurring, append=len(ordered)))
    scores[_ORDER[_LOWEST + occurring[0] : _HIGHEST + 1]] = filled
    return scores


def _correlations(
    rows: Any, names: list[str], centre: Mapping[str, float | None], scores: Any
) -> Any:
    gram = np.zeros((len(names), len(names)))
    block = np.empty((len(names), PRODUCT_ROWS), np.float32)
    columns = [_blocks(rows[name], PRODUCT_ROWS) for name in names]
    for values in zip(*columns, strict=True):
        size = len(values[0])
        for place, (name, part) in enumerate(zip(names, values, strict=True)):
            middle = centre[name]
            assert middle is not None
            block[place, :size] = scores[place][_raw(part, middle)]
        gram += block[:, :size] @ block[:, :size].T
    spread = np.sqrt(np.diag(gram))
    return gram / np.outer(spread, spread)
