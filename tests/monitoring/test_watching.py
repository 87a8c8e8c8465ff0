"""Evidence over repeated checks: kept in the store, each window once, whatever happens between."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.monitoring.traffic_store import (
    NOON,
    answers_to,
    check_of,
    line,
    rows_of,
    store_with_release,
)
from trimaran_runtime.errors import StoreError
from trimaran_runtime.monitoring import watching
from trimaran_runtime.monitoring.outcome import Outcome
from trimaran_runtime.monitoring.report import render
from trimaran_runtime.storage.store import Store

World = tuple[Store, str]
DAY = timedelta(hours=24)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return store_with_release(tmp_path / "store")


def day(world: World, number: int, *, shift: float, rows: int = 400) -> Outcome:
    """A day of traffic, and the check at its end."""
    store, release = world
    noon = NOON + number * DAY
    sent = rows_of(rows, 50 + number, shift=shift)
    hour = noon - timedelta(hours=1)
    key = f"capture/flights/blue/{hour:%Y/%m/%d/%H}/w-{number}.jsonl"
    content = line(
        f"e{number}", release, sent, time=hour.isoformat(), prediction=answers_to(sent, number)
    )
    store.create(key, content)
    return judged(world, noon)


def judged(world: World, now: datetime) -> Outcome:
    return check_of(world[0], world[1], now=now)


def records(world: World) -> list[str]:
    return [entry.key for entry in world[0].list(f"{watching.FOLDER}/flights")]


def test_many_small_checks_together_show_what_none_shows_alone(world: World) -> None:
    outcomes = [day(world, number, shift=0.35) for number in range(6)]
    alone = [o.features.severity for o in outcomes if o.features]
    assert alone == ["too_few_rows"] * 6
    last = outcomes[-1]
    assert last.severity == "warn"
    assert last.drifted == ("distance",)
    assert "the checks so far together" in last.sentence
    assert last.document()["watch"]["alarms"][0]["quantity"] == "distance:place"
    assert "Over many checks: the values of distance" in render(last)
    assert last.action.kind == "log"


def test_steady_traffic_shows_nothing(world: World) -> None:
    outcomes = [day(world, number, shift=0) for number in range(6)]
    assert {o.watch.severity for o in outcomes if o.watch} == {"ok"}


def test_a_check_that_is_repeated_adds_nothing(world: World) -> None:
    first = day(world, 0, shift=0.35)
    again = judged(world, NOON)
    assert again.watch == first.watch
    assert len(records(world)) == 1


def test_a_sliding_window_is_bet_on_once_in_its_length(world: World) -> None:
    day(world, 0, shift=0.35)
    for hours in range(1, 24):
        judged(world, NOON + timedelta(hours=hours))
    assert len(records(world)) == 1


def test_no_traffic_adds_nothing(world: World) -> None:
    assert judged(world, NOON).watch is None
    assert records(world) == []


def test_two_checks_at_once_both_count(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the reading and the writing of one check, the other writes."""
    create, raced = Store.create, []

    def racing(self: Store, key: str, content: bytes) -> None:
        if key.startswith(watching.FOLDER) and not raced:
            raced.append(key)
            day(world, 1, shift=0.35)
        create(self, key, content)

    monkeypatch.setattr(Store, "create", racing)
    outcome = day(world, 0, shift=0.35)
    assert outcome.watch is not None
    assert outcome.watch.windows == 2
    assert len(records(world)) == 2


def test_who_never_gets_to_write_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from trimaran_runtime.errors import AlreadyExists

    create = Store.create

    def losing(self: Store, key: str, content: bytes) -> None:
        if key.startswith(watching.FOLDER):
            raise AlreadyExists("taken")
        create(self, key, content)

    monkeypatch.setattr(Store, "create", losing)
    with pytest.raises(StoreError, match="could not be written in 20 tries"):
        day(world, 0, shift=0)


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff\xfe", b'{"schema_version": 9}'])
def test_a_damaged_record_falls_back_to_the_one_before(world: World, damage: bytes) -> None:
    day(world, 0, shift=0.35)
    day(world, 1, shift=0.35)
    world[0].write(records(world)[-1], damage)
    outcome = day(world, 2, shift=0.35)
    assert outcome.watch is not None
    assert outcome.watch.windows == 2
    assert len(records(world)) == 3


def test_old_records_go_and_the_newest_stay(world: World) -> None:
    for number in range(watching._KEPT + 4):
        day(world, number, shift=0, rows=20)
    assert len(records(world)) == watching._KEPT
    assert records(world)[-1].endswith("0000000012.json")


def test_another_release_begins_anew(world: World) -> None:
    day(world, 0, shift=0.35)
    other = store_with_release(world[0].path or Path(), model=b"another")
    outcome = day((world[0], other[1]), 1, shift=0.35)
    assert outcome.watch is not None
    assert outcome.watch.windows == 1
