"""What each run leaves for MLflow in the store."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.runtime.toy_run import ToyRun, toy_config
from trimaran_providers.local.definition import PipelineDefinition
from trimaran_providers.local.run_record import RunRecord, Status, StepRecord
from trimaran_providers.local.runner import run_pipeline
from trimaran_providers.local.tracked import track_early_end
from trimaran_providers.project.code import bundle_code
from trimaran_runtime.config import RunConfig
from trimaran_runtime.registry.release import read_release
from trimaran_runtime.steps.usage import USAGE, usage_of
from trimaran_runtime.storage.store import Store
from trimaran_runtime.tracking.document import RunStatus, TrackedRun
from trimaran_runtime.tracking.outbox import get, mark_sent, put, waiting

PIPELINE = ["data", "split", "validate", "train", "evaluate", "gate", "register"]


def the_run(store: Store) -> TrackedRun:
    (key,) = waiting(store)
    return get(store, key)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ToyRun:
    toy = ToyRun(tmp_path_factory.mktemp("toy"))
    tune = {"trials": 2, "space": {"quality": {"choices": ["good", "bad"]}}}
    assert toy.run(training__tune=tune, training__parameters={}) == 0
    return toy


def test_a_run_tells_what_it_read_made_and_measured(made: ToyRun) -> None:
    run = the_run(made.store)
    release = read_release(made.store, made.output("release/release.json")["release"])
    assert (run.run, run.experiment, run.status) == ("run-1", "toy", RunStatus.FINISHED)
    assert run.tags["trimaran.release"] == run.tags["trimaran.production"] == release.id
    assert run.tags["trimaran.verdict"] == "accepted"
    assert run.tags["trimaran.code"] == "sha256:code"
    assert run.tags["trimaran.environment"] == "sha256:env"
    assert run.tags["trimaran.config"] == release.lineage.config
    assert "scikit-learn" in str(run.tags)
    assert run.parameters["quality"] == release.lineage.parameters["quality"]
    assert run.parameters["training.seed"] == release.lineage.seed
    assert run.parameters["split.test_rows"] == release.lineage.rows["test"]
    assert run.data is not None
    assert run.data.fingerprint == release.lineage.data == run.tags["trimaran.data"]
    assert run.data.columns["bought"] == "bool"
    for artifact in run.artifacts:
        assert len(made.store.read_blob(artifact.digest)) == artifact.size_bytes
    paths = {artifact.path for artifact in run.artifacts}
    assert {"model_card.md", "evaluation.json", "explanation.json", "findings.json"} <= paths


def test_metrics_gate_and_trials_are_measures(made: ToyRun) -> None:
    run = the_run(made.store)
    found = {(measure.name, measure.step): measure.value for measure in run.measures}
    evaluation = made.output("evaluation/evaluation.json")
    assert found["test/roc_auc", 0] == evaluation["metrics"]["roc_auc"]
    assert found["gate/floor/value", 0] == evaluation["metrics"]["roc_auc"]
    assert found["gate/floor/limit", 0] == 0.6
    assert found["gate/floor/passed", 0] == 1
    # Not judged without a champion: it did not pass, it was not asked.
    assert ("gate/champion/passed", 0) not in found
    search = made.output("model/search.json")
    trials = [trial["value"] for trial in search["trials"]]
    assert [found["search/roc_auc", number] for number in range(2)] == trials
    assert found["validation/roc_auc", 0] == trials[search["best"]]


def test_every_step_says_what_it_used(made: ToyRun) -> None:
    run = the_run(made.store)
    used = {measure.name for measure in run.measures if measure.name.startswith("system/")}
    kinds = ("seconds", "cpu_seconds", "peak_memory_mib")
    assert used == {f"system/{step}/{kind}" for step in PIPELINE for kind in kinds}
    assert run.started < run.ended
    first = usage_of({"table": made.work / "table"})
    assert run.started == first[0].started


def test_a_refused_release_is_tracked_with_what_refused_it(tmp_path: Path) -> None:
    toy = ToyRun(tmp_path)
    assert toy.run(gate__floor=0.99) == 4
    run = the_run(toy.store)
    assert run.status is RunStatus.FINISHED
    assert run.tags["trimaran.verdict"] == "refused"
    assert run.tags["trimaran.refused_by"] == "floor"
    assert run.message.startswith("refused: floor: ")


def again(made: ToyRun, **parameters: str) -> list[str]:
    """Register once more into another store; returns the lines of its outbox."""
    other = ToyRun(made.folder, code=made.code, parameters=parameters)
    assert other.step("register") == 0
    return list(waiting(other.store))


def test_the_same_run_tells_the_same_but_for_times(made: ToyRun) -> None:
    def timeless(run: TrackedRun) -> TrackedRun:
        measures = [m for m in run.measures if not m.name.startswith("system/")]
        never = datetime(2026, 1, 1, tzinfo=UTC)
        return run.model_copy(
            update={"measures": tuple(measures), "started": never, "ended": never}
        )

    before = the_run(made.store)
    assert again(made) == list(waiting(made.store))
    assert the_run(made.store).to_bytes() != before.to_bytes()
    assert timeless(the_run(made.store)).to_bytes() == timeless(before).to_bytes()


def test_a_comparison_is_no_run(made: ToyRun) -> None:
    before = the_run(made.store)
    assert again(made, run="other", purpose="comparison") == list(waiting(made.store))
    assert the_run(made.store) == before


def test_a_step_that_fails_says_nothing_of_its_use(tmp_path: Path) -> None:
    toy = ToyRun(tmp_path)
    toy.configure(toy_config(data__target="absent"))
    assert toy.step("data") == 2
    assert not (toy.work / "table" / USAGE).exists()


def definition(**changes: object) -> PipelineDefinition:
    return PipelineDefinition(
        config=RunConfig.model_validate(toy_config(**changes)),
        code="sha256:code",
        code_include=(),
        code_exclude=(),
        project_directory="",
        environment="sha256:env",
        data="",
        retries=0,
        timeout_minutes=1,
        run_on_up=True,
        alerts="",
    )


RECORD = RunRecord(
    id="20261124-120000-abc123",
    model_name="toy",
    status=Status.failed,
    trigger="up",
    started=datetime(2026, 11, 24, 12, tzinfo=UTC),
    finished=datetime(2026, 11, 24, 12, 1, tzinfo=UTC),
    steps=(StepRecord(name="data", status=Status.failed, seconds=3.5),),
    message="the source is not there",
)


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        (Status.failed, RunStatus.FAILED),
        (Status.invalid, RunStatus.FAILED),
        (Status.interrupted, RunStatus.KILLED),
    ],
)
def test_a_run_that_ends_early_is_tracked_with_its_error(
    tmp_path: Path, ended: Status, told: RunStatus
) -> None:
    Store.open_directory(tmp_path, create=True)
    track_early_end(tmp_path, definition(), RECORD.model_copy(update={"status": ended}))
    run = the_run(Store.open_directory(tmp_path))
    assert (run.status, run.message) == (told, "the source is not there")
    assert run.tags["trimaran.code"] == "sha256:code"
    assert run.parameters["quality"] == "good"
    assert [(m.name, m.value) for m in run.measures] == [("system/data/seconds", 3.5)]


def test_the_runner_tracks_a_run_that_fails_at_its_first_step(tmp_path: Path) -> None:
    (tmp_path / "toy.py").write_text("def load():\n    raise ValueError('no rows today')\n")
    bundle = bundle_code(tmp_path, ["*.py"], [])
    store = Store.open_directory(tmp_path / "store", create=True)
    store.put_blob(bundle.content)
    pipeline = definition().model_copy(update={"code": bundle.digest})
    record = run_pipeline(tmp_path / "store", pipeline, trigger="manual", report=lambda _: None)
    run = the_run(store)
    assert (run.run, run.status) == (record.id, RunStatus.FAILED)
    assert "no rows today" in run.message
    assert run.tags["trimaran.code"] == bundle.digest


@pytest.fixture
def told(tmp_path: Path) -> ToyRun:
    """A run whose steps tell of it themselves, as on a cloud."""
    uri = (tmp_path / "store").as_uri()
    return ToyRun(tmp_path, parameters={"early_end": "track", "store": uri})


def test_a_step_that_fails_on_a_cloud_tells_of_its_run(told: ToyRun) -> None:
    assert told.run(training__train="toy:absent") == 2
    run = the_run(told.store)
    assert (run.run, run.status) == ("run-1", RunStatus.FAILED)
    assert "absent" in run.message
    assert run.tags["trimaran.code"] == "sha256:code"
    assert run.tags["trimaran.environment"] == "sha256:env"
    # The steps whose output it reads, and itself.
    times = {measure.name for measure in run.measures}
    assert times == {"system/split/seconds", "system/train/seconds"}
    assert run.started < run.ended


def test_a_run_that_failed_is_told_once(told: ToyRun) -> None:
    assert told.run(data__target="absent") == 2
    (key,) = waiting(told.store)
    first = told.store.read(key)
    assert told.step("data") == 2
    assert [told.store.read(key) for key in waiting(told.store)] == [first]
    mark_sent(told.store, get(told.store, key))
    assert told.step("data") == 2
    assert not waiting(told.store)


def test_a_refusal_is_no_early_end(told: ToyRun) -> None:
    assert told.run(gate__floor=0.99) == 4
    assert the_run(told.store).tags["trimaran.verdict"] == "refused"
    mark_sent(told.store, the_run(told.store))
    assert told.step("register") == 4
    assert the_run(told.store).status is RunStatus.FINISHED


def test_a_store_that_is_away_changes_nothing_of_how_a_step_failed(
    told: ToyRun, capsys: pytest.CaptureFixture[str]
) -> None:
    told.parameters["store"] = (told.folder / "away").as_uri()
    assert told.run(data__target="absent") == 2
    assert "'absent'" in told.error("data")["message"]
    assert "warning: not tracked: " in capsys.readouterr().err


def test_a_killed_run_that_told_more_before_is_left_as_it_is(tmp_path: Path) -> None:
    store = Store.open_directory(tmp_path, create=True)
    track_early_end(tmp_path, definition(), RECORD)
    told = the_run(store).model_copy(update={"status": RunStatus.FINISHED})
    put(store, told)
    track_early_end(tmp_path, definition(), RECORD)
    assert the_run(store) == told


def test_where_runs_are_tracked_starts_no_run() -> None:
    address = {"uri": "https://mlflow.example.com"}
    assert definition().trigger_digest == definition(tracking=address).trigger_digest
