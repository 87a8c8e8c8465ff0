"""Drift of two large tables: ours beside the peers, each as it comes, in one run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.drift_load import CATEGORICAL, NUMERIC, ROWS, table
from tests.benchmarks.table import record

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]
FOLDER = Path(__file__).parent / "peers"
ENVIRONMENTS = Path(sys.prefix) / "peers"
BARS = {"nannyml": 30, "whylogs": 100, "evidently": 100}
"""How many times as long as ours each has to take."""
SILENT = {
    "DO_NOT_TRACK": "1",
    "ITERATIVE_DO_NOT_TRACK": "1",
    "NML_DISABLE_USAGE_LOGGING": "1",
    "WHYLOGS_NO_ANALYTICS": "True",
}
"""Peers that tell their makers of their use are told not to."""
COLUMNS = NUMERIC + CATEGORICAL
VERDICT = f"drift verdict, two tables of {ROWS:,} x {COLUMNS}"


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Two tables of one law: every alarm is false."""
    from pyarrow import feather

    folder = tmp_path_factory.mktemp("tables")
    paths = tuple(str(folder / f"{seed}.arrow") for seed in (1, 2))
    for seed, path in enumerate(paths, start=1):
        feather.write_feather(table(seed), path, compression="uncompressed")
    return paths[0], paths[1]


def judged(python: str, name: str, tables: tuple[str, str]) -> dict[str, Any]:
    """What an adapter measured in a process of its own."""
    done = subprocess.run(
        [python, str(FOLDER / f"{name}_drift.py"), *tables],
        capture_output=True,
        text=True,
        env={**os.environ, **SILENT},
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return document


@pytest.mark.parametrize("peer", BARS)
def test_a_peer_takes_many_times_as_long(peer: str, tables: tuple[str, str]) -> None:
    python = ENVIRONMENTS / peer / "bin" / "python"
    if not python.exists():
        pytest.skip("needs `make peers`")
    before = judged(sys.executable, "trimaran", tables)
    theirs = judged(str(python), peer, tables)
    after = judged(sys.executable, "trimaran", tables)
    ours = (before["seconds"] + after["seconds"]) / 2
    ratio = record(f"{VERDICT} with correlations: {peer}", ours, peer, theirs["seconds"])
    print(
        json.dumps(
            {
                "peer": peer,
                "times": round(1 / ratio, 1),
                "false alarms": [len(before["moved"]), len(theirs["moved"])],
                "peak MiB": [round(before["peak_mib"]), round(theirs["peak_mib"])],
                "cpu": [round(before["cpu"], 2), round(theirs["cpu"], 2)],
            }
        )
    )
    assert not before["moved"]
    assert ratio <= 1 / BARS[peer]
