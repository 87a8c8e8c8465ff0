"""Inputs that come as archives or folders, as SageMaker hands them over."""

import gzip
import io
import os
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.toy_run import TOY, ToyRun, toy_config
from trimaran_runtime.errors import DataError, Exit
from trimaran_runtime.steps.__main__ import main
from trimaran_runtime.storage.archive import Limits, find_archive, unpack


@pytest.fixture(autouse=True)
def _forget_the_users_code(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Steps run in this process: what they import must not be found by the next test."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in ("toy", "nan_model", "relative"):
        if name not in before:
            sys.modules.pop(name, None)


def archive(path: Path, files: dict[str, bytes], **member: object) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in member.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content))
    return path


def toy_code(folder: Path) -> Path:
    folder.mkdir()
    files = {path.name: path.read_bytes() for path in TOY.glob("*.py")}
    return archive(folder / "code.tar.gz", files)


def data_step(toy: ToyRun, *more: str) -> int:
    return main(["data", *more, "--output", f"table={toy.work / 'table'}"])


@pytest.mark.parametrize("given", ["file", "folder"])
def test_code_is_run_from_its_archive_which_leaves_nothing_behind(
    toy: ToyRun, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.configure(toy_config())
    code = toy_code(toy.folder / "input")
    scratch = toy.folder / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    before = Path.cwd()
    status = data_step(
        toy,
        *("--input", f"config={toy.folder / 'config.json'}"),
        *("--archive", f"code={code if given == 'file' else code.parent}"),
    )
    assert status == Exit.OK
    assert toy.output("table/data.json")["rows"] == 6000
    assert list(scratch.iterdir()) == []
    assert Path.cwd() == before


def test_relative_paths_of_archived_code_start_in_its_folder(
    toy: ToyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = b"import pandas as pd\n\ndef load():\n    return pd.read_csv('rows.csv')\n"
    code = archive(
        toy.folder / "code.tgz", {"relative.py": source, "rows.csv": b"a,bought\n1,0\n2,1\n"}
    )
    toy.configure(toy_config(data={"source": "relative:load", "target": "bought", "min_rows": 2}))
    monkeypatch.chdir(toy.folder)
    status = main(
        [
            "data",
            *("--input", "config=config.json"),
            *("--archive", f"code={code.name}"),
            *("--output", "table=work/table"),
        ]
    )
    assert status == Exit.OK
    assert toy.output("table/data.json")["rows"] == 2


def test_the_model_comes_out_of_the_archive_sagemaker_makes(toy: ToyRun) -> None:
    toy.configure(toy_config())
    assert toy.steps(last="train") == Exit.OK
    model = toy.work / "model"
    files = {path.name: path.read_bytes() for path in model.iterdir()}
    packed = toy.folder / "packed"
    packed.mkdir()
    archive(packed / "model.tar.gz", files)
    status = main(
        [
            "evaluate",
            *("--input", f"config={toy.folder / 'config.json'}"),
            *("--input", f"code={TOY}"),
            *("--input", f"splits={toy.work / 'splits'}"),
            *("--archive", f"model={packed}"),
            *("--output", f"evaluation={toy.work / 'evaluation'}"),
            *("--param", f"store={toy.store.uri}"),
        ]
    )
    assert status == Exit.OK
    assert toy.output("evaluation/evaluation.json")["metric"] == "roc_auc"


def test_an_input_is_given_once(toy: ToyRun, capsys: pytest.CaptureFixture[str]) -> None:
    toy.configure(toy_config())
    status = data_step(
        toy,
        *("--input", f"config={toy.folder / 'config.json'}"),
        *("--input", f"code={TOY}"),
        *("--archive", f"code={TOY}"),
    )
    assert status == Exit.BAD_INPUT
    assert "the input 'code' is given twice" in capsys.readouterr().err


def test_the_configuration_may_be_a_folder_of_one_json_file(
    toy: ToyRun, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.configure(toy_config())
    folder = toy.folder / "input"
    folder.mkdir()
    content = (toy.folder / "config.json").read_bytes()
    (folder / "config-sha256-1234.json").write_bytes(content)
    given = ["--input", f"config={folder}", "--input", f"code={TOY}"]
    assert data_step(toy, *given) == Exit.OK
    (folder / "other.json").write_bytes(content)
    assert data_step(toy, *given) == Exit.BAD_INPUT
    assert "holds 2 JSON files" in capsys.readouterr().err


def test_an_output_folder_is_emptied_and_never_removed(toy: ToyRun) -> None:
    # /opt/ml/model and the outputs of a processing job are mounts: removing them fails.
    toy.configure(toy_config())
    folder = toy.work / "table"
    (folder / "stale").mkdir(parents=True)
    (folder / "stale" / "x").write_text("of an earlier run")
    (folder / "link").symlink_to(TOY)
    # Held open, so that a new folder cannot be given the same number.
    held = os.open(folder, os.O_RDONLY)
    assert toy.step("data") == Exit.OK
    assert folder.stat().st_ino == os.fstat(held).st_ino
    os.close(held)
    written = ["data.json", "table.parquet", "usage.json"]
    assert sorted(path.name for path in folder.iterdir()) == written
    assert (TOY / "toy.py").is_file()


def test_a_folder_must_hold_exactly_one_archive(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds 0 archives \(none\)"):
        find_archive(tmp_path)
    archive(tmp_path / "a.tar.gz", {})
    assert find_archive(tmp_path) == tmp_path / "a.tar.gz"
    archive(tmp_path / "b.tgz", {})
    with pytest.raises(DataError, match=r"holds 2 archives \(a\.tar\.gz, b\.tgz\)"):
        find_archive(tmp_path)
    with pytest.raises(DataError, match=r"'model\.zip' is no archive"):
        find_archive(tmp_path / "model.zip")


@pytest.mark.parametrize(
    "member",
    [
        {"name": "../outside"},
        {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        {"type": tarfile.SYMTYPE, "linkname": "../../outside"},
        {"type": tarfile.LNKTYPE, "linkname": "../outside"},
        {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3},
    ],
)
def test_members_that_reach_outside_are_refused(tmp_path: Path, member: dict[str, object]) -> None:
    path = archive(tmp_path / "a.tar.gz", {"inside": b""}, **member)
    folder = tmp_path / "deep" / "folder"
    with pytest.raises(DataError, match="the archive is refused"):
        unpack(path, folder)
    assert list(folder.iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar.gz", "deep"]


@pytest.mark.parametrize(
    ("limits", "says"),
    [(Limits(files=2), "more than 2 files"), (Limits(mib=1), "more than 1 MiB")],
)
def test_a_bomb_is_stopped_at_the_limit(tmp_path: Path, limits: Limits, says: str) -> None:
    path = archive(tmp_path / "a.tar.gz", {str(n): bytes(1 << 20) for n in range(3)})
    assert path.stat().st_size < 1 << 16
    with pytest.raises(DataError, match=says):
        unpack(path, tmp_path / "out", limits)
    unpacked = sum(p.stat().st_size for p in (tmp_path / "out").iterdir())
    assert unpacked <= 2 << 20


@pytest.mark.parametrize("cut", [0, 10, 60, -4])
def test_a_damaged_archive_is_told_as_one(tmp_path: Path, cut: int) -> None:
    whole = archive(tmp_path / "whole.tar.gz", {"a": os.urandom(1000)}).read_bytes()
    path = tmp_path / "a.tar.gz"
    path.write_bytes(whole[:cut])
    with pytest.raises(DataError, match="cannot be read"):
        unpack(path, tmp_path / "out")


def test_what_is_no_tar_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    for content in (b"no archive", gzip.compress(b"no archive either" * 100)):
        path.write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            unpack(path, tmp_path / "out")


def test_the_message_is_written_where_sagemaker_looks_for_it(toy: ToyRun) -> None:
    toy.configure(toy_config(data__target="gone"))
    message = toy.folder / "output" / "failure"
    status = data_step(
        toy,
        *("--input", f"config={toy.folder / 'config.json'}"),
        *("--input", f"code={TOY}"),
        *("--message", str(message)),
    )
    assert status == Exit.BAD_INPUT
    assert "gone" in message.read_text()
    assert message.stat().st_size <= 1024
