"""What happened behind Pulumi's back is seen by `refresh` and healed by `up`."""

import shutil

import psutil
import pytest

from tests.engine.project import Project, ask

pytestmark = pytest.mark.engine


def kill(process: psutil.Process) -> None:
    process.kill()
    process.wait(timeout=10)


def test_a_killed_endpoint_is_seen_and_healed_on_the_same_address(lasting_project: Project) -> None:
    project = lasting_project
    url = project.up().outputs["endpoint"]
    kill(project.gateway())
    project.stack.refresh()
    assert project.stack.state()["toy-endpoint"]["outputs"]["phase"] == "stopped"

    healed = project.up()
    assert healed.changed == {"toy-endpoint": "update"}
    assert healed.outputs["endpoint"] == url
    assert ask(url, {"instances": [project.row()]}).status == 200


def test_a_killed_endpoint_is_healed_by_a_plain_up(lasting_project: Project) -> None:
    project = lasting_project
    url = project.up().outputs["endpoint"]
    kill(project.gateway())
    assert project.up().changed == {"toy-endpoint": "update"}
    assert ask(url, {"instances": [project.row()]}).status == 200


def test_a_killed_supervisor_is_healed(lasting_project: Project) -> None:
    project = lasting_project
    project.up(monitor__schedule="hourly")
    kill(project.supervisor())
    healed = project.up(refresh=True)
    assert set(healed.changed) <= {"toy-watch-schedule", "toy-monitor-schedule"}
    assert project.supervisor().is_running()


def test_a_deleted_release_is_seen_and_built_again(lasting_project: Project) -> None:
    project = lasting_project
    url = project.up().outputs["endpoint"]
    release = project.production()
    shutil.rmtree(project.store.path / "releases" / release)
    project.stack.refresh()
    state = project.stack.state()
    assert state["toy-pipeline"]["outputs"]["status"] == "lost"
    assert state["toy-registry"]["outputs"]["state"] == "damaged"

    healed = project.up()
    assert not healed.failed, healed.errors
    champion = next(c for c in project.manifest()["verdict"]["checks"] if c["name"] == "champion")
    assert not champion["judged"]
    assert release[:12] in champion["detail"]
    assert ask(url, {"instances": [project.row()]}).status == 200


def test_an_altered_model_file_is_seen_and_built_again(lasting_project: Project) -> None:
    project = lasting_project
    project.up()
    digest = project.manifest()["model"]["file"]["digest"].removeprefix("sha256:")
    blob = project.store.path / "blobs" / "sha256" / digest[:2] / digest
    blob.write_bytes(blob.read_bytes()[:-1] + b"x")
    project.stack.refresh()
    assert project.stack.state()["toy-pipeline"]["outputs"]["status"] == "lost"
    healed = project.up()
    assert not healed.failed, healed.errors
    assert project.store.read_blob(f"sha256:{digest}")


def test_a_removed_store_is_seen_and_made_again(lasting_project: Project) -> None:
    project = lasting_project
    url = project.up().outputs["endpoint"]
    shutil.rmtree(project.store.path)
    project.stack.refresh()
    assert "toy-store" not in project.stack.state()
    healed = project.up()
    assert not healed.failed, healed.errors
    assert ask(url, {"instances": [project.row()]}).status == 200


def test_refresh_of_an_untouched_stack_changes_nothing(lasting_project: Project) -> None:
    project = lasting_project
    project.up(monitor__schedule="hourly")
    assert project.up(refresh=True).changed == {}
