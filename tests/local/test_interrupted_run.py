"""Which killed run the next one goes on with, from where, and what becomes of the others."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from tests.engine.toy_runner import toy_definition
from trimaran_providers.local import interrupted_run
from trimaran_providers.local.atomic import locked
from trimaran_providers.local.definition import PipelineDefinition
from trimaran_providers.local.interrupted_run import RESUMABLE, take_up
from trimaran_providers.local.run_record import (
    LOCK,
    RunRecord,
    Status,
    StepRecord,
    list_runs,
    read_run,
    write_run,
)
from trimaran_providers.local.runner import run_pipeline
from trimaran_runtime.registry.channels import PIPELINE_RUN, Channel, Pointer
from trimaran_runtime.steps.ports import PIPELINE
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.storage.store import Store
from trimaran_runtime.tracking.document import RunStatus
from trimaran_runtime.tracking.outbox import get, mark_sent, waiting

NAMES = [ports.name for ports in PIPELINE]
Change = Callable[[Path, PipelineDefinition], PipelineDefinition]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupted_run, "_ENDS_SECONDS", 0.1)


def killed(
    store: Path, definition: PipelineDefinition, *, done: int = 3, **changes: object
) -> RunRecord:
    """A run whose process was killed in the step after `done` ones."""
    steps = [StepRecord(name=n, status=Status.succeeded, seconds=1) for n in NAMES[:done]]
    steps += [StepRecord(name=n, status=Status.running) for n in NAMES[done : done + 1]]
    record = RunRecord(
        id="20260101-000000-abcdef",
        model_name="toy",
        status=Status.running,
        trigger="up",
        started=datetime.now(UTC) - timedelta(minutes=5),
        steps=tuple(steps),
        inputs_digest=definition.inputs_digest,
    ).model_copy(update=changes)
    write_run(store / "runs", record)
    for ports in PIPELINE[: done + 1]:
        for name in ports.outputs:
            folder = store / "runs" / record.id / "work" / name
            folder.mkdir(parents=True)
            (folder / "content").write_text(ports.name)
    return record


def taken(store: Path, definition: PipelineDefinition) -> RunRecord | None:
    with locked(store / "runs" / LOCK, wait_seconds=1):
        return take_up(store, definition, "up")


@pytest.mark.parametrize("done", range(len(NAMES) + 1))
def test_what_was_done_is_kept_and_nothing_is_left_of_the_step_under_way(
    store: Path, done: int
) -> None:
    definition = toy_definition(store)
    record = killed(store, definition, done=done)
    found = taken(store, definition)
    assert found is not None
    assert (found.id, found.started, found.resumed) == (record.id, record.started, 1)
    assert found.status is Status.running
    assert found.steps == record.steps[:done]
    assert found.taken_over == tuple(NAMES[:done])
    left = {path.name for path in (store / "runs" / record.id / "work").iterdir()}
    assert left == {name for ports in PIPELINE[:done] for name in ports.outputs}
    assert list(waiting(Store.open_directory(store))) == [], "told before its end"


def test_a_step_whose_output_is_gone_runs_again_and_so_do_those_after_it(store: Path) -> None:
    definition = toy_definition(store)
    record = killed(store, definition, done=4)
    shutil.rmtree(store / "runs" / record.id / "work" / "splits")
    found = taken(store, definition)
    assert found is not None
    assert found.taken_over == ("data",)
    assert [path.name for path in (store / "runs" / record.id / "work").iterdir()] == ["table"]


def test_how_often_it_was_gone_on_with_is_counted(store: Path) -> None:
    definition = toy_definition(store)
    killed(store, definition, resumed=2)
    found = taken(store, definition)
    assert found is not None
    assert found.resumed == 3


def moved(store: Path, *, who: str, minutes_ago: float) -> None:
    """Production was moved."""
    when = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    pointer = Pointer(
        number=1,
        channel=Channel.production,
        release="0" * 64,
        previous=None,
        who=who,
        when=when,
        why="test",
    )
    content = canonical_json(pointer.model_dump(mode="json"))
    Store.open_directory(store).create("channels/production/000000001.json", content)


def assert_started_anew(store: Path, definition: PipelineDefinition, why: str) -> None:
    assert taken(store, definition) is None
    (record,) = list_runs(store / "runs")
    assert record.status is Status.interrupted
    assert why in record.message
    assert not (store / "runs" / record.id / "work").exists()
    opened = Store.open_directory(store)
    (key,) = waiting(opened)
    assert get(opened, key).status is RunStatus.KILLED
    # And once: neither is it told again, nor cleared again.
    assert taken(store, definition) is None
    assert list(waiting(opened)) == [key]


@pytest.mark.parametrize(
    "changed",
    [
        {"code": "sha256:other"},
        {"environment": "sha256:other"},
        {"data": "sha256:other"},
        {"gate__floor": 0.7},
        {"registry": {"approval": "manual"}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_run_of_another_definition_is_not_gone_on_with(
    store: Path, changed: dict[str, object]
) -> None:
    definition = toy_definition(store)
    killed(store, definition)
    own = {k: v for k, v in changed.items() if k in PipelineDefinition.model_fields}
    other = toy_definition(store, **{k: v for k, v in changed.items() if k not in own})
    assert_started_anew(store, other.model_copy(update=own), "are others now")


def test_neither_retries_nor_limits_nor_alerts_make_another_definition(store: Path) -> None:
    definition = toy_definition(store)
    killed(store, definition)
    other = {"retries": 3, "timeout_minutes": 1, "alerts": "elsewhere"}
    assert taken(store, definition.model_copy(update=other)) is not None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"trigger": "schedule"}, "started by 'schedule'"),
        ({"started": datetime.now(UTC) - RESUMABLE}, "older than 6 hours"),
        ({"started": datetime.now(UTC) + timedelta(hours=1)}, "older than"),
        ({"inputs_digest": ""}, "are others now"),
    ],
    ids=["another trigger", "too old", "of the future", "of an older version"],
)
def test_a_run_that_is_another_one_is_not_gone_on_with(
    store: Path, changes: dict[str, object], why: str
) -> None:
    definition = toy_definition(store)
    killed(store, definition, **changes)
    assert_started_anew(store, definition, why)


def test_nor_is_one_from_before_the_machine_was_started(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = toy_definition(store)
    killed(store, definition)
    just_now = datetime.now(UTC).timestamp() - 60
    monkeypatch.setattr(psutil, "boot_time", lambda: just_now)
    assert_started_anew(store, definition, "the machine was started since")


def test_nor_one_whose_model_was_compared_with_another(store: Path) -> None:
    definition = toy_definition(store)
    killed(store, definition, done=5)
    moved(store, who="me@here", minutes_ago=1)
    assert_started_anew(store, definition, "production moved since")


@pytest.mark.parametrize(
    ("who", "minutes_ago"),
    [("me@here", 10), (f"{PIPELINE_RUN}20260101-000000-abcdef", 1)],
    ids=["before it began", "by itself"],
)
def test_production_may_have_moved_before_and_by_the_run_itself(
    store: Path, who: str, minutes_ago: float
) -> None:
    definition = toy_definition(store)
    killed(store, definition, done=6)
    moved(store, who=who, minutes_ago=minutes_ago)
    assert taken(store, definition) is not None


def test_nor_one_of_which_a_process_does_not_end(store: Path) -> None:
    definition = toy_definition(store)
    record = killed(store, definition)
    with locked(store / "runs" / record.id / LOCK, wait_seconds=0) as held:
        step = os.dup(held)  # as a process that inherited it
        assert_started_anew(store, definition, "does not end")
        os.close(step)


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.running])
def test_a_run_that_ended_is_never_gone_on_with(store: Path, status: Status) -> None:
    definition = toy_definition(store)
    record = killed(store, definition, status=status)
    assert taken(store, definition) is None
    assert read_run(store / "runs", record.id) == record
    # What shows the cause of a failure stays; of the others a kill may have left it.
    keeps = status in {Status.failed, Status.invalid}
    assert (store / "runs" / record.id / "work").exists() == keeps


def test_of_two_killed_runs_the_newest_is_gone_on_with(store: Path) -> None:
    definition = toy_definition(store)
    newest = killed(store, definition, id="20260102-000000-abcdef")
    older = killed(store, definition)
    found = taken(store, definition)
    assert found is not None
    assert found.id == newest.id
    left = read_run(store / "runs", older.id)
    assert left is not None
    assert left.status is Status.interrupted


def test_a_killed_run_that_was_sent_to_mlflow_is_not_told_again(store: Path) -> None:
    definition = toy_definition(store)
    killed(store, definition)
    assert_started_anew(store, definition.model_copy(update={"data": "other"}), "others")
    opened = Store.open_directory(store)
    (key,) = waiting(opened)
    mark_sent(opened, get(opened, key))
    (record,) = list_runs(store / "runs")
    write_run(store / "runs", record.model_copy(update={"status": Status.running}))
    assert taken(store, definition.model_copy(update={"data": "other"})) is None
    assert list(waiting(opened)) == []


def test_one_killed_when_there_was_only_its_end_to_write_down_ends(store: Path) -> None:
    definition = toy_definition(store)
    record = killed(store, definition, done=len(NAMES))
    release = store / "runs" / record.id / "work" / "release" / "release.json"
    release.write_text('{"release": "0"}')
    ended = run_pipeline(store, definition, trigger="up", report=lambda line: None)
    assert (ended.id, ended.status, ended.release) == (record.id, Status.succeeded, "0")
    assert ended.finished is not None
    assert not release.exists()
