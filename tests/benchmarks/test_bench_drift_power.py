"""How often a change is found: twelve stated changes, at half, once and twice their size."""

from pathlib import Path

import pytest

from tests.drift.power import CHANGES, REFERENCE_ROWS, detected
from tests.drift.year import COLUMNS, CONFIG

PAGE = Path(__file__).parents[2] / "docs" / "drift-power.md"
WINDOWS = 40
SIZES = (1_000, 5_000, 20_000, 100_000)
TIMES = (0.0, 0.5, 1.0, 2.0)
HEAD = f"""\
# How often drift is found

Written by `make bench`: the share of {WINDOWS} seeded windows in which one changed column of
{COLUMNS} is called drifted at the usual tolerances and `alpha` {CONFIG.alpha:g}, against a
reference of {REFERENCE_ROWS:,} rows. Size 0 is no change at all: what is found there is a false
alarm. Size 1 is the change in the first column: a material one, which has to be found in 95 % of
windows of 20,000 rows. Half of it is near the tolerance, where it is not the purpose to alarm.

| change | size | {" | ".join(f"{rows:,} rows" for rows in SIZES)} |
|---|---|{"---|" * len(SIZES)}
"""


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_material_changes_are_found_and_none_where_there_is_none() -> None:
    found = {
        (name, times, rows): detected(name, times, rows, WINDOWS)
        for name in CHANGES
        for times in TIMES
        for rows in SIZES
    }
    lines = [
        f"| {name} | {times:g} | "
        + " | ".join(f"{found[name, times, rows]:.0%}" for rows in SIZES)
        + " |"
        for name in CHANGES
        for times in TIMES
    ]
    PAGE.write_text(HEAD + "\n".join(lines) + "\n")
    for (_, times, rows), share in found.items():
        assert share == 0 or times > 0
        assert share >= 0.95 or times < 1 or rows < 20_000
