"""What every test of the AWS cloud finds: an event loop, which Pulumi takes from the thread."""

import pytest

from tests.aws.rendering import ensure_event_loop


@pytest.fixture(scope="module", autouse=True)
def _loop_of_the_module() -> None:
    ensure_event_loop()


@pytest.fixture(autouse=True)
def _loop_of_the_test(_loop_of_the_module: None) -> None:
    ensure_event_loop()
