"""The same stack from a Pulumi YAML program: no Python in it, the same plugin behind it."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.engine.project import TOY, ask
from tests.engine_kit.folder import FolderStack
from trimaran_providers.local.layout import Layout

pytestmark = pytest.mark.engine
PROGRAM = Path(__file__).parent / "programs" / "yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The program beside the user's code."""
    made = tmp_path / "project"
    shutil.copytree(PROGRAM, made)
    shutil.copy(TOY / "toy.py", made)
    (tmp_path / "bin").symlink_to(Path(sys.executable).parent)
    return made


def test_a_yaml_program_brings_up_the_whole_stack(folder: Path, engine_env: dict[str, str]) -> None:
    stack = FolderStack(folder, engine_env)
    stack.set_config("trimaran:cloud", "local")
    try:
        made = stack.up()
        assert not made.failed, made.errors
        assert made.outputs["status"] == "succeeded"
        answer = ask(made.outputs["endpoint"], {"instances": [row()]})
        assert answer.status == 200
        assert made.outputs["release"].startswith(answer.release)
        assert stack.up().changed == {}

        # A manual gate from now on: the stack changes, what serves does not.
        stack.set_config("approval", "manual")
        manual = stack.up()
        assert not manual.failed, manual.errors
        assert "toy-registry" in manual.changed
        assert manual.outputs["release"] == made.outputs["release"]
    finally:
        destroyed = stack.destroy()
    assert not destroyed.failed, destroyed.errors
    assert not Layout(folder).root.exists()


def test_a_wrong_field_is_named_as_the_program_writes_it(
    folder: Path, engine_env: dict[str, str]
) -> None:
    program = folder / "Pulumi.yaml"
    program.write_text(program.read_text().replace("floor: 0.6", "floor: high"))
    stack = FolderStack(folder, engine_env)
    stack.set_config("trimaran:cloud", "local")
    seen = stack.preview()
    assert seen.failed
    said = "\n".join(line.text for line in seen.lines)
    assert "floor: Cannot assign type 'string' to type 'number'" in said
    assert not Layout(folder).root.exists()


def row() -> dict[str, object]:
    """One row of a request."""
    return {"a": 0.1, "b": 0.2, "c": -0.3, "noise": 0.0, "count": 3, "shop": "north"}
