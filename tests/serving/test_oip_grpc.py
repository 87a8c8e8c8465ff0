"""The Open Inference Protocol over gRPC, asked by gRPC's own client.

Numbers and types of fields: https://github.com/kserve/open-inference-protocol/blob/main/
specification/protocol/open_inference_grpc.proto; statuses of health: https://github.com/grpc/grpc/
blob/master/doc/health-checking.md (both read 2026-11-25).
"""

import contextlib
import hashlib
import json
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from tests.serving.conftest import Client
from tests.serving.numeric import LABELS, publish_numeric
from tests.serving.process import Server
from tests.serving.releases import MISBEHAVING, ROW, new_store, publish, publish_misbehaving
from tests.serving.tensors import packed, row_tensors
from trimaran_runtime.errors import Exit
from trimaran_runtime.serving.access import AccessConfig
from trimaran_runtime.serving.config import LimitsConfig, ServerConfig
from trimaran_runtime.serving.rpc import messages
from trimaran_runtime.storage.store import Store

KINDS = messages.inference()
KEY = "a key"
ACCESS = AccessConfig(keys=(f"sha256:{hashlib.sha256(KEY.encode()).hexdigest()}",))


class Asking:
    """A server process, and a channel to it."""

    def __init__(self, folder: Path, store: Store, release: str, config: ServerConfig) -> None:
        folder.mkdir()
        (folder / "misbehaving.py").write_text(MISBEHAVING)
        (folder / "config.json").write_text(config.model_dump_json())
        self.ready = folder / "ready.json"
        command = [sys.executable, "-m", "trimaran_runtime.serving", "--store", store.uri]
        command += ["--release", release, "--config", str(folder / "config.json")]
        command += ["--ready", str(self.ready), "--grpc-port", "0", "--code", str(folder)]
        self.server = Server(command, self.ready, folder / "server.log", {})
        self.url = self.server.url()
        told = json.loads(self.ready.read_bytes())
        self.channel = grpc.insecure_channel(f"127.0.0.1:{told['grpc_port']}")

    def call(
        self, method: str, request: Any = None, *, timeout: float = 30, **metadata: str
    ) -> Any:
        asked = self.channel.unary_unary(
            f"/{messages.SERVICE}/{method}",
            request_serializer=KINDS[f"{method}Request"].SerializeToString,
            response_deserializer=KINDS[f"{method}Response"].FromString,
        )
        given = tuple((name.replace("_", "-"), value) for name, value in metadata.items())
        return asked(request or KINDS[f"{method}Request"](), timeout=timeout, metadata=given)

    def refused(self, method: str, request: Any = None, **given: Any) -> Any:
        with pytest.raises(grpc.RpcError) as error:
            self.call(method, request, **given)
        return error.value

    def health(self, service: str = "") -> Any:
        kinds = messages.health()
        check = self.channel.unary_unary(
            f"/{messages.HEALTH}/Check",
            request_serializer=kinds["HealthCheckRequest"].SerializeToString,
            response_deserializer=kinds["HealthCheckResponse"].FromString,
        )
        return check(kinds["HealthCheckRequest"](service=service), timeout=30)

    def close(self) -> None:
        self.channel.close()
        self.server.process.kill()
        self.server.process.wait()


Begin = Callable[..., Asking]


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[Begin]:
    started: list[Asking] = []

    def make(release: str, **config: Any) -> Asking:
        folder = tmp_path_factory.mktemp("grpc") / "server"
        started.append(Asking(folder, store, release, ServerConfig(**config)))
        return started[-1]

    yield make
    for asking in started:
        asking.close()


@pytest.fixture(scope="module")
def mixed_rpc(begin: Begin, release: str) -> Asking:
    return begin(release, limits=LimitsConfig(max_body_mib=0.01, max_rows=50))


@pytest.fixture(scope="module")
def numeric_rpc(begin: Begin, store: Store) -> Asking:
    return begin(publish_numeric(store))


def parameter(value: Any) -> Any:
    kinds = {bool: "bool_param", int: "int64_param", str: "string_param", float: "double_param"}
    return KINDS["InferParameter"](**{kinds[type(value)]: value})


def request_of(tensors: list[Any], *, raw: bool = False, **fields: Any) -> Any:
    """A request with one contents field, or one of the raw contents, for each tensor."""
    request = KINDS["ModelInferRequest"](model_name="flights", **fields)
    names = {"FP64": "fp64", "FP32": "fp32", "INT64": "int64", "BOOL": "bool", "BYTES": "bytes"}
    names |= {"INT32": "int", "INT8": "int", "UINT8": "uint", "UINT64": "uint64"}
    for given in tensors:
        made = request.inputs.add(
            name=given["name"], datatype=given["datatype"], shape=given["shape"]
        )
        if raw:
            request.raw_input_contents.append(packed(given["datatype"], given["data"]))
            continue
        data = [v.encode() if isinstance(v, str) else v for v in given["data"]]
        getattr(made.contents, f"{names[given['datatype']]}_contents").extend(data)
    return request


def test_the_fields_have_the_numbers_of_the_protocol() -> None:
    """By hand, from the protocol: a message of every kind of field, and what its bytes are."""
    request = KINDS["ModelInferRequest"](
        model_name="m", model_version="v", id="i", raw_input_contents=[b"\x01"]
    )
    request.parameters["p"].int64_param = 5
    tensor = request.inputs.add(name="n", datatype="FP64", shape=[1, 2])
    tensor.contents.fp64_contents.append(1.0)
    request.outputs.add(name="o")

    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    contents = field(7, struct.pack("<d", 1.0))
    given = field(1, b"n") + field(2, b"FP64") + field(3, b"\x01\x02") + field(5, contents)
    assert request.SerializeToString(deterministic=True) == b"".join(
        (
            field(1, b"m"),
            field(2, b"v"),
            field(3, b"i"),
            field(4, field(1, b"p") + field(2, b"\x10\x05")),
            field(5, given),
            field(6, field(1, b"o")),
            field(7, b"\x01"),
        )
    )
    parsed = KINDS["ModelInferResponse"].FromString(
        field(1, b"m")
        + field(
            5, field(1, b"n") + field(2, b"BYTES") + field(3, b"\x01") + field(5, field(8, b"x"))
        )
        + field(6, b"raw")
    )
    assert parsed.outputs[0].contents.bytes_contents == [b"x"]
    assert parsed.raw_output_contents == [b"raw"]


def test_health_and_metadata(mixed_rpc: Asking, mixed: Client, release: str) -> None:
    assert mixed_rpc.call("ServerLive").live
    assert mixed_rpc.call("ServerReady").ready
    assert mixed_rpc.health().status == messages.SERVING
    assert mixed_rpc.health(messages.SERVICE).status == messages.SERVING
    for version in ("", release, release[:12]):
        named = KINDS["ModelReadyRequest"](name="flights", version=version)
        assert mixed_rpc.call("ModelReady", named).ready
    server = mixed_rpc.call("ServerMetadata")
    told = mixed.ask("GET", "/v2")[1]
    assert (server.name, server.version, list(server.extensions)) == tuple(told.values())
    named = KINDS["ModelMetadataRequest"](name="flights")
    model, told = mixed_rpc.call("ModelMetadata", named), mixed.ask("GET", "/v2/models/flights")[1]
    assert (model.name, list(model.versions)) == (told["name"], told["versions"])
    assert model.platform == told["platform"]
    for ours, theirs in ((model.inputs, told["inputs"]), (model.outputs, told["outputs"])):
        listed = [(each.name, each.datatype, list(each.shape)) for each in ours]
        assert listed == [(each["name"], each["datatype"], each["shape"]) for each in theirs]


@pytest.mark.parametrize("raw", [False, True])
def test_an_answer_is_the_one_that_http_gives(mixed_rpc: Asking, mixed: Client, raw: bool) -> None:
    tensors = row_tensors(ROW)
    body = json.dumps({"inputs": tensors}).encode()
    told = mixed.ask("POST", "/v2/models/flights/infer", body)[1]
    answer = mixed_rpc.call("ModelInfer", request_of(tensors, raw=raw, id="mine"))
    assert (answer.id, answer.model_name) == ("mine", "flights")
    assert answer.model_version == told["model_version"]
    label, chances = answer.outputs
    assert [label.name, chances.name] == ["label", "probabilities"]
    assert (list(label.shape), list(chances.shape)) == ([1], [1, 2])
    if raw:
        held = answer.raw_output_contents
        assert held[0] == bytes(told["outputs"][0]["data"])
        assert np.frombuffer(held[1], "<f8").tolist() == told["outputs"][1]["data"]
        assert not label.HasField("contents")
    else:
        assert list(label.contents.bool_contents) == told["outputs"][0]["data"]
        assert list(chances.contents.fp64_contents) == told["outputs"][1]["data"]
        assert not answer.raw_output_contents


@pytest.mark.parametrize("datatype", ["FP32", "FP64", "INT32", "INT8", "UINT8", "UINT64", "INT64"])
def test_every_datatype_is_taken_from_its_own_field(numeric_rpc: Asking, datatype: str) -> None:
    tensor = {"name": "rows", "datatype": datatype, "shape": [2, 3], "data": [1, 2, 3, 4, 5, 1]}
    answers = [
        numeric_rpc.call("ModelInfer", request_of([tensor], raw=raw)) for raw in (False, True)
    ]
    typed, raw = answers
    texts = b"".join(
        struct.pack("<I", len(t)) + t for t in typed.outputs[0].contents.bytes_contents
    )
    assert {each.decode() for each in typed.outputs[0].contents.bytes_contents} <= set(LABELS)
    assert raw.raw_output_contents[0] == texts


def test_outputs_can_be_chosen_and_a_missing_number_is_nan(numeric_rpc: Asking) -> None:
    nan = [float("nan"), 0.5, 1.0]
    request = request_of([{"name": "x", "datatype": "FP64", "shape": [1, 3], "data": nan}])
    request.outputs.add(name="probabilities")
    answer = numeric_rpc.call("ModelInfer", request)
    assert [output.name for output in answer.outputs] == ["probabilities"]
    assert sum(answer.outputs[0].contents.fp64_contents) == pytest.approx(1.0)


def wrong(change: Callable[[Any], None], **fields: Any) -> Any:
    request = request_of(row_tensors(ROW), **fields)
    change(request)
    return request


@pytest.mark.parametrize(
    ("request_", "code", "word"),
    [
        (wrong(lambda r: r.inputs.pop()), "INVALID_ARGUMENT", "departs"),
        (wrong(lambda r: r.inputs[0].shape.append(7)), "INVALID_ARGUMENT", "shape"),
        (wrong(lambda r: setattr(r.inputs[0], "datatype", "FP12")), "INVALID_ARGUMENT", "datatype"),
        (wrong(lambda r: setattr(r.inputs[0], "datatype", "FP16")), "INVALID_ARGUMENT", "raw"),
        (wrong(lambda r: r.raw_input_contents.append(b"")), "INVALID_ARGUMENT", "one for each"),
        (
            wrong(lambda r: r.inputs[0].contents.bool_contents.append(True), raw=True),
            "INVALID_ARGUMENT",
            "beside",
        ),
        (wrong(lambda r: r.outputs.add(name="nothing")), "INVALID_ARGUMENT", "unknown output"),
        (wrong(lambda r: setattr(r, "model_name", "other")), "NOT_FOUND", "other"),
        (wrong(lambda r: setattr(r, "model_name", "")), "NOT_FOUND", "no model"),
        (wrong(lambda r: setattr(r, "model_name", "flights/ready")), "NOT_FOUND", "no model"),
        (wrong(lambda r: setattr(r, "model_version", "1")), "NOT_FOUND", "no version"),
        (wrong(lambda r: setattr(r, "id", "x" * 10_250)), "RESOURCE_EXHAUSTED", "body is too"),
        (wrong(lambda r: setattr(r, "id", "x" * 20_000)), "RESOURCE_EXHAUSTED", "larger than max"),
    ],
)
def test_what_is_refused_has_the_code_of_its_kind(
    mixed_rpc: Asking, request_: Any, code: str, word: str
) -> None:
    error = mixed_rpc.refused("ModelInfer", request_)
    assert error.code().name == code, error.details()
    assert word in error.details()
    assert "Traceback" not in error.details()
    assert mixed_rpc.call("ServerReady").ready


def test_too_many_rows_are_refused(mixed_rpc: Asking) -> None:
    tensors = [{**each, "shape": [60], "data": each["data"] * 60} for each in row_tensors(ROW)]
    error = mixed_rpc.refused("ModelInfer", request_of(tensors, raw=True))
    assert error.code().name == "RESOURCE_EXHAUSTED"
    assert "50" in error.details()


def test_other_services_and_models_are_not_known(mixed_rpc: Asking) -> None:
    with pytest.raises(grpc.RpcError) as error:
        mixed_rpc.health("some.Other")
    assert error.value.code() is grpc.StatusCode.NOT_FOUND
    named = KINDS["ModelReadyRequest"](name="other")
    assert mixed_rpc.refused("ModelReady", named).code() is grpc.StatusCode.NOT_FOUND


def test_callers_without_a_key_are_refused_and_health_is_not(begin: Begin, release: str) -> None:
    asking = begin(release, access=ACCESS)
    request = request_of(row_tensors(ROW))
    assert asking.refused("ModelInfer", request).code() is grpc.StatusCode.UNAUTHENTICATED
    assert asking.refused("ServerMetadata").code() is grpc.StatusCode.UNAUTHENTICATED
    assert asking.call("ServerReady").ready
    assert asking.health().status == messages.SERVING
    assert asking.call("ModelInfer", request, authorization=f"Bearer {KEY}").outputs


def test_a_deadline_passes_and_a_failure_tells_nothing_of_the_model(
    begin: Begin, store: Store
) -> None:
    slow = begin(publish_misbehaving(store, "sleep"), limits=LimitsConfig(timeout_seconds=0.1))
    tensors = row_tensors({**ROW, "stops": 101})
    # The first runs on the event loop, where no deadline can pass: those after it do not.
    with contextlib.suppress(grpc.RpcError):
        slow.call("ModelInfer", request_of(tensors))
    error = slow.refused("ModelInfer", request_of(tensors))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert (
        slow.refused("ModelInfer", request_of(tensors), timeout=0.02).code()
        is grpc.StatusCode.DEADLINE_EXCEEDED
    )
    failing = begin(publish_misbehaving(store, "raise"))
    error = failing.refused("ModelInfer", request_of(tensors))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in error.details()
    assert "error_id" in error.details()


def test_ids_come_back_as_metadata(mixed_rpc: Asking) -> None:
    asked = mixed_rpc.channel.unary_unary(
        f"/{messages.SERVICE}/ModelInfer",
        request_serializer=KINDS["ModelInferRequest"].SerializeToString,
        response_deserializer=KINDS["ModelInferResponse"].FromString,
    )
    request = request_of(row_tensors(ROW))
    _, call = asked.with_call(request, timeout=30, metadata=(("x-request-id", "abc"),))
    assert dict(call.initial_metadata())["x-request-id"] == "abc"


def test_what_is_being_answered_is_answered_when_the_server_ends(
    begin: Begin, store: Store
) -> None:
    asking = begin(publish_misbehaving(store, "sleep"), drain_seconds=0)
    kinds = messages.health()
    watch = asking.channel.unary_stream(
        f"/{messages.HEALTH}/Watch",
        request_serializer=kinds["HealthCheckRequest"].SerializeToString,
        response_deserializer=kinds["HealthCheckResponse"].FromString,
    )
    states: list[int] = []
    watched = watch(kinds["HealthCheckRequest"](), timeout=60)
    reader = threading.Thread(target=lambda: states.extend(each.status for each in watched))
    reader.start()
    request = request_of(row_tensors({**ROW, "stops": 101}))
    asked = asking.channel.unary_unary(
        f"/{messages.SERVICE}/ModelInfer",
        request_serializer=KINDS["ModelInferRequest"].SerializeToString,
        response_deserializer=KINDS["ModelInferResponse"].FromString,
    )
    deadline = time.monotonic() + 30
    while not states:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    # The first holds up the event loop: the others arrive, and so does the signal, meanwhile.
    answers = [asked.future(request, timeout=30)]
    time.sleep(0.1)
    answers += [asked.future(request, timeout=30) for _ in range(39)]
    time.sleep(0.1)
    asking.server.process.send_signal(signal.SIGTERM)
    assert [len(each.result().outputs) for each in answers] == [2] * 40
    assert asking.server.process.wait(30) == Exit.OK
    reader.join(10)
    assert states == [messages.SERVING, messages.NOT_SERVING]


def test_a_port_that_is_taken_is_told(mixed_rpc: Asking, store: Store, release: str) -> None:
    port = json.loads(mixed_rpc.ready.read_bytes())["grpc_port"]
    command = [sys.executable, "-m", "trimaran_runtime.serving", "--store", store.uri]
    command += ["--release", release, "--grpc-port", str(port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == Exit.BAD_INPUT
    assert f"gRPC cannot listen on 127.0.0.1:{port}" in done.stderr


def test_grpc_is_not_loaded_where_it_is_not_asked_for(tmp_path: Path) -> None:
    store = new_store(tmp_path / "store")
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "trimaran_runtime.serving", "--store", store.uri]
    command += ["--release", publish(store, lowered=False), "--ready", str(ready)]
    server = Server(command, ready, tmp_path / "log", {})
    try:
        server.url()
        maps = Path(f"/proc/{server.process.pid}/maps").read_text()
        assert "_granian" in maps
        assert "grpc" not in maps
        assert "grpc_port" not in json.loads(ready.read_bytes())
    finally:
        server.process.kill()
        server.process.wait()
