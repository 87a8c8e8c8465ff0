"""The report in a browser: offline, silent, and as wide as the screen, a telephone's too."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.monitoring.browser import CHROMIUM, look
from trimaran_runtime.drift import Profile, compare
from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.monitoring.table_report import render_tables

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifty columns of all kinds, half of them moved, some with names that are hard to break."""
    draw = np.random.default_rng(1)

    def table(shift: float) -> pa.Table:
        columns: dict[str, object] = {}
        for i in range(25):
            columns[f"number_{i}"] = draw.normal(0, 1, 3_000) + shift * (i % 2)
        for i in range(24):
            levels = [f"level {k} of {i}" for k in range(i + 2)]
            columns[f"level_{i}"] = draw.choice(levels, 3_000)
        columns["an_exceedingly_long_name_" * 6] = draw.lognormal(0, 1 + shift, 3_000)
        return pa.table(columns)

    reference = Profile.of(table(0))
    current = Profile.of(table(0.6), reference=reference)
    verdict = compare(reference, current, DriftConfig())
    path = tmp_path_factory.mktemp("report") / "report.html"
    names = ("s3://bucket/" + "a" * 120 + "/before.parquet", "now.csv")
    now = datetime(2026, 1, 2, tzinfo=UTC)
    path.write_text(render_tables(verdict, reference, current, names=names, now=now))
    return path


@pytest.mark.parametrize("width", [390, 1024])
def test_it_loads_nothing_says_nothing_and_does_not_scroll_sideways(
    report: Path, width: int
) -> None:
    seen = look(report, width=width)
    assert seen.requests == []
    assert seen.messages == []
    # A scroll bar takes its share of a wide screen.
    assert seen.width <= width


def test_all_that_was_compared_is_there_and_large_enough_to_read(report: Path) -> None:
    facets = "document.querySelectorAll('.facets tbody tr').length"
    plots = "document.querySelectorAll('figure svg').length"
    smallest = (
        "Math.min(...[...document.querySelectorAll('main *')].filter(e => !e.closest('svg'))"
        ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    found = look(report, width=390, expression=f"[{facets}, {plots}, {smallest}]").value
    assert found[0] > 150
    assert found[1] == 12
    assert found[2] >= 12


def test_fifty_columns_are_below_two_megabytes(report: Path) -> None:
    assert report.stat().st_size < 2_000_000
