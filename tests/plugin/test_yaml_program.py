"""Components and resources of the plugin from a Pulumi YAML program."""

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.engine_kit.folder import FolderStack

pytestmark = pytest.mark.engine
PROGRAMS = Path(__file__).parent / "programs"


def stack_of(program: str, tmp_path: Path, plugin: Path, env: dict[str, str]) -> FolderStack:
    """A copy of a program beside the plugin, whose place it names relative to itself."""
    shutil.copytree(PROGRAMS / program, tmp_path / program)
    shutil.copytree(plugin, tmp_path / "plugin")
    return FolderStack(tmp_path / program, env)


def test_a_component_and_its_children(
    tmp_path: Path, toy_plugin: Path, engine_env: dict[str, str]
) -> None:
    stack = stack_of("notebook", tmp_path, toy_plugin, engine_env)
    notes = tmp_path / "notes"
    notes.mkdir()
    stack.set_config("folder", str(notes))
    stack.set_config("phrase", "Some years ago", secret=True)

    seen = stack.preview()
    assert not seen.failed, seen.errors
    assert seen.steps["book"] == "create"
    assert list(notes.iterdir()) == []

    made = stack.up()
    assert not made.failed, made.errors
    assert made.outputs == {
        "last": "by Moby-Dick",
        "settings": "{'maxDepth': 3, 'rate': 0.5}",
        "folder": str(tmp_path / "notebook"),
        "other": "revision 1",
    }
    first, second = (json.loads((notes / f"book-{n}.json").read_text()) for n in (0, 1))
    assert first["inputs"]["line_count"] == 3
    assert first["inputs"]["marks"] == {"snake_key": "verbatim", "camelKey": "verbatim"}
    assert second["inputs"]["text"] == "Some years ago"
    state = stack.state()
    assert "Some years ago" not in json.dumps(state)
    assert state["book-0"]["parent"].endswith("trimaran:index:Notebook::book")

    assert stack.up().changed == {}
    assert not stack.destroy().failed
    assert list(notes.iterdir()) == []


def test_wrong_inputs_are_named_in_the_words_of_the_program(
    tmp_path: Path, toy_plugin: Path, engine_env: dict[str, str]
) -> None:
    stack = stack_of("wrong_notebook", tmp_path, toy_plugin, engine_env)
    stack.set_config("phrase", "Some years ago", secret=True)
    refused = stack.preview()
    assert refused.failed
    assert "property folder" in refused.errors
    assert "is a secret, but this field is kept in plain text" in refused.errors
    assert "property labels.of" in refused.errors
    assert "is known only during the update, but decides which resources there" in refused.errors
    assert "Traceback" not in refused.errors
    assert "Some years ago" not in refused.errors


def test_the_user_can_stop_a_slow_resource(
    tmp_path: Path, toy_plugin: Path, engine_env: dict[str, str]
) -> None:
    stack = stack_of("slow", tmp_path, toy_plugin, engine_env)
    stack.set_config("folder", str(tmp_path))
    command = ["pulumi", "up", "--yes", "--skip-preview", "--stack", "test", "--color", "never"]
    up = subprocess.Popen(
        command, cwd=tmp_path / "slow", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    shown = ""
    while "Note note creating" not in shown:
        line = up.stdout.readline()
        assert line, shown
        shown += line
    time.sleep(0.5)
    up.send_signal(signal.SIGINT)
    rest, _ = up.communicate(timeout=20)
    assert up.returncode != 0
    assert "stopped on request while writing slow" in rest
    assert "`pulumi up` goes on from here" in rest
    assert "note" not in stack.state()
