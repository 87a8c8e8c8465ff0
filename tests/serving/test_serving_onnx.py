"""Releases whose lowered form is in ONNX: what computes them is told, and nothing else changes."""

import re
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.serving.conftest import Connect
from tests.serving.numbers import NAMES, NUMBERS, ROWS, model
from tests.serving.process import Server
from tests.serving.releases import publish
from tests.serving.traffic import ask
from trimaran_runtime.errors import ConfigError, Exit
from trimaran_runtime.lowering.device import Device
from trimaran_runtime.lowering.to_onnx import onnx_answer
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.execution import batch_rows
from trimaran_runtime.serving.values import Values
from trimaran_runtime.storage.store import Store


def publish_as(store: Store, answer: object, marker: int, reference: Any = None) -> str:
    return publish(
        store,
        marker,
        model=model(),
        features=NUMBERS,
        trusted=("numpy.dtype",),
        lowered=True,
        answer=answer,
        reference=reference,
    )


@pytest.fixture(scope="module")
def in_onnx(store: Store) -> str:
    return publish_as(store, onnx_answer, 1)


def test_a_release_in_onnx_answers_as_the_original(connect: Connect, in_onnx: str) -> None:
    rows = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    ours, original = (
        connect(in_onnx, lowered=lowered).predict({"instances": rows})[1]["predictions"]
        for lowered in (True, False)
    )
    assert [each["label"] for each in ours] == [each["label"] for each in original]
    np.testing.assert_allclose(
        [each["probability"] for each in ours],
        [each["probability"] for each in original],
        rtol=0,
        atol=1e-12,
    )


def test_what_computes_it_is_told_in_metrics_and_metadata(connect: Connect, in_onnx: str) -> None:
    client = connect(in_onnx)
    execution = client.service.execution
    assert (execution.form, execution.provider) == ("onnx", "CPUExecutionProvider")
    told = client.ask("GET", "/v2/models/flights")[1]
    assert told["platform"] == "onnxruntime_onnx"
    assert told["parameters"] == {
        "form": "onnx",
        "provider": "CPUExecutionProvider",
        "batch_rows": execution.batch_rows,
    }
    metrics = client.ask("GET", "/metrics")[1]
    (line,) = re.findall(r"trimaran_execution_info\{(.*)\} 1.0", metrics)
    assert 'provider="CPUExecutionProvider"' in line
    assert f'batch_rows="{execution.batch_rows}"' in line


@pytest.mark.parametrize(
    ("lowered", "told"),
    [(True, ("linear", "NumPy", 1024)), (False, ("original", "Python", 1024))],
)
def test_other_releases_tell_it_too(
    connect: Connect, in_onnx: str, store: Store, lowered: bool, told: tuple[str, str, int]
) -> None:
    from trimaran_runtime.lowering.lower import numpy_answer

    execution = connect(publish_as(store, numpy_answer, 2), lowered=lowered).service.execution
    assert (execution.form, execution.provider, execution.batch_rows) == told


def test_a_gpu_that_is_not_there_is_refused_and_not_replaced(
    connect: Connect, in_onnx: str
) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("ONNX Runtime has a GPU here")
    with pytest.raises(ConfigError, match="cannot use it"):
        connect(in_onnx, device=Device.cuda)
    preferred = connect(in_onnx, device=Device.cuda_or_cpu)
    assert preferred.service.execution.provider == "CPUExecutionProvider"
    # Nothing else needs a GPU.
    assert connect(device=Device.cuda).service.execution.form == "original"


class Timed:
    """A model on a clock of its own: a call takes so many seconds, and so many for a row."""

    def __init__(self, call: float, row: float) -> None:
        self.call, self.row, self.now = call, row, 0.0
        self.asked: list[int] = []

    def predict(self, values: Values) -> list[int]:
        self.asked.append(len(values[0]))
        self.now += self.call + self.row * len(values[0])
        return [0] * len(values[0])

    def clock(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("call", "row", "chosen"),
    [
        (0.0, 1e-6, 64),  # nothing is gained by more rows
        (1e-3, 1e-7, 8192),  # a call costs most
        (1e-4, 1e-6, 512),  # 512 answer 1.16 times as many a second as 256, 1024 only 1.09 times
        (0.03, 3e-4, 128),  # 256 would keep others waiting for a tenth of a second
        (10.0, 1e-3, 64),  # the budget ends with the first
    ],
)
def test_a_batch_grows_while_it_pays(call: float, row: float, chosen: int) -> None:
    timed = Timed(call, row)
    assert batch_rows(timed.predict, [[1.0]], timed.clock) == chosen
    assert timed.now <= 0.5 + 4 * (call + 2 * chosen * row)


def test_nothing_is_written_below_home_and_numpy_needs_no_onnx_runtime(
    store: Store, in_onnx: str, tmp_path: Path
) -> None:
    from trimaran_runtime.lowering.lower import numpy_answer

    home = tmp_path / "home"
    home.mkdir()
    environ = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    for release, loaded in ((in_onnx, True), (publish_as(store, numpy_answer, 3), False)):
        (tmp_path / "ready.json").unlink(missing_ok=True)
        with Server.running(tmp_path, store, release, ServerConfig(), environ=environ) as server:
            url = server.url()
            row = dict(zip(NAMES, ROWS[0], strict=True))
            assert ask(url, "/invocations", {"instances": [row]})[0] == 200
            maps = Path(f"/proc/{server.process.pid}/maps").read_text()
            assert ("onnxruntime" in maps) is loaded
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(30) == Exit.OK
        assert list(home.rglob("*")) == []
        assert ("CPUExecutionProvider" if loaded else "NumPy") in server.log


def test_what_is_computed_by_onnx_runtime_cannot_be_explained(
    store: Store, connect: Connect
) -> None:
    reference = {name: [row[place] for row in ROWS] for place, name in enumerate(NAMES)}
    release = publish_as(store, onnx_answer, 4, reference)
    client = connect(release, explanations=True)
    row = dict(zip(NAMES, ROWS[0], strict=True))
    body = {"instances": [row], "parameters": {"explain": True}}
    response, answer = client.predict(body)
    assert response.status == 400
    assert answer["error"] == "this release cannot explain: its model is in ONNX"
    assert client.predict({"instances": [row]})[0].status == 200
