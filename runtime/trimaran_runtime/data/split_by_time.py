"""Splits in the order of time."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.row_hash import row_hashes

if TYPE_CHECKING:
    import pyarrow as pa

_DAY = 86_400 * 1_000_000
"""Microseconds."""


def by_time(
    table: "pa.Table", config: DataConfig
) -> tuple[NDArray[np.int64], NDArray[np.int8], tuple[str, ...], dict[str, int]]:
    """Rows in the order of time, the split of each row, the boundaries, and what was left out.

    Rows without a time come first; rows without a group are train rows.

    The gap lies before a boundary, as an embargo on training does (López de Prado, Advances in
    Financial Machine Learning, 2018, section 7.4): the later split, which is compared with others,
    stays as it is.
    """
    column = table.column(str(config.time))
    times = _numbers(column)
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    first = _boundary(ordered, config.split.train)
    second = _boundary(ordered, config.split.train + config.split.validation)
    starts = [ordered[place] for place in (first, second) if place < len(ordered)]
    places = np.searchsorted(np.array(starts), times, side="right").astype(np.int8)
    dropped = {}
    if config.split.gap_days:
        dropped["gap"] = _drop_gap(places, times, starts, config.split.gap_days)
    if config.group is not None:
        places[np.asarray(table.column(config.group).is_null())] = 0
        dropped["group"] = _drop_seen(places, row_hashes(table, [config.group]))
    boundaries = tuple(
        _shown(column[int(order[place])].as_py()) for place in (first, second) if place < len(order)
    )
    return order, places, boundaries, dropped


def _numbers(column: Any) -> NDArray[np.int64]:
    """Times as numbers, missing ones as the earliest."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = column.cast(pa.int64())
    return np.asarray(whole.fill_null(pc.min(whole)) if whole.null_count else whole)


def _boundary(ordered: NDArray[np.generic], share: float) -> int:
    """Place of the first row after the share, moved so that one instant is not torn apart."""
    place = min(round(share * len(ordered)), len(ordered) - 1)
    earliest = int(np.searchsorted(ordered, ordered[place], side="left"))
    if earliest > 0:
        return earliest
    return int(np.searchsorted(ordered, ordered[place], side="right"))


def _drop_gap(
    places: NDArray[np.int8], times: NDArray[np.int64], starts: list[Any], days: float
) -> int:
    gap = round(days * _DAY)
    before = np.zeros(len(places), dtype=np.bool_)
    for place, start in enumerate(starts):
        before |= (places <= place) & (times >= start - gap)
    places[before] = -1
    return int(before.sum())


def _drop_seen(places: NDArray[np.int8], groups: NDArray[np.uint64]) -> int:
    """Leave out rows whose group an earlier split holds; returns how many."""
    count = 0
    for place in (1, 2):
        earlier = groups[(places >= 0) & (places < place)]
        seen = (places == place) & np.isin(groups, earlier)
        places[seen] = -1
        count += int(seen.sum())
    return count


def _shown(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)
