"""A spec that asks for ONNX gets it where it is proven, and the next simpler form elsewhere."""

from pathlib import Path
from typing import Any

import pytest

from tests.runtime.test_lowered_release import CODE, record_of, released
from tests.runtime.toy_run import ToyRun, toy_config
from trimaran_runtime.errors import Exit
from trimaran_runtime.lowering.file import load
from trimaran_runtime.lowering.record import LOWERED_ROLE
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.metrics import ServerMetrics
from trimaran_runtime.serving.service import load as load_service


def project(folder: Path, model: str, **lowering: Any) -> ToyRun:
    code = folder / "code"
    code.mkdir(parents=True)
    (code / "visits.py").write_text(CODE)
    toy = ToyRun(folder, code=code)
    toy.parameters = {"export": "serving", "code": toy.store.put_blob(b"a bundle")}
    toy.configure(
        toy_config(
            data={"source": "visits:load", "target": "bought", "time": "at"},
            training={
                "train": "visits:fit",
                "parameters": {"model": model},
                "lowering": {"format": "onnx", **lowering},
            },
            gate__segments={"min_rows": 20},
            explain={"enabled": False},
        )
    )
    return toy


@pytest.mark.parametrize("model", ["linear", "trees"])
def test_a_release_carries_its_model_in_onnx_and_the_card_says_so(
    tmp_path: Path, model: str
) -> None:
    toy = project(tmp_path, model)
    assert toy.steps() == Exit.OK
    release, record = released(toy), record_of(toy)
    assert (record.form, record.refused, record.tolerance) == ("onnx", "", 1e-5)
    assert record.lowered == release.files[LOWERED_ROLE].digest
    assert record.max_difference is not None
    assert record.max_difference <= 1e-5
    assert (record.max_difference <= 1e-12) is (model == "linear")
    assert load(toy.store.read_blob(record.lowered)).form == "onnx"
    card = toy.store.read_blob(release.files["model_card"].digest).decode()
    assert "Served as ONNX: " in card
    service = load_service(toy.store, release.id, ServerConfig(), ServerMetrics())
    assert service.execution.provider == "CPUExecutionProvider"


def test_where_onnx_differs_by_more_than_is_allowed_numpy_serves(tmp_path: Path) -> None:
    toy = project(tmp_path, "trees", tolerance=1e-12)
    assert toy.steps() == Exit.OK
    record = record_of(toy)
    assert record.form == "trees"
    assert "differs by" in record.refused
    card = toy.store.read_blob(released(toy).files["model_card"].digest).decode()
    assert "Served as NumPy (trees): " in card
    assert "not as ONNX: the lowered form differs" in card


def test_a_model_without_a_form_in_numpy_may_have_one_in_onnx(tmp_path: Path) -> None:
    toy = project(tmp_path, "network")
    assert toy.steps() == Exit.OK
    assert record_of(toy).form == "onnx"


def test_without_the_libraries_the_step_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trimaran_runtime.lowering import to_onnx

    monkeypatch.setattr(to_onnx, "_NEEDED", ("onnx", "no_such_library"))
    toy = project(tmp_path, "linear")
    assert toy.steps() == Exit.BAD_INPUT
    message = toy.error("evaluate")["message"]
    assert "pipeline.lowering.format: onnx needs no_such_library" in message
    assert "trimaran-runtime[onnx]" in message
