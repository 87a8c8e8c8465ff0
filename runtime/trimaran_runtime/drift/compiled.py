"""The loop over floats compiled by Numba: half the time of NumPy's, after seconds to compile.

Imported only when it is asked for: Numba takes seconds and 100 MiB to load.
"""

from typing import Any

import numpy as np

from trimaran_runtime.errors import ConfigError

try:
    import numba
except ImportError as exc:
    raise ConfigError(
        "the engine numba was asked for, and Numba is not installed",
        where="drift",
        allowed="engine='numpy', which gives the same bits",
        next_step="pip install numba",
    ) from exc


def _count(values: Any, centre: Any, counts: Any) -> Any:
    """Adds raw keys to `counts`; what else is to be known, in the order of the result."""
    above = below = zeros = finite = 0
    least, most = np.inf, -np.inf
    distance = np.empty(1, np.float32)
    raw = distance.view(np.uint32)
    nothing = centre == 0
    for value in values:
        # Adding zero to what is not moved makes -0.0 the same key as 0.0.
        distance[0] = value + abs(centre) if nothing else value - centre
        counts[raw[0] >> 16] += 1
        if np.isfinite(value):
            finite += 1
            zeros += value == 0
            least = min(least, value)
            most = max(most, value)
        elif value == np.inf:
            above += 1
        elif value == -np.inf:
            below += 1
    return above, below, zeros, finite, least, most


try:
    count_floats = numba.njit(_count, nogil=True, cache=True)
except RuntimeError:  # nowhere to keep what is compiled
    count_floats = numba.njit(_count, nogil=True)
