"""Each line field by field against the vendor's own documents.

SageMaker: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
and https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-pre-and-post-processing.html.
Azure ML: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-collect-production-data
?view=azureml-api-2. Vertex AI: https://cloud.google.com/vertex-ai/docs/predictions/
online-prediction-logging; how a table takes lines of JSON:
https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-json.
"""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serving.capture_readers import documented_number, documents, files
from tests.serving.conftest import Client, Connect
from tests.serving.releases import ROW
from trimaran_runtime.serving.capture_format import CaptureFormat
from trimaran_runtime.serving.captured.vertex import numeric_id
from trimaran_runtime.serving.config import CaptureConfig
from trimaran_runtime.storage.store import Store

SAGEMAKER = json.loads("""
{"captureData": {
  "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT",
    "data": "50,0,188.9,94,203.9,104,151.8,124,11.6,8,3,1,0", "encoding": "CSV"},
  "endpointOutput": {"observedContentType": "text/csv; charset=utf-8", "mode": "OUTPUT",
    "data": "0.023190177977085114", "encoding": "CSV"}},
 "eventMetadata": {"eventId": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "inferenceId": "order-7",
    "inferenceTime": "2022-02-14T17:25:06Z"},
 "eventVersion": "0"}
""")
"""The first page's line; `inferenceId` of the second: what the caller gave as InferenceId."""
AZURE = json.loads("""
{"specversion": "1.0", "id": "725aa8af-0834-415c-aaf5-c76d0c08f694",
 "source": "/subscriptions/s/onlineEndpoints/localdev-endpoint/deployments/localdev",
 "type": "azureml.inference.inputs", "datacontenttype": "application/json",
 "time": "2022-12-01T08:51:30Z",
 "data": [{"label": "DRUG", "pattern": "aspirin"}, {"label": "DRUG", "pattern": "trazodone"},
          {"label": "DRUG", "pattern": "citalopram"}],
 "correlationid": "3711655d-b04c-4aa2-a6c4-6a90cbfcb73f",
 "xrequestid": "3711655d-b04c-4aa2-a6c4-6a90cbfcb73f", "modelversion": "default",
 "collectdatatype": "pandas.core.frame.DataFrame", "agent": "azureml-ai-monitoring/0.1.0b4",
 "contentrange": "bytes 0-116/117"}
""")
"""The page's line of a table."""
VERTEX = {
    "endpoint": "STRING",
    "deployed_model_id": "STRING",
    "logging_time": "TIMESTAMP",
    "request_id": "NUMERIC",
    "request_payload": "STRING REPEATED",
    "response_payload": "STRING REPEATED",
}
"""The page's table of columns."""
SECONDS = "%Y-%m-%dT%H:%M:%SZ"
ROWS = [ROW, {**ROW, "stops": 2, "distance": None}]


def shape(value: Any) -> Any:
    """Names and types of a JSON value, of a list those of its first item."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    return [type(value[0])] if isinstance(value, list) else type(value)


class Asked:
    """A server of a format that was asked once."""

    def __init__(self, store: Store, connect: Connect, form: CaptureFormat) -> None:
        self.endpoint = f"fields-{form}"
        self.client: Client = connect(
            endpoint=self.endpoint, variant="blue", capture=CaptureConfig(format=form)
        )
        self.since = datetime.now(UTC).replace(microsecond=0)
        _, answer = self.client.predict({"instances": ROWS}, x_request_id="order-7")
        self.until = datetime.now(UTC)
        self.predictions = answer["predictions"]
        assert self.client.service.capture is not None
        self.client.service.capture.close()
        self.release = self.client.service.release_id
        self.documents = documents(store, self.endpoint)
        self.keys = list(files(store, self.endpoint))

    def is_now(self, text: str, how: str) -> bool:
        moment = datetime.strptime(text, how).replace(tzinfo=UTC)
        return self.since <= moment <= self.until

    def holds(self, key: str, folder: str) -> bool:
        """Whether a file lies below a folder by the hour of the request."""
        hours = "|".join(f"{moment:%Y/%m/%d/%H}" for moment in (self.since, self.until))
        return bool(re.fullmatch(rf"{re.escape(folder)}/({hours})/[\w-]+\.jsonl", key))


def test_sagemaker(store: Store, connect: Connect) -> None:
    asked = Asked(store, connect, CaptureFormat.sagemaker)
    (line,) = asked.documents
    assert shape(line) == shape(SAGEMAKER)
    assert line["eventVersion"] == SAGEMAKER["eventVersion"]
    about = line["eventMetadata"]
    assert UUID(about["eventId"]).version == 4
    assert about["inferenceId"] == "order-7"
    assert asked.is_now(about["inferenceTime"], SECONDS)
    for name, side in line["captureData"].items():
        assert side["mode"] == SAGEMAKER["captureData"][name]["mode"]
        assert (side["observedContentType"], side["encoding"]) == ("application/json", "JSON")
    # What was asked can be asked again, and is answered the same.
    given, answer = (line["captureData"][f"endpoint{way}"]["data"] for way in ("Input", "Output"))
    response, again = asked.client.ask("POST", "/invocations", given.encode())
    assert response.status == 200
    assert json.loads(answer) == again
    # The page's path: destination, endpoint, variant, yyyy/mm/dd/hh, file.
    (key,) = asked.keys
    assert asked.holds(key, f"capture/format=sagemaker/{asked.endpoint}/blue")


def test_azureml(store: Store, connect: Connect) -> None:
    # What a range counts, by the page's own line: characters of the data.
    told = json.dumps(AZURE["data"], separators=(",", ":"))
    assert AZURE["contentrange"] == f"bytes 0-{len(told) - 1}/{len(told)}"

    asked = Asked(store, connect, CaptureFormat.azureml)
    lines = dict(zip(("model_inputs", "model_outputs"), asked.documents, strict=True))
    rows = {"model_inputs": ROWS, "model_outputs": asked.predictions}
    for name, line in lines.items():
        assert shape({**line, "data": 0}) == shape({**AZURE, "data": 0})
        for same in ("specversion", "datacontenttype", "collectdatatype"):
            assert line[same] == AZURE[same]
        assert line["type"] == f"azureml.inference.{name}"
        assert line["source"].endswith(f"/onlineEndpoints/{asked.endpoint}/deployments/blue")
        assert line["data"] == rows[name]
        assert line["correlationid"] == line["xrequestid"] == "order-7"
        assert line["modelversion"] == asked.release
        assert re.fullmatch(r"trimaran/\d+\.\d+\.\d+\S*", line["agent"])
        assert asked.is_now(line["time"], SECONDS)
        size = len(json.dumps(line["data"], separators=(",", ":")))
        assert line["contentrange"] == f"bytes 0-{size - 1}/{size}"
    assert len({UUID(line["id"]) for line in lines.values()}) == 2
    # The page's path: endpoint, deployment, collection, yyyy/MM/dd/HH, instance.
    root = f"capture/format=azureml/{asked.endpoint}/blue"
    for name, key in zip(lines, asked.keys, strict=True):
        assert asked.holds(key, f"{root}/{name}")


def test_vertex(store: Store, connect: Connect) -> None:
    asked = Asked(store, connect, CaptureFormat.vertex)
    (row,) = asked.documents
    assert list(row) == list(VERTEX)
    for name, kind in VERTEX.items():
        match kind:
            case "STRING REPEATED":
                assert {type(item) for item in row[name]} == {str}
            case _:
                assert type(row[name]) is str
    assert (row["endpoint"], row["deployed_model_id"]) == (asked.endpoint, asked.release)
    # A TIMESTAMP as the table is exported, to the microsecond.
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} UTC", row["logging_time"])
    assert asked.is_now(row["logging_time"], "%Y-%m-%d %H:%M:%S.%f UTC")
    assert Decimal(row["request_id"]) == documented_number("order-7")
    assert list(map(json.loads, row["request_payload"])) == ROWS
    assert list(map(json.loads, row["response_payload"])) == asked.predictions
    (key,) = asked.keys
    assert asked.holds(key, f"capture/format=vertex/{asked.endpoint}/blue")


@pytest.mark.parametrize("kept", ["0", "7", "1234567890", "9" * 29])
def test_an_id_that_is_a_number_stays_it(kept: str) -> None:
    assert str(numeric_id(kept)) == kept


@pytest.mark.parametrize(
    "made", ["07", "-1", "+1", "1.0", "1e3", "9" * 30, "9" * 128, "²", "٣", "order-7", "0x1"]
)
def test_any_other_id_is_the_number_of_its_digest(made: str) -> None:
    assert numeric_id(made) == documented_number(made)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=128))
def test_every_id_fits_into_the_column(request_id: str) -> None:
    """NUMERIC: 29 digits before the point (BigQuery, "Numeric types")."""
    assert 0 <= numeric_id(request_id) < 10**29


def test_lines_end_and_hold_no_line_feed(store: Store, connect: Connect) -> None:
    for form in CaptureFormat:
        client = connect(endpoint=f"feeds-{form}", capture=CaptureConfig(format=form))
        for _ in range(3):
            client.predict({"instances": [{**ROW, "carrier": "a\nb\r\n\u2028c"}]})
        client.service.close()
        for content in files(store, f"feeds-{form}").values():
            assert content.endswith(b"\n")
            assert content.count(b"\n") == 3
