"""kill -9 of a step, its nursery or the runner, at a random moment of every step.

The store is whole at once, what was done is not done again, and the release that comes of it is
the one that comes of a run that nobody disturbed.
"""

import os
import random
from pathlib import Path

import pytest

from tests.engine.integrity import assert_store_is_whole
from tests.engine.killed_run import (
    Kill,
    KilledRun,
    MissedError,
    Victim,
    done_in,
    processes_of,
    seconds_by_step,
    the_record,
)
from tests.runtime.toy_run import STEPS
from trimaran_providers.local.run_record import RunRecord, Status
from trimaran_runtime.registry.channels import Channel, history
from trimaran_runtime.registry.release import list_releases
from trimaran_runtime.storage.store import Store
from trimaran_runtime.tracking.document import RunStatus
from trimaran_runtime.tracking.outbox import get, waiting

pytestmark = pytest.mark.sweep
FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
_TRIES = 4


def drawn(seed: int) -> list[Kill]:
    """A kill in every step; over three seeds every victim in every step."""
    chance, victims = random.Random(seed), list(Victim)
    return [
        # Not up to the very end: a step that is quicker than the one before it would be missed.
        Kill(victims[(seed + place) % len(victims)], step, round(chance.uniform(0, 0.8), 2))
        for place, step in enumerate(STEPS)
    ]


SAMPLE = [
    Kill(Victim.step, "data", 0.5),
    Kill(Victim.runner, "train", 0.3),
    Kill(Victim.nursery, "evaluate", 0.4),
    Kill(Victim.runner, "register", 0.7),
]
LIVES = [SAMPLE, *(drawn(seed) for seed in range(5))] if FULL else [SAMPLE]
Undisturbed = tuple[dict[str, float], RunRecord]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return seconds_by_step(tmp_path_factory.mktemp("undisturbed") / "store")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kills", LIVES, ids=lambda kills: ",".join(map(str, kills)))
def test_whatever_is_killed_the_run_goes_on_to_the_same_release(
    kills: list[Kill], undisturbed: Undisturbed, tmp_path: Path
) -> None:
    seconds, reference = undisturbed
    for number in range(_TRIES):
        store = tmp_path / f"life-{number}" / "store"
        try:
            # A machine that was busy then may be quicker now: each time earlier in the steps.
            live(store, kills, {step: taken / 2**number for step, taken in seconds.items()})
        except MissedError:
            continue
        assert the_record(store).release == reference.release
        return
    pytest.fail("the steps end before they can be killed")


def live(store: Path, kills: list[Kill], seconds: dict[str, float]) -> None:
    """One run, started as often as its runner is killed."""
    waiting_kills, resumed = list(kills), 0
    while True:
        done = done_in(store) if resumed else {}
        with KilledRun.start(store) as run:
            while waiting_kills:
                kill = waiting_kills.pop(0)
                run.kill(kill, seconds[kill.step])
                if kill.victim is Victim.runner:
                    break
            else:
                first_line = run.end()
                break
        resumed += 1
        assert_cut_off(store, kill)
        assert done.items() <= done_in(store).items(), f"{kill}: done again"
    record = the_record(store)
    assert (record.status, record.resumed) == (Status.succeeded, resumed)
    assert first_line.startswith(", ".join(done)), "it does not say what it goes on from"
    assert record.taken_over == tuple(done)
    assert done.items() <= done_in(store).items(), "what was done was done again"
    assert list(done_in(store)) == STEPS
    assert_registered_once(store, record)
    assert processes_of(store) == []


def assert_cut_off(store: Path, kill: Kill) -> None:
    """Right after the runner was killed: nothing is half there, and the record says how far."""
    record = the_record(store)
    assert record.status is Status.interrupted
    assert [s.name for s in record.steps] == STEPS[: STEPS.index(kill.step) + 1], kill
    opened = Store.open_directory(store)
    assert_store_is_whole(opened)
    if kill.step != "register":
        assert list_releases(opened) == []
        assert not any(history(opened, channel) for channel in Channel)


def assert_registered_once(store: Path, record: RunRecord) -> None:
    opened = Store.open_directory(store)
    assert_store_is_whole(opened)
    assert list_releases(opened) == [record.release]
    for channel in Channel:
        assert [pointer.release for pointer in history(opened, channel)] == [record.release]
    (key,) = waiting(opened)
    assert (get(opened, key).run, get(opened, key).status) == (record.id, RunStatus.FINISHED)
    assert not (store / "runs" / record.id / "work").exists()
