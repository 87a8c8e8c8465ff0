"""A crash: which process is killed, and at which moment of an `up`."""

import random
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path

import psutil

from tests.engine.command_line import CommandLine

_LONGEST_SECONDS = 120.0
_POLL_SECONDS = 0.003
_PLUGIN = "pulumi-resource-trimaran"
_NURSERY = "trimaran_runtime.steps.nursery"


class Victim(StrEnum):
    """What is killed."""

    cli = "cli"
    plugin = "plugin"
    nursery = "nursery"
    step = "step"
    supervisor = "supervisor"
    gateway = "gateway"


class Moment(Enum):
    """A file whose appearance says how far an `up` is; a pattern below `.trimaran/`."""

    store = "stores/*/store.json"
    alerts = "alerts/*.json"
    definition = "stores/*/pipeline/definition.json"
    data = "stores/*/runs/*/logs/data.log"
    validate = "stores/*/runs/*/logs/validate.log"
    split = "stores/*/runs/*/logs/split.log"
    train = "stores/*/runs/*/logs/train.log"
    evaluate = "stores/*/runs/*/logs/evaluate.log"
    gate = "stores/*/runs/*/logs/gate.log"
    register = "stores/*/runs/*/logs/register.log"
    release = "stores/*/releases/*/manifest.json"
    candidate = "stores/*/channels/candidate/*.json"
    approved = "stores/*/channels/approved/*.json"
    production = "stores/*/channels/production/*.json"
    registry = "stores/*/registry/inputs.json"
    endpoint = "endpoints/*/definition.json"
    gateway = "endpoints/*/lock"
    server = "endpoints/*/servers/*.log"
    job = "supervisor/jobs/*.json"
    supervisor = "supervisor/lock"


STEPS = tuple(m for m in Moment if "/logs/" in m.value)
IN_REGISTER = (Moment.release, Moment.candidate, Moment.approved)
AGAIN = (*STEPS, *IN_REGISTER, Moment.production, Moment.server)
"""What every `up` goes through that changes the model."""


@dataclass(frozen=True)
class Crash:
    """A kill -9.

    Attributes:
        victim: what is killed.
        moment: what is waited for.
        seconds: and how much longer.
    """

    victim: Victim
    moment: Moment
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.victim}@{self.moment.name}+{self.seconds:g}s"

    def strike(self, pulumi: CommandLine) -> None:
        """Run `pulumi up` and kill the victim in the middle of it."""
        before = seen(pulumi, self.moment)
        up = pulumi.start_up()
        try:
            until(lambda: bool(seen(pulumi, self.moment) - before), up, self)
            time.sleep(self.seconds)
            self._kill(pulumi, up)
            up.wait(timeout=_LONGEST_SECONDS)
        except AssertionError as failed:
            failed.add_note(pulumi.log.read_text())
            raise
        finally:
            up.kill()
            up.wait()

    def _kill(self, pulumi: CommandLine, up: "subprocess.Popen[bytes]") -> None:
        killed: list[psutil.Process] = []

        def attempt() -> bool:
            for process in self._victims(pulumi, up):
                process.kill()
                killed.append(process)
            return bool(killed)

        until(attempt, up, self)
        psutil.wait_procs([p for p in killed if p.pid != up.pid], timeout=10)

    def _victims(
        self, pulumi: CommandLine, up: "subprocess.Popen[bytes]"
    ) -> Sequence[psutil.Process]:
        project, cli = pulumi.project, psutil.Process(up.pid)
        match self.victim:
            case Victim.cli:
                return [cli]
            case Victim.supervisor:
                return _holder(project.layout.supervisor / "lock")
            case Victim.gateway:
                return _holder(project.layout.endpoint("toy-test") / "lock")
            case Victim.plugin:
                return [p for p in cli.children(recursive=True) if _PLUGIN in _command(p)]
            case Victim.nursery:
                return _nurseries(cli)
            case Victim.step:
                # Forked, it has its nursery's command line.
                return [step for nursery in _nurseries(cli) for step in _children(nursery)]


def until(done: Callable[[], bool], up: "subprocess.Popen[bytes]", what: object) -> None:
    """Wait; fails when the `up` ends first."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not done():
        assert up.poll() is None, f"`up` ended with status {up.returncode} before {what}"
        assert time.monotonic() < deadline, f"{what} does not come"
        time.sleep(_POLL_SECONDS)


def seen(pulumi: CommandLine, moment: Moment) -> set[Path]:
    """Files that say that the moment has come."""
    return set(pulumi.project.layout.root.glob(moment.value))


def drawn(seed: int) -> list[Crash]:
    """One crash per victim, in any order; the first one hits the first `up` of a project."""
    chance = random.Random(seed)
    in_the_run = chance.choice([Victim.step, Victim.nursery])
    victims = [Victim.cli, Victim.plugin, in_the_run, Victim.supervisor]
    # Rotated: every victim is as often the first as any other.
    first = victims.pop(seed % len(victims))
    chance.shuffle(victims)
    return [_drawn(chance, victim, fresh=victim is first) for victim in (first, *victims)]


def _drawn(chance: random.Random, victim: Victim, *, fresh: bool) -> Crash:
    # A step lasts no longer than its interpreter's start, on a fast machine.
    longest = 0.1
    match victim:
        case Victim.step | Victim.nursery:
            moments: Sequence[Moment] = (*STEPS, Moment.release)
        case Victim.supervisor if fresh:
            moments = (Moment.job, Moment.supervisor)
        case _:
            moments = tuple(Moment) if fresh else AGAIN
            longest = 0.4
    moment = chance.choice(moments)
    if moment in (Moment.job, Moment.supervisor, *IN_REGISTER):
        longest = 0.02  # little is left to do
    return Crash(victim, moment, round(chance.uniform(0, longest), 3))


def _nurseries(cli: psutil.Process) -> list[psutil.Process]:
    """What forks the steps; the child of another process than of one like it."""
    found = [p for p in cli.children(recursive=True) if _NURSERY in _command(p)]
    pids = {p.pid for p in found}
    return [p for p in found if p.ppid() not in pids]


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children()
    except psutil.NoSuchProcess:
        return []


def _holder(lock: Path) -> Sequence[psutil.Process]:
    """Who wrote its process id into a lock file, if it lives."""
    try:
        return [psutil.Process(int(lock.read_text()))]
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return []


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
