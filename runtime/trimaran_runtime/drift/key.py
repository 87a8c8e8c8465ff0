"""Float keys: the top 16 bits of `float32(x - centre)`, in the order of the numbers.

65,536 ordered bins whose edges never depend on the data, so histograms add up exactly. A key
spans at most 1/128 of the distance from the centre; whole numbers within 256 of it keep a key
of their own.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint16]

KEYS = 1 << 16
_SIGN = 0x8000
_MASK = 0xFFFF


def _ordered() -> npt.NDArray[np.intp]:
    """Raw top bits by ordered key: the negative half of the line runs backwards."""
    key = np.arange(KEYS)
    return np.where(key < _SIGN, _MASK - key, key - _SIGN)


_RAW_BY_KEY = _ordered()
KEY_BY_RAW: Keys = np.argsort(_RAW_BY_KEY).astype(np.uint16)
"""Ordered key by raw top bits."""
LOWEST = int(np.flatnonzero(_RAW_BY_KEY == 0xFF80)[0])
"""Key of everything too far below the centre for a float32."""
HIGHEST = int(np.flatnonzero(_RAW_BY_KEY == 0x7F80)[0])
"""Key of everything too far above the centre for a float32."""


def histogram(distance: npt.NDArray[np.float32]) -> Counts:
    """Counts by ordered key, shape `(65536,)`.

    Args:
        distance: `float32(x - centre)`, shape `(n,)`, contiguous, little-endian; may hold NaN,
            which is counted outside `LOWEST..HIGHEST`.
    """
    counts: Counts = np.bincount(distance.view(np.uint16)[1::2], minlength=KEYS)[_RAW_BY_KEY]
    return counts


def edges(keys: Keys, centre: float) -> tuple[Floats, Floats]:
    """Lower and upper edge of each key, in the column's own unit.

    The outermost keys end at the largest float32.
    """
    raw = _RAW_BY_KEY[keys].astype(np.uint32) << 16
    limit = float(np.finfo(np.float32).max)
    # Towards zero from a key's own value is its inner edge; the outer one is the next key's.
    inner = raw.view(np.float32).astype(np.float64)
    with np.errstate(invalid="ignore"):
        outer = (raw + np.uint32(1 << 16)).view(np.float32).astype(np.float64)
    inner = np.clip(np.nan_to_num(inner, nan=limit), -limit, limit)
    outer = np.where(np.isnan(outer), np.copysign(limit, inner), np.clip(outer, -limit, limit))
    below = _RAW_BY_KEY[keys] >= _SIGN
    return centre + np.where(below, outer, inner), centre + np.where(below, inner, outer)
