"""A run of the toy pipeline in a process of its own, watched and killed."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil

from tests.engine.project import MARK
from tests.engine.toy_runner import start_runner
from tests.runtime.toy_run import STEPS
from trimaran_providers.local.run_record import RunRecord, Status, StepRecord, list_runs

_LONGEST_SECONDS = 120.0
_ENDS_SECONDS = 5.0
_POLL_SECONDS = 0.003


class Victim(StrEnum):
    """What is killed; what it has started must end by itself."""

    step = "step"
    nursery = "nursery"
    runner = "runner"


@dataclass(frozen=True)
class Kill:
    """A kill -9.

    Attributes:
        victim: what is killed.
        step: the step that is under way.
        share: after which share of that step's time.
    """

    victim: Victim
    step: str
    share: float

    def __str__(self) -> str:
        return f"{self.victim}@{self.step}+{self.share:.0%}"


class MissedError(Exception):
    """The step had ended before it was killed."""


@dataclass(frozen=True)
class Done:
    """A step that succeeded.

    Attributes:
        record: how.
        logged: when its log was last written, nanoseconds.
    """

    record: StepRecord
    logged: int


@dataclass
class KilledRun:
    """The runner's process, and the store that it works on."""

    store: Path
    process: "subprocess.Popen[bytes]"

    @classmethod
    @contextmanager
    def start(cls, store: Path) -> "Iterator[KilledRun]":
        """Start the runner; it is ended with the block."""
        store.parent.mkdir(exist_ok=True)
        with (store.parent / "reported").open("wb") as output:
            made = cls(store, start_runner(store, output))
            try:
                yield made
            finally:
                made.process.kill()
                made.process.wait()

    def end(self) -> str:
        """Wait for its end; returns the first line that it reported."""
        status = self.process.wait(timeout=_LONGEST_SECONDS)
        reported = (self.store.parent / "reported").read_text()
        assert status == 0, reported
        return reported.partition("\n")[0]

    def kill(self, kill: Kill, seconds: float) -> None:
        """Kill in the middle of a step that takes so many seconds; raises MissedError."""
        deadline = time.monotonic() + _LONGEST_SECONDS
        while not (self.under_way() == kill.step and (step := self.step())):
            assert time.monotonic() < deadline, f"{kill}: that step does not come"
            if self.process.poll() is not None:
                raise MissedError
            time.sleep(_POLL_SECONDS)
        time.sleep(seconds * kill.share)
        if not _lives(step) or self.under_way() != kill.step:
            raise MissedError
        try:
            self._kill(kill.victim, step)
        except psutil.NoSuchProcess as exc:
            raise MissedError from exc

    def _kill(self, victim: Victim, step: psutil.Process) -> None:
        match victim:
            case Victim.step:
                step.kill()
            case Victim.nursery:
                if (nursery := step.parent()) is not None:
                    nursery.kill()
            case Victim.runner:
                self.process.kill()
                self.process.wait()

    def step(self) -> psutil.Process | None:
        """The process of the step that is under way: the one child of the runner's one child."""
        try:
            for nursery in psutil.Process(self.process.pid).children():
                for step in nursery.children():
                    return step
        except psutil.NoSuchProcess:
            return None
        return None

    def under_way(self) -> str:
        """Name of that step; empty: none."""
        steps = [step.name for step in self.steps() if step.status is Status.running]
        return steps[0] if steps else ""

    def steps(self) -> tuple[StepRecord, ...]:
        """The steps so far."""
        records = list_runs(self.store / "runs")
        return records[0].steps if records else ()


def the_record(store: Path) -> RunRecord:
    """The record of the one run that there was."""
    (record,) = list_runs(store / "runs")
    return record


def done_in(store: Path) -> dict[str, Done]:
    """The steps of the one run that succeeded, by name and in order."""
    record = the_record(store)
    logs = store / "runs" / record.id / "logs"
    return {
        step.name: Done(step, (logs / f"{step.name}.log").stat().st_mtime_ns)
        for step in record.steps
        if step.status is Status.succeeded
    }


def seconds_by_step(store: Path) -> tuple[dict[str, float], RunRecord]:
    """How long the process of each step lives when nobody kills it, and the run's record."""
    seen: dict[str, list[float]] = {step: [] for step in STEPS}
    with KilledRun.start(store) as run:
        while run.process.poll() is None:
            name, step = run.under_way(), run.step()
            if step and name:
                seen[name].append(time.monotonic())
            time.sleep(_POLL_SECONDS)
        run.end()
    return {step: t[-1] - t[0] if t else 0.0 for step, t in seen.items()}, the_record(store)


def processes_of(store: Path) -> list[str]:
    """What the runners of a store have started and has not ended, after a moment."""
    deadline = time.monotonic() + _ENDS_SECONDS
    while True:
        left = [
            f"{process.pid} {process.info['cmdline']}"
            for process in psutil.process_iter(["cmdline", "environ"])
            if (process.info["environ"] or {}).get(MARK) == str(store) and _lives(process)
        ]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
