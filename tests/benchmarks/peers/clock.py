"""What each adapter does around its own computation: read, time it, print it as JSON.

An adapter is run by its environment's Python as a script, so that this module lies beside it; it
needs nothing but pyarrow, and pandas where the adapter wants pandas.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from pyarrow import feather


def pandas(table: Any) -> Any:
    """As a peer's own guide would have it: floats, whole numbers, and categories of text.

    Moments become whole numbers and infinite values missing ones, as not every peer takes them.
    """
    import numpy as np

    frame = table.to_pandas()
    for name, kind in frame.dtypes.items():
        if kind.kind == "M":
            frame[name] = frame[name].astype("int64")
        elif kind.kind == "b":
            frame[name] = frame[name].astype(str).astype("category")
        elif kind.kind == "f":
            frame[name] = frame[name].replace([np.inf, -np.inf], np.nan)
    return frame


def run(judge: Callable[[Any, Any], Iterable[str]], native: Callable[[Any], Any]) -> None:
    """Judge the two tables named on the command line, reference first.

    `native` makes of an Arrow table what `judge` takes, off the clock; `judge` gives the names of
    the columns that moved. A first judgement of 1,000 rows loads what is loaded once. The peak is
    of the whole process, tables and libraries included.
    """
    reference, current = (native(feather.read_table(path)) for path in sys.argv[1:3])
    list(judge(reference[:1000], current[:1000]))
    started, busy = time.perf_counter(), time.process_time()
    moved = sorted(judge(reference, current))
    taken, cpu = time.perf_counter() - started, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": taken, "cpu": cpu, "peak_mib": peak, "moved": moved}))
