"""Processes that try settings for a search, several at once.

They are started afresh (`spawn`), so nothing of one trial's memory reaches another's but what
the same process keeps. A message is a setting one way, and an intermediate value or an outcome the
other. A process that dies fails its trial, and another takes its place.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from trimaran_runtime.config import RunConfig
from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.process.parent_watch import VARIABLE, exit_with_parent
from trimaran_runtime.training.attempt import Outcome, attempt
from trimaran_runtime.training.config import Scalar
from trimaran_runtime.training.experiment import Experiment
from trimaran_runtime.training.search_record import State
from trimaran_runtime.training.trial import Trial

Told = tuple[int, float] | Outcome
"""A step and its value, or how the trial ended."""
_ENDING_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a worker needs to open the experiment for itself.

    Attributes:
        code: folder of the user's code.
        splits: folder of the rows.
        config: the run's configuration.
        threads: processors that it may use.
        parent: id of the process it ends with.
    """

    code: Path
    splits: Path
    config: RunConfig
    threads: int
    parent: int


class Crew:
    """A few workers; a context manager, which ends them.

    Args:
        count: how many.
        experiment: what they work on.
        splits: the folder its rows are in.
    """

    def __init__(self, count: int, experiment: Experiment, splits: Path) -> None:
        self._count = count
        self._task = Task(
            code=experiment.code.folder.resolve(),
            splits=splits.resolve(),
            config=experiment.config,
            threads=max(1, experiment.threads // count),
            parent=os.getpid(),
        )
        self._workers: dict[int, tuple[SpawnProcess, Connection]] = {}
        self._busy: set[int] = set()

    def __enter__(self) -> Self:
        """Start the workers."""
        for number in range(self._count):
            self._start(number)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End them, whatever they do."""
        for process, connection in self._workers.values():
            connection.close()
            process.terminate()
        for process, _ in self._workers.values():
            process.join(_ENDING_SECONDS)
            process.kill()

    @property
    def idle(self) -> list[int]:
        """Numbers of the workers that have nothing to do."""
        return [number for number in self._workers if number not in self._busy]

    def give(self, number: int, parameters: Mapping[str, Scalar]) -> None:
        """Have a worker try a setting."""
        self._busy.add(number)
        self._workers[number][1].send(dict(parameters))

    def answer(self, number: int, *, prune: bool) -> None:
        """Tell a worker that waits for it whether its trial ends here."""
        self._workers[number][1].send(prune)

    def listen(self) -> Iterator[tuple[int, Told]]:
        """Wait until workers say something; what each of them said.

        Raises:
            RuntimeFault: a worker found that no setting can work.
        """
        of = {self._workers[number][1]: number for number in self._busy}
        for connection in wait(list(of)):
            number = of[connection]  # type: ignore[index]  # only connections were waited for
            told = self._received(number)
            if isinstance(told, RuntimeFault):
                raise told
            if isinstance(told, Outcome):
                self._busy.discard(number)
            yield number, told

    def _received(self, number: int) -> Told | RuntimeFault:
        process, connection = self._workers[number]
        try:
            told: Told | RuntimeFault = connection.recv()
        except (EOFError, ConnectionResetError):
            process.join()
            self._start(number)
            status = f"the trial's process ended with status {process.exitcode}"
            next_step = (
                "see the log; a status below 0 is a signal: -9 often means too little memory"
            )
            fault = RuntimeFault(status, where="pipeline.tune", next_step=next_step)
            return Outcome(State.failed, fault=fault)
        return told

    def _start(self, number: int) -> None:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self._task), daemon=True)
        process.start()
        # Only the worker holds its end now, so that its death is heard.
        theirs.close()
        self._workers[number] = process, ours


def _work(connection: Connection, task: Task) -> None:
    """Try settings until nobody asks for more."""
    from threadpoolctl import threadpool_limits

    os.environ[VARIABLE] = str(task.parent)
    exit_with_parent()

    def watch(step: int, value: float) -> bool:
        connection.send((step, value))
        return bool(connection.recv())

    experiment = Experiment.open(task.code, task.splits, task.config, threads=task.threads)
    with threadpool_limits(task.threads):
        while (parameters := _next(connection)) is not None:
            try:
                told: Any = attempt(experiment, parameters, Trial(watch))
            except RuntimeFault as fault:
                told = fault
            connection.send(told)


def _next(connection: Connection) -> Mapping[str, Scalar] | None:
    try:
        parameters: Mapping[str, Scalar] = connection.recv()
    except EOFError:
        return None
    return parameters
