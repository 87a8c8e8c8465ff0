"""The user's code travels whole, alike on every machine, and nothing else does."""

import os
from pathlib import Path

import pytest

from trimaran_providers.contract.errors import ProjectError
from trimaran_providers.project.code import bundle_code, unpack_code
from trimaran_providers.project.source import resolve_source, source_fingerprint


def project(folder: Path) -> Path:
    for name in ("flights.py", "lib/features.py", ".venv/x.py", "tests/test_a.py", "__main__.py"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")
    return folder


def test_it_holds_the_code_and_not_the_program_tests_or_environment(tmp_path: Path) -> None:
    assert bundle_code(project(tmp_path)).files == ("flights.py", "lib/features.py")


def test_equal_files_give_equal_digests_whatever_their_times(tmp_path: Path) -> None:
    first = bundle_code(project(tmp_path / "a")).digest
    other = project(tmp_path / "b")
    os.utime(other / "flights.py", (1, 1))
    (other / "flights.py").chmod(0o600)
    assert bundle_code(other).digest == first
    (other / "flights.py").write_text("# changed\n")
    assert bundle_code(other).digest != first


def test_it_unpacks_to_what_was_packed(tmp_path: Path) -> None:
    unpack_code(bundle_code(project(tmp_path / "a")).content, tmp_path / "out")
    assert (tmp_path / "out" / "lib" / "features.py").read_text() == "# lib/features.py\n"


def test_data_in_the_code_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "big.bin").write_bytes(b"0" * (51 << 20))
    with pytest.raises(ProjectError, match=r"pipeline\.code\.exclude"):
        bundle_code(tmp_path, include=["*.bin"])


def test_a_path_becomes_an_address_below_the_project(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a\n1\n")
    assert resolve_source("rows.csv", tmp_path) == (tmp_path / "rows.csv").as_uri()
    assert resolve_source("flights:load", tmp_path) == "flights:load"
    assert resolve_source("s3://bucket/rows.parquet", tmp_path) == "s3://bucket/rows.parquet"
    with pytest.raises(ProjectError, match=r"data\.source.*none\.csv"):
        resolve_source("none.csv", tmp_path)


def test_a_changed_file_is_seen_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a\n1\n")
    before = source_fingerprint("rows.csv", tmp_path)
    assert source_fingerprint("rows.csv", tmp_path) == before
    path.write_text("a\n12\n")
    assert source_fingerprint("rows.csv", tmp_path) != before


def test_a_glob_and_a_database_are_found_below_the_project(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "a.csv").write_text("x\n1\n")
    (tmp_path / "rows.db").write_text("")
    assert resolve_source("rows/*.csv", tmp_path) == (tmp_path / "rows" / "*.csv").as_uri()
    assert resolve_source("sqlite:///rows.db", tmp_path) == f"sqlite:///{tmp_path / 'rows.db'}"
    before = source_fingerprint("rows/*.csv", tmp_path)
    (tmp_path / "rows" / "b.csv").write_text("x\n1\n")
    assert source_fingerprint("rows/*.csv", tmp_path) != before
    for absent in ("rows/*.parquet", "duckdb:///none.db"):
        with pytest.raises(ProjectError, match="no file"):
            resolve_source(absent, tmp_path)
