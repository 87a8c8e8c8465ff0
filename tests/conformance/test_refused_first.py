"""What a cloud cannot do stops the program before its first resource."""

from pathlib import Path
from typing import Any

import pytest

from trimaran.recorder import Made, Rendered, record
from trimaran_providers.contract.errors import SpecError, UnsupportedError
from trimaran_providers.testing.conformance import MINIMAL

MISTAKES = [
    ("local", {"endpoint": {"kind": "async"}}, UnsupportedError),
    ("aws", {"endpoint": {"port": 8080}}, UnsupportedError),
    ("aws", {"tags": {"aws:team": "ml"}}, SpecError),
    ("aws", {"pipeline": {"train": "toy:fit", "schedule": "0 3 1 * 1"}}, SpecError),
    ("aws", {"store": {"existing": "No Bucket"}}, SpecError),
]


@pytest.mark.parametrize(("cloud", "changes", "error"), MISTAKES)
def test_nothing_is_made(
    cloud: str,
    changes: dict[str, Any],
    error: type[Exception],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    asked: list[str] = []

    def made(resource: Rendered) -> Made:
        asked.append(resource.name)
        return Made(id="", outputs={})

    def program() -> None:
        from trimaran.stack import MLStack

        MLStack("toy", {**MINIMAL, **changes})

    with pytest.raises(error):
        record(program, project="toy", stack="dev", config={"trimaran:cloud": cloud}, made=made)
    assert asked == []
