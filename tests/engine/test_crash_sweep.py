"""kill -9 of `pulumi`, plugin, step, nursery, supervisor or gateway in the middle of an `up`.

The next `up` succeeds and goes on with the run that was cut off, no release is half-written, no
channel points at nothing, and `destroy` leaves no process and no file, also right after a crash.

A `pulumi` that is killed leaves a lock in a file backend, and Pulumi says to take it away with
`pulumi cancel`: that is the one thing to do by hand, and the tests do it for that victim alone.
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.engine.command_line import CommandLine
from tests.engine.crash import Crash, Moment, Victim, drawn
from tests.engine.integrity import (
    assert_gone,
    assert_runs_are_told,
    assert_serves,
    assert_store_is_whole,
)
from tests.engine_kit.settings import engine_settings

pytestmark = [pytest.mark.engine, pytest.mark.sweep]
FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
_ORPHAN_SECONDS = 5.0


@dataclass(frozen=True)
class Life:
    """What happens to one project.

    Attributes:
        crashes: the first hits the first `up`, the others hit later ones that change the model.
        healed_last: whether the last crash is healed before `destroy`.
    """

    crashes: Sequence[Crash]
    healed_last: bool = True

    def __str__(self) -> str:
        end = "up, destroy" if self.healed_last else "destroy"
        return ", ".join(map(str, self.crashes)) + f", {end}"


SAMPLE = Life(
    [
        # The gateway runs, and the state does not know of it.
        Crash(Victim.cli, Moment.gateway, 0.1),
        # The candidate has moved; approved and production have not, or only one of them.
        Crash(Victim.plugin, Moment.candidate),
        # The release is there, and no channel points at it.
        Crash(Victim.step, Moment.release),
        Crash(Victim.supervisor, Moment.split, 0.05),
    ],
    healed_last=False,
)
DRAWN = [Life(drawn(seed), healed_last=seed % 2 == 0) for seed in range(8)]
# From the moment on at which the state knows the store: before it, there is nothing in the state
# that a `destroy` could be told to delete.
CUT_SHORT = [
    Life([Crash(victim, moment, seconds)], healed_last=False)
    for victim, moment, seconds in (
        (Victim.cli, Moment.gateway, 0.05),
        (Victim.cli, Moment.definition, 0.0),
        (Victim.cli, Moment.register, 0.1),
        (Victim.cli, Moment.supervisor, 0.0),
        (Victim.plugin, Moment.train, 0.05),
        (Victim.plugin, Moment.endpoint, 0.0),
        (Victim.plugin, Moment.job, 0.0),
    )
]
IN_A_ROW = [
    [Crash(Victim.cli, Moment.train, 0.05), Crash(Victim.plugin, Moment.register, 0.05)],
    [Crash(Victim.step, Moment.release), Crash(Victim.cli, Moment.register, 0.05)],
]


@pytest.fixture
def pulumi(tmp_path: Path, pulumi_home: Path) -> Iterator[CommandLine]:
    """The toy project and the command; whatever is left afterwards is ended."""
    settings = engine_settings(pulumi_home, tmp_path / "backend")
    made = CommandLine.copy_to(tmp_path / "project", settings)
    # Each `up` trains another model that is as good as the one before, and it shall be taken.
    made.override({"gate.champion.must_beat_by": -0.01})
    try:
        yield made
    finally:
        made.end_all()


@pytest.mark.parametrize("life", [SAMPLE, *DRAWN, *CUT_SHORT] if FULL else [SAMPLE], ids=str)
def test_the_next_up_heals_and_destroy_leaves_nothing(pulumi: CommandLine, life: Life) -> None:
    for number, crash in enumerate(life.crashes):
        _train_another(pulumi, number)
        _crash(pulumi, crash)
        if life.healed_last or crash is not life.crashes[-1]:
            _assert_healed_by_the_next_up(pulumi, crash)
    _assert_destroyed(pulumi)


@pytest.mark.skipif(not FULL, reason="in the full sweep")
def test_two_crashes_in_a_row_heal_like_one(pulumi: CommandLine) -> None:
    for number, crashes in enumerate(IN_A_ROW):
        _train_another(pulumi, number)
        for crash in crashes:
            _crash(pulumi, crash)
        _assert_healed_by_the_next_up(pulumi, crashes[-1])
    _assert_destroyed(pulumi)


@pytest.mark.skipif(not FULL, reason="in the full sweep")
def test_a_gateway_killed_in_a_rollout_goes_on_from_where_it_was(pulumi: CommandLine) -> None:
    rollout = {
        "endpoint.rollout.strategy": "canary",
        "endpoint.rollout.steps": [20, 100],
        "endpoint.rollout.bake_minutes": 0.1,
    }
    pulumi.override(rollout)
    _train_another(pulumi, 0)
    first = pulumi.up()
    assert first.code == 0, first.output
    _train_another(pulumi, 1)
    crash = Crash(Victim.gateway, Moment.server, 2.0)
    _crash(pulumi, crash)
    _assert_healed_by_the_next_up(pulumi, crash)
    _assert_destroyed(pulumi)


def _train_another(pulumi: CommandLine, number: int) -> None:
    pulumi.override({"pipeline.parameters": {"max_iter": 300 + number}})


def _crash(pulumi: CommandLine, crash: Crash) -> None:
    crash.strike(pulumi)
    _assert_nobody_works_on(pulumi)
    if crash.victim is Victim.cli:
        cancelled = pulumi.cancel()
        assert cancelled.code == 0, cancelled.output


def _assert_nobody_works_on(pulumi: CommandLine) -> None:
    """Plugin, user's program and steps end with the process that started them."""
    passing = ("pulumi-resource-trimaran", "trimaran_runtime.steps", "pulumi-language-python-exec")
    deadline = time.monotonic() + _ORPHAN_SECONDS
    while True:
        left = [p for p in pulumi.processes() if any(mark in _told(p) for mark in passing)]
        if not left:
            return
        assert time.monotonic() < deadline, [_told(process) for process in left]
        time.sleep(0.05)


def _assert_healed_by_the_next_up(pulumi: CommandLine, crash: Crash) -> None:
    healed = pulumi.up()
    assert healed.code == 0, f"after {crash}:\n{healed.output}"
    assert_store_is_whole(pulumi.project.store)
    assert_runs_are_told(pulumi.project)
    assert_serves(pulumi)


def _assert_destroyed(pulumi: CommandLine) -> None:
    destroyed = pulumi.destroy()
    assert destroyed.code == 0, destroyed.output
    assert_gone(pulumi)


def _told(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
