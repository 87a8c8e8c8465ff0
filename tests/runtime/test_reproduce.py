"""Making a release again: equal, or what differs, without a write to the store."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from tests.runtime.toy_run import ToyRun
from trimaran.cli.app import run
from trimaran_providers.project.code import bundle_code
from trimaran_runtime.errors import PlatformError, RegistryError
from trimaran_runtime.registry.channels import Channel, history
from trimaran_runtime.registry.environment import Environment, Installed, current_environment
from trimaran_runtime.registry.release import Release, list_releases, read_release, write_release
from trimaran_runtime.reproduce.difference import differences
from trimaran_runtime.reproduce.interpreter import interpreter_for
from trimaran_runtime.reproduce.reproduce import made_at, reproduce

PROJECT = '''
    """A project whose data are in a file that others write."""

    import os
    import pathlib

    import pandas as pd
    from sklearn.linear_model import LogisticRegression


    def load():
        return pd.read_csv(os.environ["TOY_DATA"], parse_dates=["at"])


    def fit(train, validation, parameters):
        with pathlib.Path(os.environ["TOY_DATA"] + ".fits").open("a") as file:
            file.write("fit,")
        return LogisticRegression(**parameters).fit(train[["a", "b"]], train["y"])
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyRun:
    import numpy as np
    import pandas as pd

    code = tmp_path / "code"
    code.mkdir()
    (code / "small.py").write_text(dedent(PROJECT))
    generator = np.random.default_rng(0)
    table = pd.DataFrame(generator.normal(size=(1500, 2)), columns=["a", "b"])
    now = pd.Timestamp.now("UTC").tz_localize(None).floor("min")
    table["at"] = now - pd.to_timedelta(np.arange(1500)[::-1], "min")
    table["y"] = table["a"] + 0.5 * table["b"] + generator.logistic(size=1500) > 0
    table.to_csv(tmp_path / "data.csv", index=False)
    monkeypatch.setenv("TOY_DATA", str(tmp_path / "data.csv"))
    toy = ToyRun(tmp_path, code=code)
    bundle = bundle_code(code)
    toy.store.put_blob(bundle.content)
    toy.parameters = {"code": bundle.digest}
    return toy


CONFIG = {
    "data": {"source": "small:load", "target": "y", "exclude": ["at"]},
    "training": {"train": "small:fit", "parameters": {"C": 1.0}},
    "gate": {"floor": 0.5},
    "explain": {"enabled": False},
}


def released(project: ToyRun, **changes: object) -> Release:
    assert project.run(**{**CONFIG, **changes}) == 0
    return read_release(project.store, project.output("release/release.json")["release"])


def keys(project: ToyRun) -> list[tuple[str, object]]:
    return [(entry.key, entry.modified) for entry in project.store.list()]


def fits(project: ToyRun) -> int:
    """How often a model was fitted so far."""
    return (project.folder / "data.csv.fits").read_text().count(",")


def test_a_release_comes_out_equal_and_nothing_is_written(
    project: ToyRun, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a search that goes by the clock only what it chose is fitted again."""
    space = {"C": {"low": 0.1, "high": 10.0}}
    tune = {"trials": 3, "minutes": 5, "space": space}
    release = released(project, training={"train": "small:fit", "tune": tune})
    before, searched = keys(project), fits(project)
    assert searched == 4
    assert run(["reproduce", release.id[:12], "--store", project.store.uri]) == 0
    assert f"release {release.id[:12]} equal" in capsys.readouterr().out
    assert fits(project) == searched + 1
    assert keys(project) == before


def test_what_a_clouds_search_chose_is_fitted_again_from_the_manifest_alone(
    project: ToyRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cloud hands one setting to each job: no trial, study or checkpoint is in the store."""
    given = project.folder / "hyperparameters.json"
    given.write_text('{"C": "0.25"}')
    monkeypatch.setenv("TRIMARAN_HYPERPARAMETERS", str(given))
    tune = {"trials": 3, "space": {"C": {"low": 0.1, "high": 10.0}}}
    release = released(project, training={"train": "small:fit", "tune": tune})
    assert release.lineage.parameters == {"C": 0.25}
    assert "search" not in release.files
    monkeypatch.delenv("TRIMARAN_HYPERPARAMETERS")
    given.unlink()
    before = fits(project)
    assert run(["reproduce", release.id[:12], "--store", project.store.uri]) == 0
    assert f"release {release.id[:12]} equal" in capsys.readouterr().out
    assert fits(project) == before + 1


def test_changed_data_is_named_before_anything_is_trained(
    project: ToyRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release = released(project)
    with (tmp_path / "data.csv").open("a") as file:
        file.write("0.0,0.0,True,2026-01-01\n")
    assert run(["reproduce", release.id[:12], "--store", project.store.uri]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert f"data: was {release.lineage.data}" in told
    assert "the data changed since" in told
    assert fits(project) == 1


def test_data_are_as_old_as_they_were_when_the_release_was_made(project: ToyRun) -> None:
    """The clock of then, for which the record of the channel stands: here a year from now."""
    data = {"source": "small:load", "target": "y", "time": "at"}
    release = released(project, data=data, validation={"max_age_hours": 24 * 30})
    assert made_at(project.store, release) < datetime.now(UTC)
    for channel in Channel:
        (pointer,) = history(project.store, channel)
        later = pointer.model_copy(update={"when": pointer.when + timedelta(days=365)})
        project.store.write_json(f"channels/{channel}/{1:09d}.json", later.model_dump(mode="json"))
    (difference,) = reproduce(project.store, release.id, lambda _: None).differences
    assert difference.item == "step validate"
    assert f"{365 * 24}." in difference.now


def test_a_rival_that_is_gone_is_named(project: ToyRun) -> None:
    first = released(project)
    config = {**CONFIG, "training": {"train": "small:fit", "parameters": {"C": 1e-4}}}
    project.run(**config)
    second = read_release(project.store, project.output("release/release.json")["release"])
    assert second.verdict.champion == first.id
    project.store.delete(f"releases/{first.id}/manifest.json")
    (difference,) = reproduce(project.store, second.id, lambda _: None).differences
    assert (difference.item, difference.recorded) == ("champion", first.id)


def test_a_release_that_says_too_little_is_refused(project: ToyRun) -> None:
    release = released(project)
    files = {r: f for r, f in release.files.items() if r != "environment"}
    old = write_release(project.store, release.model_copy(update={"files": files}))
    assert len(list_releases(project.store)) == 2
    with pytest.raises(RegistryError, match="has no file environment"):
        reproduce(project.store, old, lambda _: None)


def test_every_difference_is_named_causes_first(project: ToyRun) -> None:
    release = released(project)
    other = release.model_copy(
        update={
            "lineage": release.lineage.model_copy(update={"seed": 7}),
            "metrics": {**release.metrics, "roc_auc": 0.5},
            "verdict": release.verdict.model_copy(update={"accepted": False}),
        }
    )
    found = [difference.item for difference in differences(release, other)]
    assert found == ["seed", "metric roc_auc", "verdict accepted"]
    assert differences(release, release) == ()


def test_where_no_index_can_be_reached_the_message_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    recorded = Environment(
        python=current_environment({}).python,
        distributions=(Installed(name="orjson", version="3.10.0"),),
    )
    with pytest.raises(PlatformError, match="cannot be installed") as caught:
        interpreter_for(recorded, tmp_path, lambda _: None)
    assert "orjson" in str(caught.value)
    assert "package index can be reached" in str(caught.value)


def test_what_was_installed_from_a_folder_must_be_of_the_recorded_version(tmp_path: Path) -> None:
    mine = Installed(name="trimaran-runtime", version="0.0.1", is_local=True)
    recorded = Environment(python="3.11.0", distributions=(mine,))
    with pytest.raises(PlatformError, match=r"trimaran-runtime 0\.0\.1 from a folder"):
        interpreter_for(recorded, tmp_path, lambda _: None)


def test_the_same_environment_is_this_interpreter(tmp_path: Path) -> None:
    found = interpreter_for(current_environment({}), tmp_path, lambda _: None)
    assert found.python == Path(sys.executable)
    assert not list(tmp_path.iterdir())
