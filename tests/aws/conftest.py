"""What every test of the AWS cloud finds: an event loop, which Pulumi's SDK takes from the thread.

A test before it, in the same process, may have left none behind, or a closed one.
"""

import asyncio

import pytest


@pytest.fixture(scope="module", autouse=True)
def _loop_of_the_module() -> None:
    _ensure_loop()


@pytest.fixture(autouse=True)
def _loop_of_the_test(_loop_of_the_module: None) -> None:
    _ensure_loop()


def _ensure_loop() -> None:
    policy = asyncio.get_event_loop_policy()
    try:
        is_usable = not policy.get_event_loop().is_closed()
    except RuntimeError:
        is_usable = False
    if not is_usable:
        policy.set_event_loop(policy.new_event_loop())
