"""A bad table stops the run once, after the split, with everything that is wrong with it."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.runtime.toy_run import ToyRun, toy_config
from trimaran_runtime.errors import Exit

ROWS = 1200
GENERATOR = np.random.default_rng(3)
NUMBERS = {f"n{i}": GENERATOR.normal(size=ROWS) for i in range(3)}
LABELS = GENERATOR.random(ROWS) < 0.4
TIMES = pa.array(np.arange(ROWS) * 3_600_000_000, pa.timestamp("us"))
WHO = pa.array([f"w{row // 4}" for row in range(ROWS)])


def refused(folder: Path, columns: dict[str, Any], **data: Any) -> str:
    """What the run says: data and split go through, validate refuses."""
    parquet.write_table(pa.table({**NUMBERS, **columns}), folder / "rows.parquet")
    toy = ToyRun(folder)
    source = str(folder / "rows.parquet")
    toy.configure(toy_config(data={"source": source, "target": "y", **data}))
    assert toy.steps("data", "split") == Exit.OK
    assert toy.step("validate") == Exit.INVALID_DATA
    return str(toy.error("validate")["message"])


def told(message: str) -> set[str]:
    """The findings, without their advice."""
    return {line.strip() for line in message.splitlines() if "✗" in line}


def some(values: Any, lacking: int) -> pa.Array:
    """The values, every `lacking`-th one missing."""
    return pa.array(values, mask=np.arange(ROWS) % lacking == 0)


def test_labels_times_groups_and_infinite_values_in_one_list(tmp_path: Path) -> None:
    bad = NUMBERS["n0"].copy()
    bad[[700, 900]] = np.inf, -np.inf
    columns = {
        "n0": bad,
        "y": some(LABELS, 10),
        "at": some(TIMES.to_numpy(), 100),
        "who": some(WHO.to_numpy(zero_copy_only=False), 300),
    }
    message = refused(tmp_path, columns, time="at", group="who")
    assert message.startswith("validate: 4 errors, ")
    # Of the two groups that a boundary in time cuts, 11 rows are left out.
    assert told(message) == {
        "✗ y: 120 of 1189 labels are missing",
        "✗ at: 12 of 1189 times are missing",
        "✗ who: 4 of 1189 groups are missing",
        f"✗ n0: 2 of 1189 values are infinite, the first in {tmp_path}/rows.parquet, row 701",
    }


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_target_that_no_row_has(tmp_path: Path, task: str) -> None:
    message = refused(tmp_path, {"y": pa.nulls(ROWS)}, task=task)
    assert told(message) == {"✗ y: 1200 of 1200 labels are missing"}


def test_one_class_alone(tmp_path: Path) -> None:
    message = refused(tmp_path, {"y": ["no"] * ROWS})
    assert told(message) == {"✗ y: all 1200 labels are 'no': there is nothing to tell apart"}


@pytest.mark.parametrize(
    ("times", "says"),
    [
        (pa.array([f"day {row}" for row in range(ROWS)]), "is of type string, which has no order"),
        (pa.array(np.arange(ROWS) / 2), "is of type double, which has no order in time"),
        (pa.array(np.arange(ROWS)), "holds numbers, not times: data.split.gap_days counts no days"),
        (pa.nulls(ROWS, pa.timestamp("us")), "1200 of 1200 times are missing"),
    ],
)
def test_a_time_that_is_none_beside_a_bad_label(tmp_path: Path, times: pa.Array, says: str) -> None:
    columns = {"y": some(LABELS, 10), "at": times}
    message = refused(tmp_path, columns, time="at", split={"gap_days": 1})
    assert any(line.startswith(f"✗ at: {says}") for line in told(message)), message
    assert "✗ y: 120 of 1200 labels are missing" in told(message)
    assert len(told(message)) == 2


def test_keys_that_no_row_has(tmp_path: Path) -> None:
    columns = {"y": LABELS, "key": pa.nulls(ROWS), "who": pa.nulls(ROWS)}
    assert told(refused(tmp_path, columns, id="key", group="who")) == {
        "✗ key: all 1200 ids are missing",
        "✗ who: 1200 of 1200 groups are missing",
    }


def test_splits_that_are_empty_or_lack_a_class(tmp_path: Path) -> None:
    # Two instants only, and a class that came up with the second.
    second = np.arange(ROWS) >= 700
    columns = {
        "y": np.where(second & (np.arange(ROWS) % 3 == 0), "new", np.where(LABELS, "yes", "no")),
        "at": pa.array(np.where(second, 10**12, 0), pa.timestamp("us")),
    }
    assert told(refused(tmp_path, columns, time="at")) == {
        "✗ the validation split has no rows (of 1,200, split by time at)",
        "✗ y: the train split (700 rows) has no row of class 'new'",
    }


def test_a_group_that_leaves_nothing_to_the_later_splits(tmp_path: Path) -> None:
    columns = {"y": LABELS, "at": TIMES, "who": ["one"] * ROWS}
    assert told(refused(tmp_path, columns, time="at", group="who")) == {
        f"✗ the {name} split has no rows (of 720, split by time at, group who; "
        "left out: 480 by group)"
        for name in ("validation", "test")
    }


def test_a_gap_that_leaves_no_row_at_all(tmp_path: Path) -> None:
    columns = {"y": LABELS, "at": pa.array(np.arange(ROWS) // 400, pa.timestamp("us"))}
    message = refused(tmp_path, columns, time="at", split={"gap_days": 9, "train": 0.6})
    assert "✗ the train split has no rows (of 400, split by time at, 9 days apart; " in message
