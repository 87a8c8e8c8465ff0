"""Bad input: one clear message through the real engine, and nothing half-made."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.engine.project import Project, ask

pytestmark = pytest.mark.engine


@contextmanager
def edited_spec(project: Project, old: str, new: str) -> Iterator[None]:
    """A word of the spec changed, for a while."""
    path = project.folder / "toy.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    try:
        yield
    finally:
        path.write_text(text)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("floor: 0.6", "flor: 0.6", ["toy.yaml:15", "gate.flor", "did you mean floor?"]),
        ("floor: 0.6", "floor: high", ["toy.yaml:15: gate.floor", '"high"', "a number"]),
        ("min_rows: 100", "min_rows: 1", ["gate.segments.min_rows", "10 or more"]),
        ("target: bought", "", ["data.target", "required"]),
        ("source: toy:load", "source: data/none.parquet", ["data.source", "data/none.parquet"]),
        (
            "train: toy:fit",
            "train: toy:fit\n  cache_days: 3",
            ["pipeline.cache_days", "not possible on local", "pipeline.run_on_up"],
        ),
        ("name: toy", "name: Toy_1", ["name", '"Toy_1"', "lower-case"]),
        ("trusted_types", "schedule: '61 * * * *'\n  trusted_types", ["pipeline.schedule", "61"]),
    ],
)
def test_a_wrong_spec_stops_the_preview(
    lasting_project: Project, old: str, new: str, said: list[str]
) -> None:
    project = lasting_project
    with edited_spec(project, old, new):
        seen = project.stack.preview(project.program)
    assert seen.failed
    for words in said:
        assert words in seen.errors
    assert "Traceback" not in seen.errors
    assert not project.layout.root.exists()


@pytest.mark.parametrize(
    ("cloud", "said"),
    [
        ("azure", ["azure", "local"]),
        ("loca", ['"loca"', "did you mean local?"]),
    ],
)
def test_a_cloud_that_is_not_there_stops_the_preview(
    lasting_project: Project, cloud: str, said: list[str]
) -> None:
    project = lasting_project
    project.overrides["cloud"] = cloud
    seen = project.stack.preview(project.program)
    assert seen.failed
    for words in said:
        assert words in seen.errors
    assert "Traceback" not in seen.errors


def test_bad_data_and_bad_code_stop_the_update_and_the_next_one_goes_on(project: Project) -> None:
    url = ""
    for changes, said in (
        ({"data__target": "sold"}, ["target", "'sold'", "bought"]),
        (
            {"data__target": "bought", "data__source": "toy:load_leaky"},
            ["leak", "receipt", "data.exclude"],
        ),
        ({"data__source": "toy:load_late"}, ["leak", "refunded", "known_later"]),
        (
            {"data__source": "toy:load", "pipeline__parameters": {"crash": True}},
            ["ZeroDivisionError: division by zero", "return number / by", 'toy.py", line'],
        ),
    ):
        failed = project.up(**changes)
        assert failed.failed
        for words in said:
            assert words in failed.errors, f"{words!r} is not in\n{failed.errors}"
        assert "trimaran_runtime" not in failed.errors, "a frame of ours is not the user's business"
        assert project.production() == url == ""

    good = project.up(pipeline__parameters={"quality": "good"})
    assert not good.failed, good.errors
    assert good.outputs["release"] == project.production()


def test_a_taken_port_is_named_with_who_has_it(project: Project) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        failed = project.up(endpoint__port=port)
        assert failed.failed
        assert f"port {port} is taken by process" in failed.errors
        assert "endpoint.port" in failed.errors

    healed = project.up()
    assert not healed.failed, healed.errors
    assert healed.outputs["endpoint"] == f"http://127.0.0.1:{port}"
    assert ask(healed.outputs["endpoint"], {"instances": [project.row()]}).status == 200


def test_a_corrupted_store_is_named_and_never_served_as_if_it_were_whole(
    project: Project,
) -> None:
    project.up()
    pointer = project.store.path / "channels" / "production" / "000000001.json"
    whole = pointer.read_bytes()
    pointer.write_bytes(whole[: len(whole) // 2])
    failed = project.up(pipeline__parameters={"quality": "better"})
    assert failed.failed
    assert "channels/production/000000001.json" in failed.errors
    assert "restore the object" in failed.errors

    pointer.write_bytes(whole)
    healed = project.up()
    assert not healed.failed, healed.errors
