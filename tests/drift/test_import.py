"""What it costs to load drift."""

import json
import subprocess
import sys

import pytest

from trimaran_runtime.drift import Profile
from trimaran_runtime.errors import ConfigError

PROGRAM = """
import json, sys, time
busy = time.process_time()
from trimaran_runtime.drift import Profile, compare
busy = time.process_time() - busy
status = open("/proc/self/status").read()
mib = int(status.split("VmRSS:")[1].split()[0]) / 1024
print(json.dumps({"seconds": busy, "mib": mib, "modules": sorted(sys.modules)}))
"""


def test_loading_drift_takes_half_a_second_60_mib_and_none_of_the_large_libraries() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    large = {"pyarrow", "pandas", "polars", "numba", "scipy", "sklearn"}
    assert large & set(found["modules"]) == set()
    assert found["seconds"] < 0.5
    assert found["mib"] < 60


def test_numba_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa

    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "trimaran_runtime.drift.compiled", raising=False)
    with pytest.raises(ConfigError, match="Numba is not installed"):
        Profile.of(pa.table({"x": [1.0]}), engine="numba")
