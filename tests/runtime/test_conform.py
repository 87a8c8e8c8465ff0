"""The lock: what it infers, and what every run is held to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.runtime.validated import clean, found_in, lock_of, named, parts_of, run_config
from trimaran_runtime.validation.finding import Finding, Severity
from trimaran_runtime.validation.validate import validate

ROWS = 3000
GENERATOR = np.random.default_rng(3)
START = 1_700_000_000_000_000
DATA: dict[str, Any] = {"time": "at", "id": "id", "exclude": ["memo"]}


def table() -> dict[str, Any]:
    return {
        "id": [f"row {n}" for n in range(ROWS)],
        "at": pa.array(START + np.arange(ROWS) * 60_000_000, pa.timestamp("us")),
        "x": GENERATOR.normal(20, 5, ROWS),
        "gaps": pa.array(GENERATOR.normal(size=ROWS), mask=GENERATOR.random(ROWS) < 0.1),
        "kind": GENERATOR.choice(["a", "b", "c"], ROWS, p=[0.7, 0.2, 0.1]),
        "n": GENERATOR.poisson(5, ROWS),
        "y": GENERATOR.random(ROWS) < 0.3,
    }


LOCKED = table()
LOCK = lock_of(LOCKED, DATA)


def held(changes: dict[str, Any], *, drop: str = "", **lock: Any) -> list[Finding]:
    """What the lock finds in its own table with some columns changed."""
    columns = {name: v for name, v in {**LOCKED, **changes}.items() if name != drop}
    changed = LOCK.model_copy(update=lock)
    found = found_in(columns, {**DATA, "exclude": []}, lock=changed).findings
    return [finding for finding in found if finding.check.startswith("lock")]


def only(found: list[Finding]) -> Finding:
    assert len(found) == 1, found
    return found[0]


def test_a_table_fits_its_own_lock() -> None:
    assert held({}) == []


def test_another_table_of_the_same_kind_fits() -> None:
    assert [f for f in held(table()) if f.severity is Severity.error] == []


@pytest.mark.parametrize("seed", range(15))
def test_honest_tables_fit_their_own_lock(seed: int) -> None:
    columns, data = clean(seed)
    found = found_in(columns, data, lock=lock_of(columns, data))
    assert [f for f in found.findings if f.check.startswith("lock")] == []


x, kind, n = LOCKED["x"], LOCKED["kind"], LOCKED["n"]
few = np.arange(ROWS) < 10


@pytest.mark.parametrize(
    ("changes", "check", "column", "severity", "evidence"),
    [
        ({"x": x * 1000}, "lock-scale", "x", "error", "is 1e+03 times as large as in the lock"),
        ({"x": x / 1000}, "lock-scale", "x", "error", "has its unit changed?"),
        ({"x": x + 15}, "lock-range", "x", "warning", "has the median"),
        ({"x": np.where(few, 900, x)}, "lock-range", "x", "warning", "10 of 3000 values lie"),
        ({"x": np.where(few, -900, x)}, "lock-range", "x", "warning", "10 of 3000 values lie"),
        (
            {"kind": GENERATOR.choice(["a", "b", "c"], ROWS, p=[0.35, 0.2, 0.45])},
            "lock-categories",
            "kind",
            "warning",
            "of the rows have moved to other levels",
        ),
        ({"x": [str(v) for v in x]}, "lock-type", "x", "error", "was number when it was locked"),
        ({"n": n + 0.5}, "lock-type", "n", "error", "is of type number, and was integer"),
        ({"x": pa.array(x, mask=few)}, "lock-missing", "x", "error", "none was in the lock"),
        (
            {"gaps": pa.array(x * 0, mask=np.arange(ROWS) % 2 > 0)},
            "lock-missing",
            "gaps",
            "warning",
            "the lock expects at most",
        ),
        ({"id": ["row 1"] * ROWS}, "lock-type", "id", "ok", ""),
        ({"kind": np.where(few, "d", kind)}, "lock-categories", "kind", "warning", "'d'"),
        ({"kind": np.where(kind == "b", "z", kind)}, "lock-categories", "kind", "error", "'z'"),
        (
            {"kind": np.select([kind == "a", kind == "b"], ["b", "a"], kind)},
            "lock-categories",
            "kind",
            "error",
            "was it recoded?",
        ),
        ({"new": x}, "lock-columns", "new", "error", "is in the table and not in the lock"),
    ],
)
def test_what_differs_is_found(
    changes: dict[str, Any], check: str, column: str, severity: str, evidence: str
) -> None:
    if severity == "ok":
        assert only(held(changes)).check == "lock-unique"
        return
    matching = [f for f in held(changes) if f.check == check]
    finding = only(matching)
    assert (finding.column, finding.severity.value) == (column, severity)
    assert evidence in finding.evidence
    assert finding.advice


def test_a_missing_value_repeats_none() -> None:
    ids = [None, "row 2", *LOCKED["id"][2:]]
    (repeated,) = (f for f in held({"id": ids}) if f.check == "lock-unique")
    assert repeated.evidence.startswith("1 of 2999 values repeat another")


def test_an_integer_is_taken_where_a_number_was_locked() -> None:
    assert held({"x": np.round(x).astype(int)}) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"x": np.where(few, x.max() + 0.4 * np.ptp(x), x)},
        {"gaps": pa.array([None] * ROWS, pa.string())},
        {"at": pa.array(START - 60_000_000 + np.arange(ROWS) * 61_000_000, pa.timestamp("us"))},
    ],
    ids=["within the slack", "of a type that cannot be seen", "a minute earlier"],
)
def test_what_the_world_may_do_is_let_pass(changes: dict[str, Any]) -> None:
    assert held(changes) == []


def test_a_new_column_that_is_no_feature_is_a_warning() -> None:
    found = named(found_in({**LOCKED, "memo": x}, DATA, lock=LOCK), "lock-columns")
    assert only(found).severity is Severity.warning


def test_a_lock_says_what_was_seen() -> None:
    levels = [f"level {i % 60}" for i in range(ROWS)]
    entries = {c.name: c for c in lock_of({**LOCKED, "levels": levels}, DATA).columns}
    assert entries["id"].unique
    low, high = entries["x"].minimum, entries["x"].maximum
    assert low is not None
    assert high is not None
    assert x.min() - 1e-3 < low <= x.min()
    assert x.max() <= high < x.max() + 1e-3
    share = LOCKED["gaps"].null_count / ROWS
    assert entries["gaps"].max_missing == pytest.approx(2 * share + 0.05, abs=1e-3)
    assert list(entries["kind"].categories or {}) == ["a", "b", "c"]
    assert entries["levels"].categories is None


def test_a_missing_and_a_renamed_column() -> None:
    assert only(held({}, drop="n")).evidence == "is in the lock and not in the table"
    missing, new = held({"count": n}, drop="n")
    assert (missing.column, new.column) == ("n", "count")
    assert "'count' is new and of its type: was it renamed?" in missing.evidence


def test_another_order_of_the_columns() -> None:
    reordered = {name: LOCKED[name] for name in reversed(LOCKED)}
    found = found_in(reordered, {**DATA, "exclude": []}, lock=LOCK)
    assert only(named(found, "lock-order")).severity is Severity.error
    free = LOCK.model_copy(update={"ordered": False})
    assert named(found_in(reordered, {**DATA, "exclude": []}, lock=free), "lock-order") == []


def test_too_few_and_too_many_rows() -> None:
    assert LOCK.rows is not None
    fewer = LOCK.rows.model_copy(update={"minimum": ROWS + 1})
    more = LOCK.rows.model_copy(update={"maximum": ROWS - 1})
    assert only(held({}, rows=fewer)).severity is Severity.error
    assert only(held({}, rows=more)).severity is Severity.warning


def test_rows_of_the_source_count_that_no_split_holds() -> None:
    assert LOCK.rows is not None
    lock = LOCK.model_copy(update={"rows": LOCK.rows.model_copy(update={"minimum": ROWS + 20})})
    parts = replace(parts_of(ROWS), outside=20)
    found = validate(pa.table(LOCKED), run_config({**DATA, "exclude": []}, lock=lock), parts=parts)
    assert named(found, "lock-rows") == []


@pytest.mark.parametrize(
    ("days", "says"), [(-1, "it is stale"), (-400, "long before the 2023-11-14")]
)
def test_time_that_went_back(days: int, says: str) -> None:
    moved = START + np.arange(ROWS) * 60_000_000 + days * 86_400_000_000
    found = held({"at": pa.array(moved, pa.timestamp("us"))})
    assert any(says in f.evidence and f.severity is Severity.error for f in found)


def test_a_time_in_a_lock_may_have_a_zone() -> None:
    assert LOCK.time is not None
    zone = timezone(timedelta(hours=2))
    newest = NEWEST.astimezone(zone).isoformat()
    assert held({}, time=LOCK.time.model_copy(update={"newest": newest})) == []


def test_what_was_taken_out_of_the_lock_is_not_checked() -> None:
    free = LOCK.model_copy(
        update={
            "columns": tuple(
                c.model_copy(
                    update={"magnitude": None, "minimum": None, "maximum": None, "typical": None}
                )
                for c in LOCK.columns
            )
        }
    )
    assert held({"x": x * 1000}, columns=free.columns) == []


# the clock

NEWEST = datetime.fromtimestamp(START / 1e6, UTC) + timedelta(minutes=ROWS - 1)


@pytest.mark.parametrize(
    ("now", "limit", "check"),
    [
        (NEWEST + timedelta(hours=5), None, None),
        (NEWEST + timedelta(hours=5), 6, None),
        ((NEWEST + timedelta(hours=5)).astimezone(timezone(timedelta(hours=9))), 6, None),
        (NEWEST + timedelta(hours=7), 6, "freshness"),
        (NEWEST - timedelta(hours=23), None, None),
        (NEWEST - timedelta(hours=25), None, "clock"),
    ],
)
def test_age_by_the_clock(now: datetime, limit: float | None, check: str | None) -> None:
    config = run_config({**DATA, "exclude": []}, max_age_hours=limit)
    found = validate(pa.table(LOCKED), config, now=now)
    told = [f for f in found.findings if f.check in {"clock", "freshness"}]
    assert [f.check for f in told] == ([check] if check else [])
    # What depends on the clock stops the run, so that no release depends on it.
    assert all(f.severity is Severity.error for f in told)
