"""`trimaran lock`: writes the lock, compares, updates; and the spec takes it up."""

from pathlib import Path

import pytest

import trimaran as package
from tests.cli.deployed import Trimaran
from trimaran.spec.load import load
from trimaran.spec.lock_file import lock_file_of
from trimaran_providers.contract.errors import SpecError
from trimaran_providers.project.run_config import run_config

LOAD = """
import numpy as np
import pandas as pd


def load():
    generator = np.random.default_rng(0)
    table = pd.DataFrame({"x": generator.normal(size=1200), "on": generator.random(1200) < 0.5})
    table["kind"] = generator.choice(["a b", "true", "c"], 1200)
    table["y"] = generator.random(1200) < 0.3
    return table


def fit(train, validation, parameters):
    raise AssertionError
"""
SPEC = """
name: toy
data: {source: "rows:load", target: y}
pipeline: {train: "rows:fit"}
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: toy\nruntime: python\n")
    (tmp_path / "rows.py").write_text(LOAD)
    (tmp_path / "toy.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "toy.yaml"


def changed(spec: Path, old: str, new: str) -> None:
    """Change the user's function, and forget what was imported of it."""
    import sys

    file = spec.with_name("rows.py")
    file.write_text(file.read_text().replace(old, new))
    sys.modules.pop("rows", None)


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.delitem(sys.modules, "rows", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


def test_a_lock_is_written_read_and_embedded(spec: Path, trimaran: Trimaran) -> None:
    assert package.load(spec).validation.lock is None
    answer = trimaran("lock")
    assert (answer.code, answer.err) == (0, "")
    assert "wrote toy.lock.yaml: 1,200 rows, 4 columns" in answer.out
    text = lock_file_of(spec).read_text()
    assert "rows: {minimum: 600, maximum: 12000}" in text
    assert "  - {name: kind, type: category, nullable: false, categories: {" in text
    lock = package.load(spec).validation.lock
    assert lock is not None
    assert {column.name for column in lock.columns} == {"x", "on", "kind", "y"}
    categories = lock.columns[2].categories
    assert categories is not None
    assert set(categories) == {"a b", "true", "c"}
    assert run_config(package.load(spec), spec.parent).validation.lock == lock


def test_a_lock_is_not_overwritten_by_chance(spec: Path, trimaran: Trimaran) -> None:
    trimaran("lock")
    answer = trimaran("lock")
    assert answer.code == 2
    assert "toy.lock.yaml exists" in answer.err


def test_check_tells_whether_the_source_still_fits(spec: Path, trimaran: Trimaran) -> None:
    assert trimaran("lock", "--check").code == 2
    trimaran("lock")
    answer = trimaran("lock", "--check")
    assert (answer.code, "fits: 1,200 rows" in answer.out) == (0, True)
    changed(spec, "normal(size=1200)", "normal(size=1200) * 1000")
    answer = trimaran("lock", "--check")
    assert answer.code == 1
    assert "error: x: is 1e+03 times as large as in the lock" in answer.out


def test_update_shows_the_difference_and_keeps_settings(spec: Path, trimaran: Trimaran) -> None:
    trimaran("lock")
    file = lock_file_of(spec)
    file.write_text("slack: 0.25\n" + file.read_text())
    changed(spec, '"true", "c"', '"true", "d"')
    answer = trimaran("lock", "--update")
    assert answer.code == 0
    removed = [line for line in answer.out.splitlines() if line.startswith("-  - {name: kind")]
    added = [line for line in answer.out.splitlines() if line.startswith("+  - {name: kind")]
    assert len(removed) == len(added) == 1
    assert "d: 0.3" in added[0]
    assert "slack: 0.25" in file.read_text()
    assert trimaran("lock", "--check").code == 0


def test_a_wrong_lock_names_its_own_line(spec: Path) -> None:
    lock_file_of(spec).write_text("slack: much\ncolumns: []\n")
    with pytest.raises(SpecError, match=r"toy\.lock\.yaml:1"):
        load(spec)
