"""Importing ours against importing Pulumi alone."""

import subprocess
import sys

import pytest

from tests.benchmarks.table import record

pytestmark = pytest.mark.bench


def seconds(statement: str) -> float:
    """Time of a statement in a fresh process."""
    program = f"import time; t = time.perf_counter()\n{statement}\nprint(time.perf_counter() - t)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


@pytest.mark.parametrize(
    ("what", "statement"),
    [
        ("import trimaran", "import trimaran"),
        ("import trimaran and use MLStack", "import trimaran; trimaran.MLStack, trimaran.load"),
    ],
)
def test_import(what: str, statement: str) -> None:
    pairs = [(seconds(statement), seconds("import pulumi")) for _ in range(7)]
    ours, pulumi = (min(taken) for taken in zip(*pairs, strict=True))
    record(what, ours, "import pulumi", pulumi)
