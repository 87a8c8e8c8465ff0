"""The outbox: what waits, what was written anew, and who may send it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from trimaran_runtime.storage.store import Store
from trimaran_runtime.tracking import outbox
from trimaran_runtime.tracking.document import RunStatus, TrackedRun
from trimaran_runtime.tracking.outbox import (
    claimed,
    get,
    mark_sent,
    put,
    put_unless_there,
    waiting,
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open_directory(tmp_path / "store", create=True)


def run(message: str = "", *, name: str = "one") -> TrackedRun:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return TrackedRun(
        run=name,
        experiment="toy",
        status=RunStatus.FINISHED,
        message=message,
        started=moment,
        ended=moment,
    )


def test_what_was_sent_waits_no_more_unless_it_was_written_anew(store: Store) -> None:
    put(store, run("first"))
    put(store, run("second"))
    mark_sent(store, run("first"))
    (key,) = waiting(store)
    assert get(store, key) == run("second")
    mark_sent(store, run("second"))
    assert waiting(store) == ()
    # Another sender was faster.
    mark_sent(store, run("second"))


def test_what_knows_less_replaces_nothing(store: Store) -> None:
    put(store, run("knows more"))
    put_unless_there(store, run("knows less"))
    put_unless_there(store, run(name="two"))
    assert [get(store, key).message for key in waiting(store)] == ["knows more", ""]


def test_a_run_is_one_senders_until_it_ends_or_its_lease_does(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with claimed(store, "a/run") as first, claimed(store, "a/run") as second:
        assert (first, second) == (True, False)
    with claimed(store, "a/run") as again, claimed(store, "another") as other:
        assert again
        assert other
        monkeypatch.setattr(outbox, "_LEASE", 0 * outbox._LEASE)
        with claimed(store, "a/run") as after_the_lease:
            assert after_the_lease
