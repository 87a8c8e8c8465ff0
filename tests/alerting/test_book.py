"""The alert book: one message per problem, reminders, one "resolved"; safe against races."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran_runtime.alerting.book import AlertBook, open_alerts
from trimaran_runtime.alerting.event import Kind, Level, Raise, Resolve, Rule
from trimaran_runtime.errors import Corrupted
from trimaran_runtime.storage.store import Store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def down(key: str = "flights", occurrence: str = "", sentence: str = "it is down") -> Raise:
    return Raise(
        rule=Rule.endpoint_down,
        key=key,
        level=Level.critical,
        sentence=sentence,
        occurrence=occurrence,
    )


def up(key: str = "flights") -> Resolve:
    return Resolve(rule=Rule.endpoint_down, key=key, sentence="it answers")


@pytest.fixture
def book(tmp_path: Path) -> AlertBook:
    return AlertBook(Store.open_directory(tmp_path, create=True), repeat_hours=24)


def messages(book: AlertBook) -> list[tuple[Kind, str]]:
    latest = book.latest()
    return [(m.kind, m.alert.key) for m in latest.outbox] if latest else []


def test_the_first_time_is_announced_and_the_state_that_lasts_is_not(book: AlertBook) -> None:
    for minute in range(10):
        book.raise_(down(), at(minute / 60))
    assert messages(book) == [(Kind.raised, "flights")]
    assert len(book.history()) == 1
    assert [(a.since, a.count) for a in book.open_alerts()] == [(NOON, 1)]


def test_new_occurrences_are_counted_and_grouped(book: AlertBook) -> None:
    for number in (1, 2, 2, 3):
        book.raise_(down(occurrence=f"run {number}", sentence=f"run {number} failed"), at(number))
    (alert,) = book.open_alerts()
    assert (alert.count, alert.since, alert.last) == (3, at(1), at(3))
    assert alert.sentence == "run 3 failed"
    assert messages(book) == [(Kind.raised, "flights")]


def test_an_alert_that_stays_open_is_announced_again_after_repeat_hours(book: AlertBook) -> None:
    for hour in range(50):
        book.raise_(down(), at(hour))
    kinds = [kind for kind, _ in messages(book)]
    assert kinds == [Kind.raised, Kind.reminded, Kind.reminded]


def test_resolved_is_said_once_and_only_of_an_open_alert(book: AlertBook) -> None:
    book.resolve(up(), at(0))
    assert book.history() == []
    book.raise_(down(), at(1))
    book.resolve(up(), at(2))
    book.resolve(up(), at(3))
    assert messages(book) == [(Kind.raised, "flights"), (Kind.resolved, "flights")]
    assert book.open_alerts() == ()


def test_after_resolution_it_is_new_again(book: AlertBook) -> None:
    for decision, hour in [(down(), 0), (up(), 1), (down(), 2)]:
        book.record([decision], at(hour))
    assert [kind for kind, _ in messages(book)] == [Kind.raised, Kind.resolved, Kind.raised]
    assert book.open_alerts()[0].since == at(2)


def test_rules_and_keys_are_told_apart(book: AlertBook) -> None:
    drift = Raise(rule=Rule.drift, key="flights", level=Level.warning, sentence="drift")
    book.record([down("flights"), down("ships"), drift], NOON)
    assert len(book.open_alerts()) == 3
    assert len(book.history()) == 1
    book.resolve(up("ships"), at(1))
    assert {(a.rule, a.key) for a in book.open_alerts()} == {
        (Rule.endpoint_down, "flights"),
        (Rule.drift, "flights"),
    }


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("ab"), st.floats(0, 20)), max_size=30))
def test_the_open_alerts_are_those_raised_and_not_resolved_since(
    events: list[tuple[bool, str, float]],
) -> None:
    book = AlertBook(Store("memory:///"), repeat_hours=24)
    expected: set[str] = set()
    raised: dict[str, int] = {"a": 0, "b": 0}
    for is_raise, key, hour in events:
        book.record([down(key) if is_raise else up(key)], at(hour))
        if is_raise:
            raised[key] += key not in expected
            expected.add(key)
        else:
            expected.discard(key)
    assert {alert.key for alert in book.open_alerts()} == expected
    told = [key for kind, key in messages(book) if kind is Kind.raised]
    assert {key: told.count(key) for key in "ab"} == raised


def test_processes_that_race_lose_no_alert_and_announce_none_twice(tmp_path: Path) -> None:
    store = Store.open_directory(tmp_path, create=True)
    together = threading.Barrier(4)

    def work(worker: int) -> None:
        own = AlertBook(Store.open_directory(tmp_path))
        together.wait()
        for number in range(5):
            own.record([down(f"{worker}.{number}"), down("shared")], NOON)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(open_alerts(store)) == 21
    told = [key for _, key in messages(AlertBook(store))]
    assert sorted(told) == sorted({alert.key for alert in open_alerts(store)})
    numbers = [record.number for record in AlertBook(store).history()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_damaged_record_is_named(book: AlertBook, tmp_path: Path) -> None:
    book.raise_(down(), NOON)
    (record,) = (tmp_path / "alerts/log").iterdir()
    record.write_bytes(b"{")
    with pytest.raises(Corrupted, match="000000001"):
        book.open_alerts()


def test_a_store_without_alerts_has_none(tmp_path: Path) -> None:
    assert open_alerts(Store.open_directory(tmp_path, create=True)) == ()
