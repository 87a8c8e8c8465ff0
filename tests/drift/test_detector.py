"""Evidence over repeated checks: order, repeats, gaps and restarts do not change it."""

import math
import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from trimaran_runtime.drift import Profile
from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.drift.detector import RECENT_WINDOWS, DetectorState, Watch, update
from trimaran_runtime.drift.history import History
from trimaran_runtime.drift.verdict import Severity
from trimaran_runtime.drift.watched import Mean, means

CONFIG = DriftConfig()
START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def mean(value: float, rows: int = 20_000) -> dict[str, Mean]:
    return {"x:place": Mean(value=value, rows=rows, expected=0.5, reference_rows=1_000_000)}


def add(
    state: DetectorState, day: float, value: float, rows: int = 20_000, release: str = "a"
) -> tuple[DetectorState, Watch]:
    since = START + day * DAY
    return update(
        state, mean(value, rows), release=release, since=since, until=since + DAY, config=CONFIG
    )


def after(days: list[tuple[float, float]]) -> tuple[DetectorState, Watch]:
    state, watch = DetectorState.begin("a"), None
    for day, value in days:
        state, watch = add(state, day, value)
    assert watch is not None
    return state, watch


def test_a_change_within_the_indifference_zone_never_alarms() -> None:
    _, watch = after([(day, 0.509) for day in range(400)])
    assert watch.severity is Severity.ok


@pytest.mark.parametrize("value", [0.528, 0.472])
def test_a_tenth_of_a_standard_deviation_is_found_within_days_in_either_direction(
    value: float,
) -> None:
    days = [(day, 0.5) for day in range(180)]
    found = [
        after([*days, *((180 + more, value) for more in range(count))])[1].severity
        for count in (1, 2, 3)
    ]
    assert found[-1] is Severity.warn
    assert after(days)[1].severity is Severity.ok


def test_small_windows_add_up_to_what_none_of_them_shows() -> None:
    state, watch = DetectorState.begin("a"), None
    for day in range(30):
        state, watch = add(state, day, 0.56, rows=400)
        assert day > 0 or watch.severity is Severity.ok
    assert watch is not None
    assert watch.alarms[0].quantity == "x:place"


def test_the_state_survives_its_json_and_a_repeated_window_changes_nothing() -> None:
    state, watch = after([(day, 0.5 + day / 1000) for day in range(50)])
    again = DetectorState.parse(state.to_json())
    assert again == state
    assert len(state.to_json()) < 20_000
    repeated, same = add(again, 49, 0.9)
    assert (repeated, same) == (state, watch)


def test_windows_in_any_order_give_the_same_state_and_missed_ones_leave_no_trace() -> None:
    days = [(day, 0.5 + 0.004 * (day % 7)) for day in range(RECENT_WINDOWS) if day % 5]
    shuffled = days.copy()
    random.Random(3).shuffle(shuffled)
    assert after(shuffled) == after(days)


def test_a_sliding_window_is_bet_on_once_a_windows_length() -> None:
    hourly, _ = after([(hour / 24, 0.52) for hour in range(49)])
    daily, _ = after([(0, 0.52), (1, 0.52), (2, 0.52)])
    assert hourly == daily


def test_a_window_from_before_all_that_is_kept_is_left_out() -> None:
    state, _ = after([(day, 0.5) for day in range(1, RECENT_WINDOWS + 10)])
    assert add(state, 0, 0.9)[0] == state
    assert state.seen_until is not None


def test_another_release_starts_anew() -> None:
    state, watch = after([(day, 0.6) for day in range(5)])
    assert watch.severity is Severity.warn
    state, watch = add(state, 5, 0.5, release="b")
    assert (watch.severity, watch.windows, state.release) == (Severity.ok, 1, "b")


def test_an_alarm_ends_when_the_change_does() -> None:
    days = [(day, 0.5) for day in range(20)] + [(day, 0.6) for day in range(20, 60)]
    assert after(days)[1].severity is Severity.warn
    assert after([*days, (60, 0.5), (61, 0.5)])[1].severity is Severity.ok


def test_rows_that_resemble_their_neighbours_count_for_less() -> None:
    history = History(inflation={"x": 50.0})
    _, watch = update(
        DetectorState.begin("a"),
        mean(0.56),
        release="a",
        since=START,
        until=START + DAY,
        config=CONFIG,
        history=history,
    )
    assert watch.severity is Severity.ok
    assert add(DetectorState.begin("a"), 0, 0.56)[1].severity is Severity.warn


def test_the_time_between_false_alarms_is_at_least_what_is_stated() -> None:
    # On the edge of the zone, with the most variable values there are: 0 and 1.
    draw, config = np.random.default_rng(11), DriftConfig(run_length_checks=100)
    alarms, checks = 0, 0
    for _ in range(30):
        state = DetectorState.begin("a")
        for day in range(200):
            checks += 1
            value = draw.binomial(500, 0.51) / 500
            since = START + day * DAY
            quantity = {"x:place": Mean(value=value, rows=500, expected=0.5, reference_rows=10**12)}
            state, watch = update(
                state, quantity, release="a", since=since, until=since + DAY, config=config
            )
            if watch.alarms:
                alarms += 1
                break
    assert checks / max(alarms, 1) >= config.run_length_checks


def test_the_mean_place_is_a_half_on_the_reference_itself() -> None:
    draw = np.random.default_rng(1)
    table = pa.table(
        {
            "x": np.where(draw.random(5_000) < 0.01, np.inf, draw.lognormal(0, 2, 5_000)),
            "zero": np.where(draw.random(5_000) < 0.9, 0.0, 1.0),
            "level": draw.choice(["a", "b", "c"], 5_000, p=[0.7, 0.2, 0.1]),
        }
    )
    reference = Profile.of(table)
    found = means(reference, Profile.of(table, reference=reference), "prediction.")
    assert set(found) == {
        f"prediction.{name}:{what}" for name in table.column_names for what in ("place", "missing")
    }
    for name, quantity in found.items():
        assert quantity.value == pytest.approx(quantity.expected, abs=1e-12), name


def test_unseen_levels_and_values_have_a_place() -> None:
    reference = Profile.of(pa.table({"x": [1.0, 2.0, 3.0, 4.0], "l": ["a", "a", "b", "b"]}))
    now = Profile.of(pa.table({"x": [0.0, 2.5, 9.0], "l": ["c", "c", "a"]}), reference=reference)
    found = means(reference, now)
    assert found["x:place"].value == pytest.approx((0 + 0.5 + 1) / 3)
    assert found["l:place"].value == pytest.approx((1 + 1 + 0.25) / 3)
    assert math.isclose(found["x:missing"].value, 0)
