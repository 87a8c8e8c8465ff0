"""Who recorded the traffic is said by the step's parameters, and read the same."""

from pathlib import Path

import pytest

from tests.monitoring.capture_formats import DEPLOYED, ENDPOINT, FORMATS, SINCE, traffic, write
from tests.monitoring.test_capture_formats import World
from tests.monitoring.traffic_store import NOON
from trimaran_runtime.errors import ConfigError, StoreError
from trimaran_runtime.monitoring.recorder import RecordedBy, Recorder
from trimaran_runtime.storage.store import Store


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("ours", {}),
        ("sagemaker", {"capture": "{}"}),
        ("azure", {"capture": "{}", "recorder": "azureml", "fraction": "0.25"}),
        ("vertex", {"capture": "{}", "recorder": "vertex", "deployed": f"1,{DEPLOYED}"}),
    ],
)
def test_each_recorder_is_read(tmp_path: Path, name: str, parameters: dict[str, str]) -> None:
    world = World(tmp_path / "world")
    root = tmp_path / "records"
    write(root, FORMATS[name], world.release, traffic(count=3, per_request=2))
    given = {key: value.format(root.as_uri()) for key, value in parameters.items()}
    found = Recorder.parse(given).requests(
        Store.open_directory(root), ENDPOINT, release=world.release, since=SINCE, until=NOON
    )
    assert sum(len(request.rows) for request in found.requests()) == 6
    assert found.counts.least_fraction == float(parameters.get("fraction", 1))


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"recorder": "kinesis", "capture": "s3://b"}, "server, sagemaker, azureml, vertex"),
        ({"recorder": "azureml"}, "no capture"),
        ({"recorder": "server", "capture": "s3://b"}, "capture=s3://b"),
        ({"recorder": "vertex", "capture": "bq://p.d.t"}, "ids of the deployed models"),
        ({"capture": "s3://b", "deployed": "1"}, "and for no other"),
        ({"capture": "s3://b", "fraction": "0"}, "above 0"),
        ({"capture": "s3://b", "fraction": "all"}, "above 0"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(parameters: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Recorder.parse(parameters)


def test_a_table_is_read_by_its_client(tmp_path: Path) -> None:
    world = World(tmp_path / "world")
    recorder = Recorder(by=RecordedBy.vertex, uri="bq://p.d.t", deployed=("1",))
    found = recorder.requests(
        Store.open_directory(tmp_path), ENDPOINT, release=world.release, since=SINCE, until=NOON
    )
    with pytest.raises(StoreError, match="google-cloud-bigquery"):
        next(found.requests())
