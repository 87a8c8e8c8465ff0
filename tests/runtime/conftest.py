"""The toy project, ready to run."""

from pathlib import Path

import pytest

from tests.runtime.toy_run import ToyRun


@pytest.fixture
def toy(tmp_path: Path) -> ToyRun:
    return ToyRun(tmp_path)
