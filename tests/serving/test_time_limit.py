"""Time limits with one timer: each block is cut off at its own time, and nothing else is."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran_runtime.serving.time_limit import TimeLimits

MS = 0.001


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


async def waits(limits: TimeLimits, limit_ms: float, work_ms: float) -> str:
    try:
        with limits.until(asyncio.get_running_loop().time() + limit_ms * MS):
            await asyncio.sleep(work_ms * MS)
            return "done"
    except TimeoutError:
        return "late"


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from([(0, 300), (20, 300), (5_000, 1), (5_000, 40)]), max_size=12))
def test_each_block_is_cut_off_at_its_own_time(each: list[tuple[int, int]]) -> None:
    async def work() -> list[str]:
        limits = TimeLimits()
        return await asyncio.gather(*(waits(limits, *one) for one in each))

    assert run(work()) == ["late" if limit < needed else "done" for limit, needed in each]


def test_a_later_limit_is_held_after_an_earlier_one_was_kept() -> None:
    async def work() -> tuple[str, str]:
        limits = TimeLimits()
        return await waits(limits, 20, 1), await waits(limits, 60, 5_000)

    assert run(work()) == ("done", "late")


def test_a_limit_inside_another_leaves_the_outer_one_alone() -> None:
    async def work() -> list[str]:
        limits, seen = TimeLimits(), []
        with limits.until(asyncio.get_running_loop().time() + 5):
            seen.append(await waits(limits, 10, 1_000))
            await asyncio.sleep(0)
            seen.append("outer goes on")
        return seen

    assert run(work()) == ["late", "outer goes on"]


def test_who_is_cancelled_by_another_is_cancelled_and_not_late() -> None:
    async def work() -> None:
        limits = TimeLimits()
        task = asyncio.ensure_future(waits(limits, 10_000, 10_000))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(work())


def test_another_loop_has_limits_of_its_own() -> None:
    limits = TimeLimits()
    assert run(waits(limits, 5, 1_000)) == "late"
    assert run(waits(limits, 5, 1_000)) == "late"
