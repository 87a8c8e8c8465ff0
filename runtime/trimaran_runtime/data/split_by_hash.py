"""Splits by a seeded hash: of the group, of the id, or of the whole row."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.row_hash import row_hashes

if TYPE_CHECKING:
    import pyarrow as pa


def by_hash(table: "pa.Table", config: DataConfig, seed: int) -> NDArray[np.int8]:
    """Split of each row: 0, 1 or 2.

    Rows of one hash stay together: those of one group, else of one id, else equal ones. Rows
    without a group are train rows.
    """
    column = config.group or config.id
    hashes = row_hashes(table, None if column is None else [column], seed=seed)
    shares = np.array([config.split.train, config.split.train + config.split.validation])
    if config.split.balanced:
        places = _balanced(hashes, _codes(table, config.target), shares)
    else:
        share = hashes / np.float64(2**64)
        places = np.searchsorted(shares, share, side="right").astype(np.int8)
    if config.group is not None:
        places[np.asarray(table.column(config.group).is_null())] = 0
    return places


def _balanced(
    hashes: NDArray[np.uint64], labels: NDArray[np.int64], shares: NDArray[np.float64]
) -> NDArray[np.int8]:
    """Within each class, units in the order of their hashes, cut where the shares are reached.

    A unit is the rows of one hash. One with several classes counts as its most frequent one (of
    two, the one that comes first). It goes where its middle row falls, so that a class misses its
    share by at most half of the unit on the boundary.
    """
    units, unit_of, sizes = np.unique(hashes, return_inverse=True, return_counts=True)
    class_of = _most_frequent(unit_of, labels, len(units))
    places = np.zeros(len(units), dtype=np.int8)
    for label in np.unique(class_of):
        # `np.unique` has sorted the units by their hashes.
        members = np.flatnonzero(class_of == label)
        weight = sizes[members]
        middle = np.cumsum(weight) - weight / 2
        places[members] = np.searchsorted(shares * weight.sum(), middle, side="right")
    return places[unit_of]


def _most_frequent(
    unit_of: NDArray[np.int64], labels: NDArray[np.int64], units: int
) -> NDArray[np.int64]:
    classes = int(labels.max()) + 1
    pairs, counts = np.unique(unit_of * classes + labels, return_counts=True)
    owner, label = pairs // classes, pairs % classes
    found = np.zeros(units, dtype=np.int64)
    # Least frequent first, and of equals the later label first: the last one written stays.
    order = np.lexsort((-label, counts))
    found[owner[order]] = label[order]
    return found


def _codes(table: "pa.Table", target: str) -> NDArray[np.int64]:
    """A number per class, in the classes' own order; a missing label is a class of its own."""
    import pyarrow.compute as pc

    column = table.column(target).combine_chunks()
    levels = pc.unique(column.drop_null())
    levels = levels.take(pc.sort_indices(levels))
    codes = pc.index_in(column, levels)
    return np.asarray(pc.fill_null(codes, len(levels))).astype(np.int64)
