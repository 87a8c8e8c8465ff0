"""Overriding a refusal: named check by check, with who and why, for good; some never."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.runtime.toy_run import ToyRun
from trimaran_runtime.errors import Corrupted, RegistryError
from trimaran_runtime.registry.approval import approve
from trimaran_runtime.registry.channels import Channel, current
from trimaran_runtime.registry.overrides import overrides
from trimaran_runtime.registry.release import (
    Check,
    Lineage,
    ModelFile,
    Override,
    Release,
    Signature,
    Verdict,
    write_release,
)
from trimaran_runtime.registry.release import File as StoredFile
from trimaran_runtime.storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open_directory(tmp_path / "store", create=True)


def refused(store: Store, *names: str) -> str:
    """A release that the named checks refuse, and another reports on."""
    digest, evaluation = store.put_blob(b"model"), store.put_blob(b"evaluation")
    checks = [Check(name=name, passed=False, detail="no") for name in names]
    checks.append(Check(name="reported", passed=False, judged=False, detail="too few rows"))
    release = Release(
        model_name="toy",
        model=ModelFile(
            format="skops", file=StoredFile(digest=digest, size_bytes=5), trusted_types=()
        ),
        signature=Signature(features=(), target="y", task="regression"),
        verdict=Verdict(
            accepted=False, metric="rmse", value=1.0, interval=None, checks=tuple(checks)
        ),
        metrics={},
        lineage=Lineage(
            config="c", code="c", data="d", environment="e", rows={}, parameters={}, seed=0
        ),
        files={"evaluation": StoredFile(digest=evaluation, size_bytes=10)},
    )
    return write_release(store, release)


def test_an_overridden_release_goes_into_production_and_says_who_and_why(store: Store) -> None:
    release = refused(store, "champion", "segment shop=west")
    pointer = approve(
        store, release, why="west closes in May", who="ann", override=["champion", "segments"]
    )
    assert pointer.release == release
    assert pointer.why == "west closes in May; overridden: champion, segment shop=west"
    found = [(one.check, one.who, one.because) for one in overrides(store, release)]
    assert found == [
        ("champion", "ann", "west closes in May"),
        ("segment shop=west", "ann", "west closes in May"),
    ]


def test_every_refusing_check_has_to_be_named(store: Store) -> None:
    release = refused(store, "champion", "floor")
    with pytest.raises(RegistryError, match=r"refused release .* \(floor\)"):
        approve(store, release, why="we need it", override=["champion"])
    assert current(store, Channel.production) is None
    # What was recorded stays: the rest may be named later.
    assert approve(store, release, why="and this", override=["floor"]).release == release
    assert [one.because for one in overrides(store, release)] == ["we need it", "and this"]


def test_a_record_is_never_replaced(store: Store) -> None:
    release = refused(store, "champion")
    approve(store, release, why="the first reason", who="ann", override=["champion"])
    approve(store, release, why="another reason", who="bob", override=["champion"])
    assert [(one.who, one.because) for one in overrides(store, release)] == [
        ("ann", "the first reason")
    ]


@pytest.mark.parametrize("check", ["finite predictions", "test rows"])
def test_some_checks_can_never_be_overridden(store: Store, check: str) -> None:
    release = refused(store, check)
    with pytest.raises(RegistryError, match="can never be overridden"):
        approve(store, release, why="trust me", override=[check])
    assert overrides(store, release) == ()


@pytest.mark.parametrize(
    ("check", "is_of"), [("test rows", "this release"), ("floor", "another release")]
)
def test_a_record_that_was_put_there_by_hand_lets_nothing_pass(
    store: Store, check: str, is_of: str
) -> None:
    release = refused(store, check)
    record = Override(
        release=release if is_of == "this release" else "f" * 64,
        check=check,
        who="nobody",
        because="by hand",
        when=datetime(2026, 1, 1, tzinfo=UTC),
    )
    key = f"releases/{release}/overrides/by-hand.json"
    store.write(key, record.model_dump_json().encode())
    with pytest.raises(RegistryError, match="the gate refused"):
        approve(store, release, why="it is recorded")


@pytest.mark.parametrize("check", ["champion", "reported"])
def test_a_check_that_did_not_refuse_cannot_be_overridden(store: Store, check: str) -> None:
    with pytest.raises(RegistryError, match="does not refuse"):
        approve(store, refused(store, "floor"), why="to be safe", override=[check])


def test_all_segments_are_segments_alone(store: Store) -> None:
    release = refused(store, "champion", "segment shop=west", "segment shop=east")
    with pytest.raises(RegistryError, match=r"refused release .* \(champion\)"):
        approve(store, release, why="both close in May", override=["segments"])


def test_an_override_needs_a_reason(store: Store) -> None:
    with pytest.raises(RegistryError, match="needs a reason"):
        approve(store, refused(store, "floor"), why=" ", override=["floor"])


@pytest.mark.parametrize("content", [b"model", b"evaluation"])
def test_an_altered_file_cannot_be_overridden(store: Store, tmp_path: Path, content: bytes) -> None:
    release = refused(store, "floor")
    blobs = (path for path in (tmp_path / "store" / "blobs").rglob("*") if path.is_file())
    (blob,) = (path for path in blobs if path.read_bytes() == content)
    blob.write_bytes(b"other")
    with pytest.raises(Corrupted):
        approve(store, release, why="it is fine", override=["floor"])
    assert current(store, Channel.production) is None


def test_an_override_of_one_release_says_nothing_of_another(store: Store) -> None:
    approve(store, refused(store, "floor"), why="this one", override=["floor"])
    with pytest.raises(RegistryError, match="the gate refused"):
        approve(store, refused(store, "floor", "champion"), why="and that one")


def test_a_looser_gate_refuses_the_pipelines_release_until_it_says_why(toy: ToyRun) -> None:
    toy.run()
    better = {"training__parameters": {"quality": "better"}}
    toy.run(gate__floor=0.5, **better)
    assert "floor 0.6 → 0.5" in toy.checks()["thresholds"]["detail"]
    assert [name for name, check in toy.checks().items() if not check["passed"]] == ["thresholds"]
    told = {"floor": 0.5, "loosened_because": "the year's new shops", "segments": {"min_rows": 100}}
    assert toy.run(gate=told, **better) == 0
    assert toy.checks()["thresholds"]["passed"] is True


def test_a_test_split_of_training_rows_is_refused(toy: ToyRun) -> None:
    from tests.runtime.toy_run import toy_config

    toy.configure(toy_config())
    toy.steps(last="train")
    splits = toy.work / "splits"
    (splits / "test.parquet").write_bytes((splits / "train.parquet").read_bytes())
    toy.steps("evaluate", "gate")
    check = toy.checks()["test rows"]
    assert check["passed"] is False
    assert check["detail"] == "3600 of 3600 test rows are training rows too"
