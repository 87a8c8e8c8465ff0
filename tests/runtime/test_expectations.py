"""The user's own checks, and the catalogue of ours."""

import ast
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import trimaran_runtime.validation as package
from tests.runtime.validated import run_config
from trimaran_runtime.errors import ConfigError, UserCodeError
from trimaran_runtime.user_code import UserCode
from trimaran_runtime.validation.catalogue import CATALOGUE
from trimaran_runtime.validation.finding import Finding
from trimaran_runtime.validation.validate import validate

CODE = """
import pandera.pandas as pa


def schema(frame):
    return pa.DataFrameSchema({"x": pa.Column(float, pa.Check.lt(0.9)), "gone": pa.Column(int)})


def raises(frame):
    schema(frame).validate(frame)


def texts(frame):
    return [] if frame["x"].max() < 2 else ["too large"]


def fails(frame):
    return ["first", "second"]


def fine(frame):
    assert list(frame.columns) == ["x", "y"]


def number(frame):
    return 3


def broken(frame):
    return frame["nothing"]
"""
TABLE = pa.table({"x": np.linspace(0, 1, 1000), "y": np.arange(1000) % 2 == 0})


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UserCode:
    import sys

    (tmp_path / "mine.py").write_text(CODE)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return UserCode(tmp_path)


def failures(code: UserCode, name: str) -> list[Finding]:
    config = run_config(expectations=[f"mine:{name}"])
    found = validate(TABLE, config, code=code).findings
    return [finding for finding in found if finding.check == "expectation"]


def test_a_pandera_schema_is_applied(code: UserCode) -> None:
    column, absent = sorted(failures(code, "schema"), key=lambda f: f.column is None)
    assert column.column == "x"
    assert "mine:schema: failed less_than(0.9) in 100 cases: 0.9" in column.evidence
    assert "'gone'" in absent.evidence


def test_a_pandera_error_is_a_finding(code: UserCode) -> None:
    assert [finding.severity.value for finding in failures(code, "raises")] == ["error"]


def test_texts_are_findings(code: UserCode) -> None:
    assert [f.evidence for f in failures(code, "fails")] == [
        "mine:fails: first",
        "mine:fails: second",
    ]
    assert failures(code, "texts") == failures(code, "fine") == []


def test_what_is_neither_is_refused(code: UserCode) -> None:
    with pytest.raises(ConfigError, match="mine:number: returned int"):
        failures(code, "number")
    with pytest.raises(UserCodeError, match="KeyError"):
        failures(code, "broken")


def test_the_catalogue_names_every_check() -> None:
    """Checks are named as `check="..."`, or as the first or second argument of a helper."""
    names = {entry.name for entry in CATALOGUE}
    assert len(names) == len(CATALOGUE)
    used = set()
    for file in Path(package.__path__[0]).glob("*.py"):
        if file.name == "catalogue.py":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "check":
                used |= {node.value.value} if isinstance(node.value, ast.Constant) else set()
            if isinstance(node, ast.Constant) and node.value in names:
                used.add(node.value)
    assert used == names
