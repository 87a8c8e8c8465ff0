"""OpenMP threads that wait asleep: a busy machine must not make training many times slower.

By default libgomp's threads spin at every barrier. scikit-learn's trees meet thousands of barriers,
and a spinning thread that holds the core its sibling needs costs a whole time slice at each: with
two cores and one other busy process, a fit of 1 s was measured at 20 to 60 s, and at 2 to 4 s with
threads that sleep. On an idle machine sleeping costs under a second per fit.
"""

import os

VARIABLE = "OMP_WAIT_POLICY"
"""Read by libgomp when it is loaded (OpenMP specification, environment variables)."""


def wait_asleep() -> None:
    """Choose sleeping waits, unless the environment chose already; call it before any import.

    It has no effect once a library that uses OpenMP is loaded.
    """
    os.environ.setdefault(VARIABLE, "passive")
