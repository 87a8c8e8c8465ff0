"""`up`, `up` again, one field, `destroy`: with the real engine, on the local cloud.

One project goes through them in the order of its life: each bringing up would train a model.
"""

import socket

import pytest

from tests.engine.project import Project, ask

pytestmark = pytest.mark.engine


def test_a_preview_starts_nothing_and_writes_nothing(lasting_project: Project) -> None:
    project = lasting_project
    seen = project.stack.preview(project.program)
    assert seen.steps["toy-pipeline"] == "create"
    assert not project.layout.root.exists()


def test_up_serves_a_release_and_a_second_up_changes_nothing(lasting_project: Project) -> None:
    project = lasting_project
    first = project.up()
    assert not first.failed, first.errors
    assert first.outputs["status"] == "succeeded"
    assert first.outputs["release"] == project.production()

    answer = ask(first.outputs["endpoint"], {"instances": [project.row()]})
    assert answer.status == 200
    assert len(answer.body["predictions"]) == 1
    assert project.production().startswith(answer.release)

    again = project.up()
    assert again.changed == {}
    assert project.runs() == 1


def test_a_changed_field_changes_its_resource_and_trains_nothing(lasting_project: Project) -> None:
    project = lasting_project
    url = project.up().outputs["endpoint"]
    changed = project.up(endpoint__capture__fraction=0.5)
    assert changed.changed == {"toy-endpoint": "update"}
    assert project.runs() == 1
    assert changed.outputs["endpoint"] == url

    rule = project.up(alerts__rules__error_rate=0.2)
    assert rule.changed == {"toy-alerts": "update", "toy-endpoint": "update"}
    assert project.runs() == 1


def test_destroy_keeps_the_store_when_asked_to(lasting_project: Project) -> None:
    project = lasting_project
    project.up(store__keep_on_destroy=True)
    release = project.production()
    assert not project.take_down().failed
    assert project.processes() == []
    assert project.production() == release

    again = project.up()
    assert not again.failed, again.errors
    assert again.outputs["release"] == release


def test_destroy_leaves_no_process_no_port_and_no_file(lasting_project: Project) -> None:
    project = lasting_project
    up = project.up(
        store__keep_on_destroy=False, monitor__schedule="hourly", pipeline__schedule="0 3 * * *"
    )
    assert not up.failed, up.errors
    port = int(up.outputs["endpoint"].rsplit(":", 1)[1])
    assert len(project.processes()) >= 3  # gateway, server, supervisor

    assert not project.take_down().failed
    assert project.processes() == []
    assert not project.layout.root.exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
