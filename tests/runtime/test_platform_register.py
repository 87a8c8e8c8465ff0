"""The register step on a cloud: a refusal that is recorded, and the files that serve a release."""

import pytest

from tests.runtime.toy_run import TOY, ToyRun
from tests.serving.releases import bundle
from trimaran_runtime.errors import Corrupted, Exit, NotFound
from trimaran_runtime.registry.approval import approve
from trimaran_runtime.registry.channels import Channel, current
from trimaran_runtime.registry.release import read_release
from trimaran_runtime.registry.serving_files import (
    read_file,
    read_manifest,
    serving_prefix,
    write_serving_files,
)
from trimaran_runtime.storage.digest import digest_of
from trimaran_runtime.storage.store import Store, blob_key

EXPORTED = ("code.tar.gz", "explanation.json", "manifest.json", "model.skops")
"""Files that serve a release whose model has no lowered form."""


@pytest.fixture
def toy(toy: ToyRun) -> ToyRun:
    toy.parameters = {"code": toy.store.put_blob(bundle("CODE = 1\n")), "export": "serving"}
    return toy


def keys(store: Store, prefix: str) -> list[str]:
    return [entry.key for entry in store.list(prefix)]


def test_a_refusal_is_recorded_and_the_step_succeeds(
    toy: ToyRun, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.run()
    first = toy.output("release/release.json")["release"]
    toy.parameters["on_refusal"] = "record"
    assert toy.run(training__parameters={"quality": "bad"}) == Exit.OK
    record = toy.output("release/release.json")
    assert record["accepted"] is False
    assert record["production"] == first != record["release"]
    assert read_release(toy.store, record["release"]).verdict.accepted is False
    assert "gate refused release" in capsys.readouterr().out
    pointer = current(toy.store, Channel.production)
    assert pointer is not None
    assert pointer.release == first
    assert keys(toy.store, serving_prefix(record["release"])) == []


def test_what_a_person_lets_in_has_files_before_a_channel_names_it(toy: ToyRun) -> None:
    toy.parameters["on_refusal"] = "record"
    toy.run(training__parameters={"quality": "bad"})
    release = read_release(toy.store, toy.output("release/release.json")["release"])
    names = [check.name for check in release.verdict.checks if check.judged and not check.passed]
    code = toy.store.read_blob(release.lineage.code)
    toy.store.delete(blob_key(release.lineage.code))
    with pytest.raises(NotFound):
        approve(toy.store, release.id, why="a trial", override=names, export=True)
    assert current(toy.store, Channel.approved) is None
    toy.store.put_blob(code)
    approve(toy.store, release.id, why="a trial", export=True)
    files = toy.folder / "store" / serving_prefix(release.id)
    assert read_manifest(files, release.id) == release
    assert len(keys(toy.store, serving_prefix(release.id))) == len(EXPORTED)


@pytest.mark.parametrize("name", ["on_refusal", "export"])
def test_an_unknown_choice_is_refused_before_anything_is_written(toy: ToyRun, name: str) -> None:
    toy.parameters[name] = "perhaps"
    assert toy.run() == Exit.BAD_INPUT
    assert f"--param {name}='perhaps'" in toy.error("register")["message"]
    assert keys(toy.store, "releases") == []


def test_without_export_nothing_is_copied(toy: ToyRun) -> None:
    del toy.parameters["export"]
    assert toy.run() == Exit.OK
    assert keys(toy.store, "serving") == []


def test_an_accepted_release_is_exported_by_content(toy: ToyRun) -> None:
    assert toy.run() == Exit.OK
    release = read_release(toy.store, toy.output("release/release.json")["release"])
    folder = f"serving/{release.id}"
    assert keys(toy.store, "serving") == [f"{folder}/{name}" for name in EXPORTED]
    files = toy.folder / "store" / folder
    assert read_manifest(files, release.id) == release
    model = read_file(files, "model.skops", release.model.file.digest)
    assert model == (toy.work / "model" / "model.skops").read_bytes()
    assert digest_of((files / "code.tar.gz").read_bytes()) == release.lineage.code


def test_the_files_are_there_before_a_channel_names_the_release(toy: ToyRun) -> None:
    # The code bundle cannot be had, so the export fails: nothing may point at the release.
    toy.parameters["code"] = digest_of(b"nobody stored it")
    assert toy.run() == Exit.BAD_INPUT
    assert toy.error("register")["kind"] == "NotFound"
    assert current(toy.store, Channel.candidate) is None
    assert current(toy.store, Channel.production) is None


def test_doing_it_again_changes_nothing_and_heals_what_was_damaged(toy: ToyRun) -> None:
    toy.run()
    release = read_release(toy.store, toy.output("release/release.json")["release"])
    before = list(toy.store.list("serving"))
    write_serving_files(toy.store, release)
    assert list(toy.store.list("serving")) == before
    for entry in before:
        content = toy.store.read(entry.key)
        toy.store.write(entry.key, b"damaged")
        write_serving_files(toy.store, release)
        assert toy.store.read(entry.key) == content


def test_files_of_older_releases_stay_for_a_rollback(toy: ToyRun) -> None:
    toy.run()
    first = toy.output("release/release.json")["release"]
    toy.run(training__parameters={"quality": "better"})
    second = toy.output("release/release.json")["release"]
    assert first != second
    assert set(toy.store.folders("serving")) == {f"serving/{first}", f"serving/{second}"}


def test_a_damaged_blob_is_never_exported(toy: ToyRun) -> None:
    toy.run()
    release = read_release(toy.store, toy.output("release/release.json")["release"])
    toy.store.delete(f"serving/{release.id}/model.skops")
    toy.store.write(blob_key(release.model.file.digest), b"damaged")
    with pytest.raises(Corrupted, match="does not match its digest"):
        write_serving_files(toy.store, release)
    assert f"serving/{release.id}/model.skops" not in keys(toy.store, "serving")


def test_a_folder_that_is_not_the_releases_is_refused(toy: ToyRun) -> None:
    toy.run()
    release_id = toy.output("release/release.json")["release"]
    files = toy.folder / "store" / "serving" / release_id
    with pytest.raises(Corrupted, match=r"manifest\.json does not match"):
        read_manifest(files, "0" * 64)
    with pytest.raises(NotFound, match=r"there is no manifest\.json \(there: .*toy\.py"):
        read_manifest(TOY, release_id)


def test_the_last_word_of_a_step_is_its_own(
    toy: ToyRun, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.run()
    lines = capsys.readouterr().out.splitlines()
    told = [line for line in lines if line.startswith("evaluate")]
    assert told[0].startswith("evaluate: served as")
    assert told[-1].startswith("evaluate ✓ ")
    assert lines[lines.index(told[-1]) + 1].startswith("gate ✓ ")
