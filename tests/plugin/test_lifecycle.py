"""Life of a plugin resource under the real engine."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.engine_kit.inline import InlineStack
from tests.plugin.toy_cloud import NoteOutputs
from trimaran_providers.plugin.resource import PluginResource

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Secret:
    """A value that the program marks as secret."""

    value: Any


def note(path: Path, text: Any = "hello", **inputs: Any) -> Callable[[], None]:
    """A program that keeps one note and exports what came out."""
    opts = inputs.pop("opts", None)

    def program() -> None:
        # An output belongs to the event loop of its program.
        said = pulumi.Output.secret(text.value) if isinstance(text, Secret) else text
        given = {"path": str(path), "text": said, **inputs}
        made = PluginResource("trimaran:toy:Note", "note", given, NoteOutputs, opts)
        pulumi.export("revision", made.output("revision"))
        pulumi.export("state", made.output("state"))
        pulumi.export("id", made.output("id"))

    return program


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def test_create_keep_update_replace_destroy(stack: InlineStack, tmp_path: Path) -> None:
    path = tmp_path / "note.json"

    made = stack.up(note(path, marks={"kept_Verbatim": "yes"}, line_count=2))
    assert made.changed == {"toy-test": "create", "note": "create"}
    assert made.outputs == {"revision": 1, "state": "good", "id": str(path)}
    assert read(path)["inputs"]["marks"] == {"kept_Verbatim": "yes"}
    shown = {(line.text, line.passing) for line in made.lines if line.resource == "note"}
    assert shown == {("writing hello", True), ("wrote hello", False)}

    kept = stack.up(note(path, marks={"kept_Verbatim": "yes"}, line_count=2))
    assert kept.changed == {}
    assert read(path)["revision"] == 1

    changed = stack.up(note(path, "bye", line_count=6))
    assert changed.changed == {"note": "update"}
    assert changed.outputs["revision"] == 2
    assert ("that is a lot of lines", "warning") in {(x.text, x.severity) for x in changed.lines}

    moved = tmp_path / "moved.json"
    replaced = stack.up(note(moved, "bye"))
    assert replaced.changes.get("replace") == 1
    assert read(moved)["revision"] == 1
    assert not path.exists()

    assert not stack.destroy().failed
    assert not moved.exists()


def test_refresh_notices_what_changed_behind_our_back_and_up_heals_it(
    stack: InlineStack, tmp_path: Path
) -> None:
    path = tmp_path / "note.json"
    stack.up(note(path))

    path.write_text("torn {")
    torn = stack.up(note(path), refresh=True)
    assert torn.steps["note"] == "update"
    assert torn.outputs["state"] == "good"
    assert read(path)["inputs"]["text"] == "hello"

    kept = read(path)
    kept["inputs"]["text"] = "scribbled over"
    path.write_text(json.dumps(kept))
    stack.refresh()
    assert stack.state()["note"]["inputs"]["text"] == "scribbled over"
    assert stack.up(note(path)).changed == {"note": "update"}
    assert read(path)["inputs"]["text"] == "hello"

    path.unlink()
    assert not stack.refresh().failed
    assert "note" not in stack.state()
    assert stack.up(note(path)).changed == {"note": "create"}
    assert path.exists()


def test_import_adopts_what_is_there(stack: InlineStack, tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    inputs = {"path": str(path), "text": "found", "line_count": 3}
    path.write_text(json.dumps({"inputs": inputs, "revision": 7}))

    adopted = stack.up(
        note(path, "found", line_count=3, opts=pulumi.ResourceOptions(import_=str(path)))
    )
    assert adopted.steps["note"] == "import"
    assert adopted.outputs["revision"] == 7
    assert stack.up(note(path, "found", line_count=3)).changed == {}


def test_import_of_nothing_says_so(stack: InlineStack, tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    refused = stack.up(note(path, opts=pulumi.ResourceOptions(import_=str(path))))
    assert refused.failed
    assert "does not exist" in refused.errors


def test_a_half_made_resource_is_kept_and_healed_or_destroyed(
    stack: InlineStack, tmp_path: Path
) -> None:
    path = tmp_path / "note.json"

    large = {"large": "x" * 200_000}
    half = stack.up(note(path, fail="half", marks=large))
    assert half.failed
    assert "the ink ran out" in half.errors
    assert "so did the paper" in half.errors
    kept = stack.state()["note"]
    assert kept["id"] == str(path)
    assert kept["outputs"]["marks"] == large
    assert kept["initErrors"] == ["the ink ran out", "so did the paper"]

    healed = stack.up(note(path))
    assert healed.changed == {"note": "update"}
    assert healed.outputs == {"revision": 2, "state": "good", "id": str(path)}
    assert "initErrors" not in stack.state()["note"]

    assert stack.up(note(path, "new", fail="half")).failed
    path.unlink()
    assert stack.up(note(path, "newer")).changed == {"note": "update"}
    assert read(path)["inputs"]["text"] == "newer"

    assert stack.up(note(path, fail="half")).failed
    assert not stack.destroy().failed
    assert not path.exists()


def test_our_own_errors_come_as_sentences_and_bugs_with_their_traceback(
    stack: InlineStack, tmp_path: Path
) -> None:
    path = tmp_path / "note.json"

    refused = stack.up(note(path, fail="before"))
    assert refused.failed
    assert f"{path}: the disk is full\n  Next: empty it" in refused.errors
    assert "Traceback" not in refused.errors
    assert "note" not in stack.state()

    crashed = stack.up(note(path, fail="bug"))
    assert crashed.failed
    assert "ZeroDivisionError: a bug in the toy" in crashed.errors
    assert "toy_cloud.py" in crashed.errors

    assert not stack.up(note(path)).failed


def test_wrong_inputs_stop_the_preview(stack: InlineStack, tmp_path: Path) -> None:
    refused = stack.preview(note(tmp_path / "note.json", line_cuont=2))
    assert refused.failed
    assert "lineCuont: there is no such input; did you mean lineCount?" in refused.errors


def test_secrets_stay_secret_in_state(stack: InlineStack, tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    program = note(path, Secret("by the user"), pass_phrase="by declaration")

    assert not stack.up(program).failed
    assert read(path)["inputs"]["text"] == "by the user"
    for operation in (lambda: stack.up(program), stack.refresh):
        assert operation().changed == {}
        state = stack.state()["note"]
        for name in ("text", "passPhrase"):
            assert "ciphertext" in state["inputs"][name], name
        for name in ("text", "passPhrase", "seal"):
            assert "ciphertext" in state["outputs"][name], name
        for value in ("by the user", "by declaration", "made by the cloud"):
            assert value not in json.dumps(state)


def test_values_unknown_at_preview_are_judged_at_the_update(
    stack: InlineStack, tmp_path: Path
) -> None:
    def program(first_text: str) -> Callable[[], None]:
        def chain() -> None:
            first = PluginResource(
                "trimaran:toy:Note",
                "first",
                {"path": str(tmp_path / "first.json"), "text": first_text},
                NoteOutputs,
            )
            second = {
                "path": str(tmp_path / "second.json"),
                "text": first.output("revision").apply(lambda n: f"revision {n}"),
                "label": {"textColour": first.output("state")},
            }
            PluginResource("trimaran:toy:Note", "second", second, NoteOutputs)

        return chain

    seen = stack.preview(program("one"))
    assert (seen.failed, seen.steps["second"]) == (False, "create")
    assert not (tmp_path / "first.json").exists()

    stack.up(program("one"))
    assert read(tmp_path / "second.json")["inputs"]["text"] == "revision 1"
    assert stack.up(program("one")).changed == {}
    assert stack.up(program("two")).changed == {"first": "update", "second": "update"}
    assert read(tmp_path / "second.json")["inputs"]["text"] == "revision 2"


def test_resources_proceed_at_the_same_time(stack: InlineStack, tmp_path: Path) -> None:
    def program() -> None:
        for number in range(8):
            path = tmp_path / f"{number}.json"
            given = {"path": str(path), "text": "slow", "seconds": 1}
            PluginResource("trimaran:toy:Note", f"note-{number}", given, NoteOutputs)

    made = stack.up(program)
    assert not made.failed
    written = [path.stat().st_mtime for path in tmp_path.glob("?.json")]
    assert len(written) == 8
    assert max(written) - min(written) < 1
