"""Whatever a body holds, the decoders of the Open Inference Protocol give rows or a clean 4xx."""

import json
import math
from typing import Any

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from tests.serving.releases import FEATURES, ROW
from tests.serving.tensors import DTYPES, binary, row_tensors, tensor
from trimaran_runtime.registry.release import Signature
from trimaran_runtime.serving.message import Refusal
from trimaran_runtime.serving.oip import elements
from trimaran_runtime.serving.oip.datatype import DATATYPES
from trimaran_runtime.serving.oip.inputs import Inputs
from trimaran_runtime.serving.oip.outputs import Output, Outputs
from trimaran_runtime.serving.oip.request import InferenceRequest, read_request
from trimaran_runtime.serving.predictor import Renderer
from trimaran_runtime.serving.rows import RowReader

SIGNATURE = Signature(
    features=FEATURES, target="late", task="classification", classes=(False, True)
)
MAX_ROWS = 8


INPUTS = Inputs(RowReader(SIGNATURE, MAX_ROWS), SIGNATURE)
CLASSIFIER = Renderer(True, has_probabilities=True, classes=SIGNATURE.classes)
OUTPUTS = Outputs(CLASSIFIER, SIGNATURE.task)


def read(body: bytes, **headers: str) -> InferenceRequest | int:
    """The request, or the status it is refused with."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        return read_request(named, body, INPUTS, OUTPUTS, MAX_ROWS)
    except Refusal as refusal:
        caught = refusal
    # It can be sent, and is short whatever was given.
    assert len(caught.response().body) < 2_000
    return caught.status


def check(found: InferenceRequest | int) -> None:
    """Rows that the model can take, or a clean 4xx."""
    if isinstance(found, int):
        assert found in {400, 413, 415}
        return
    assert 1 <= found.rows.count <= MAX_ROWS
    assert all(len(column) == found.rows.count for column in found.rows.values)
    # What is captured is JSON.
    assert orjson.loads(orjson.dumps(found.rows.raw)) is not None
    numbers = [v for column in found.rows.raw for v in column if isinstance(v, float)]
    assert all(map(math.isfinite, numbers))


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    st.text(max_size=5),
    st.just("long" * 1_000),
    st.sampled_from(["FP64", "INT64", "BYTES", "BOOL", "distance", "2013-01-05T08:00:00"]),
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["inputs", "name", "shape", "datatype", "data", "parameters", "outputs", "timeout"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A request that is right but for a few fields."""
    document: dict[str, Any] = {"inputs": row_tensors(ROW)}
    for _ in range(draw(st.integers(1, 3))):
        target = draw(st.sampled_from([document, *document["inputs"]]))
        fields = ["name", "shape", "datatype", "data", "parameters", "id", "outputs"]
        value = draw(
            st.one_of(
                anything,
                st.lists(scalars, max_size=9),
                st.lists(st.lists(scalars, max_size=3), max_size=3),
                st.lists(st.integers(-1, 9), max_size=3),
                st.sampled_from(list(DATATYPES)),
                st.fixed_dictionaries({"binary_data_size": st.integers(-1, 20)}),
            )
        )
        target[draw(st.sampled_from(fields))] = value
    return document


def encoded(document: Any) -> bytes:
    return json.dumps(document, allow_nan=True).encode()


@given(anything)
def test_any_json(document: Any) -> None:
    check(read(encoded(document)))


@given(requests(), st.binary(max_size=24))
def test_a_request_that_is_wrong_in_a_few_fields(document: dict[str, Any], tail: bytes) -> None:
    body = encoded(document)
    check(read(body))
    check(read(body + tail, inference_header_content_length=str(len(body))))


@given(st.binary(max_size=200), st.none() | st.integers(-1, 250).map(str) | st.text(max_size=6))
@example(b"", "0")
@example(b"[]", "2")
def test_any_bytes(body: bytes, size: str | None) -> None:
    check(read(body) if size is None else read(body, inference_header_content_length=size))


@given(st.data())
def test_a_binary_request_of_which_a_part_was_cut_or_changed(data: st.DataObject) -> None:
    body, headers = binary({"inputs": row_tensors(ROW)})
    assert isinstance(read(body, **headers), InferenceRequest)
    kept = bytearray(body[: data.draw(st.integers(0, len(body)))])
    for _ in range(data.draw(st.integers(0, 3))):
        if kept:
            kept[data.draw(st.integers(0, len(kept) - 1))] = data.draw(st.integers(0, 255))
    check(read(bytes(kept), **headers))


@given(
    st.sampled_from(list(DATATYPES)),
    st.lists(st.integers(0, 9), min_size=1, max_size=2),
    st.binary(max_size=72),
)
def test_any_bytes_of_a_tensor_are_elements_or_refused(
    datatype: str, shape: list[int], content: bytes
) -> None:
    try:
        found = elements.from_bytes(memoryview(content), DATATYPES[datatype], tuple(shape), "x")
    except Refusal as refusal:
        status = refusal.status
    else:
        status = 200
        assert len(found) == math.prod(shape)
    assert status in {200, 400}


@given(
    st.sampled_from(["FP16", "FP32", "FP64"]),
    st.lists(st.just(1.5) | st.just(math.nan), min_size=1, max_size=MAX_ROWS),
)
def test_nan_is_missing(datatype: str, values: list[float]) -> None:
    kind, shape = DATATYPES[datatype], (len(values),)
    found = elements.from_bytes(memoryview(elements.to_bytes(values, kind)), kind, shape, "x")
    assert found == [None if math.isnan(value) else value for value in values]
    assert elements.from_json(found, kind, shape, "x") == found


def finite(datatype: str) -> st.SearchStrategy[Any]:
    """Elements of a datatype that it can hold exactly."""
    if datatype == "BYTES":
        return st.text(max_size=8)
    if datatype == "BOOL":
        return st.booleans()
    if datatype.startswith("FP"):
        return st.floats(width=int(datatype[2:]), allow_nan=False, allow_infinity=False)  # type: ignore[arg-type]
    unsigned, bits = datatype.startswith("U"), int(datatype.lstrip("UINT"))
    return (
        st.integers(0, 2**bits - 1)
        if unsigned
        else st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    )


@given(st.data(), st.sampled_from([*DTYPES, "BYTES"]))
def test_json_and_bytes_give_the_same_elements(data: st.DataObject, datatype: str) -> None:
    values = data.draw(st.lists(finite(datatype), min_size=1, max_size=MAX_ROWS))
    kind = DATATYPES[datatype]
    shape = (len(values),)
    plain = elements.from_json(values, kind, shape, "x")
    content = elements.to_bytes(values, kind)
    assert elements.from_bytes(memoryview(content), kind, shape, "x") == plain == values


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=MAX_ROWS))
def test_rows_are_the_values_of_the_tensors(distances: list[float]) -> None:
    inputs = [
        {**given, "shape": [len(distances)], "data": given["data"] * len(distances)}
        for given in row_tensors(ROW)
    ]
    inputs[0] = tensor("distance", "FP64", distances)
    for body, headers in ((encoded({"inputs": inputs}), {}), binary({"inputs": inputs})):
        found = read(body, **headers)
        assert isinstance(found, InferenceRequest)
        assert found.rows.raw[0] == distances
        assert [wanted.output for wanted in found.outputs] == list(OUTPUTS.all)
        assert isinstance(found.outputs[0].output, Output)
