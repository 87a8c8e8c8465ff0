"""Time limits of many tasks with one timer: `asyncio.timeout_at` at a tenth of its price.

A limit is mostly kept, so that a timer for each would be made and cancelled in vain, twice in a
request.
"""

import asyncio
from types import TracebackType
from typing import Self


class TimeLimits:
    """The limits of the tasks of one loop; of another loop when it is used there."""

    def __init__(self) -> None:
        self._open: dict[int, TimeLimit] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def until(self, deadline: float) -> "TimeLimit":
        """A block that is left with TimeoutError at a time of the loop's clock.

        Only what is awaited in it is cut off, as with `asyncio.timeout_at`.
        """
        return TimeLimit(self, deadline)

    def add(self, limit: "TimeLimit") -> None:
        """Watch a limit."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._timer, self._open = loop, None, {}
        self._open[id(limit)] = limit
        if self._timer is None or limit.deadline < self._timer.when():
            self._set(limit.deadline)

    def remove(self, limit: "TimeLimit") -> None:
        """Watch it no more. The timer stays: the next limit will want it."""
        self._open.pop(id(limit), None)

    def _set(self, when: float) -> None:
        assert self._loop is not None
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        assert self._loop is not None
        self._timer, now = None, self._loop.time()
        for limit in [each for each in self._open.values() if each.deadline <= now]:
            self.remove(limit)
            limit.pass_()
        if self._open:
            self._set(min(limit.deadline for limit in self._open.values()))


class TimeLimit:
    """One block with a limit: see `TimeLimits.until`.

    Attributes:
        deadline: seconds of the loop's clock.
    """

    __slots__ = ("_cancelling", "_limits", "_passed", "_task", "deadline")

    def __init__(self, limits: TimeLimits, deadline: float) -> None:
        self._limits, self.deadline = limits, deadline
        self._passed, self._cancelling = False, 0
        self._task: asyncio.Task[object] | None = None

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a time limit is of a task")
        self._task, self._cancelling = task, task.cancelling()
        self._limits.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._limits.remove(self)
        if not self._passed or self._task is None:
            return
        # Who else cancelled the task meanwhile wants it cancelled, and not late.
        ours = self._task.uncancel() <= self._cancelling
        if ours and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise TimeoutError from error

    def pass_(self) -> None:
        """The deadline has passed: the task is cancelled where it waits."""
        self._passed = True
        if self._task is not None:
            self._task.cancel()
