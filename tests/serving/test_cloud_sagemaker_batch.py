"""SageMaker batch transform, from AWS's documents.

- https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
- https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html

read 2026-11-25.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving.conftest import Connect
from tests.serving.container import copy_files, running
from tests.serving.releases import ROW
from trimaran_runtime.errors import ConfigError
from trimaran_runtime.serving.batch_transform import configured, execution_parameters
from trimaran_runtime.serving.config import LimitsConfig, ServerConfig
from trimaran_runtime.storage.store import Store

HEADER = "distance,stops,carrier,weekend,departs\n"
LINE = "500,1,AA,false,2013-01-05T08:00:00\n"


def test_a_job_with_larger_payloads_than_the_limit(
    store: Store, release: str, tmp_path: Path
) -> None:
    # SAGEMAKER_BATCH "is set to true when the container runs batch transforms";
    # SAGEMAKER_MAX_PAYLOAD_IN_MB "is set to the largest size payload that is sent".
    files = copy_files(store, release, tmp_path / "model")
    environ = {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": "MULTI_RECORD",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "8",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "2",
    }
    with running(
        tmp_path, TRIMARAN_RELEASE=release, TRIMARAN_MODEL_DIR=str(files), **environ
    ) as server:
        server.wait()
        status, _, body = server.request("GET", "/execution-parameters")
        assert status == 200
        assert json.loads(body) == {
            "MaxConcurrentTransforms": 2,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": 8,
        }
        # "get as many records as will fit in the payload"
        rows = (7 << 20) // len(LINE) // 32
        records = (HEADER + LINE * rows).encode()
        padded = records + b"\n" * ((7 << 20) - len(records))
        status, _, body = server.request("POST", "/invocations", padded, content_type="text/csv")
        assert (status, len(json.loads(body)["predictions"])) == (200, rows)
        assert server.announce("/invocations", (8 << 20) + 1) == 413
        assert server.stop() == 0


@pytest.mark.parametrize("mib", [0.001, 1, 6, 8.5, 60, 100, 1024])
def test_execution_parameters_keep_to_the_limits_of_a_job(mib: float) -> None:
    # "The value of MaxPayloadInMB cannot be greater than 100 MB. If you specify the
    # MaxConcurrentTransforms parameter, the value of (MaxConcurrentTransforms * MaxPayloadInMB)
    # also cannot exceed 100 MB."
    answer = execution_parameters(mib)
    assert set(answer) == {"MaxConcurrentTransforms", "BatchStrategy", "MaxPayloadInMB"}
    assert 1 <= answer["MaxPayloadInMB"] <= 100
    assert answer["MaxConcurrentTransforms"] >= 1
    assert answer["MaxConcurrentTransforms"] * answer["MaxPayloadInMB"] <= 100
    assert answer["BatchStrategy"] == ("MULTI_RECORD" if mib >= 1 else "SINGLE_RECORD")
    # What it offers it takes, except that it cannot offer less than 1.
    assert answer["MaxPayloadInMB"] <= max(1, mib)


def test_execution_parameters_do_not_wait_for_the_release(connect: Connect) -> None:
    client = connect(limits=LimitsConfig(max_body_mib=3))
    response, answer = client.ask("GET", "/execution-parameters")
    assert (response.status, answer["MaxPayloadInMB"]) == (200, 3)


def test_a_payload_only_raises_the_limit() -> None:
    def body_mib(given: str, own: float = 6) -> float:
        config = ServerConfig(limits=LimitsConfig(max_body_mib=own))
        return configured(config, {"SAGEMAKER_MAX_PAYLOAD_IN_MB": given}).limits.max_body_mib

    assert body_mib("20") == 20
    assert body_mib("1") == 6
    # Zero stands for payloads of any size.
    assert body_mib("0") == 1024
    for wrong in ("-1", "x", "1.5", "101"):
        with pytest.raises(ConfigError, match="SAGEMAKER_MAX_PAYLOAD_IN_MB"):
            body_mib(wrong)


def test_a_job_may_take_600_seconds_and_none_of_its_requests_is_shed() -> None:
    # A container must respond within 600 seconds.
    config = configured(ServerConfig(), {"SAGEMAKER_BATCH": "true"})
    assert config.limits.timeout_seconds == 600
    assert config.max_queue_rows > 100 * config.limits.max_rows
    assert configured(ServerConfig(), {}) == ServerConfig()


def test_what_is_not_json_or_csv_fails_the_record_with_a_reason(connect: Connect) -> None:
    response, answer = connect().ask(
        "POST", "/invocations", b"\x00", content_type="application/x-recordio-protobuf"
    )
    assert response.status == 415
    assert answer["field"] == "content-type"


def test_the_training_command_is_refused() -> None:
    # A container that trains is started as `IMAGE train`
    # (https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-dockerfile.html).
    ended = subprocess.run(
        [sys.executable, "-m", "trimaran_runtime.serving", "train"], capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert "cannot 'train'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_one_record_has_the_same_answer_alone_and_among_others(connect: Connect) -> None:
    # SINGLE_RECORD and MULTI_RECORD differ in the size of the payload alone.
    client = connect()
    single = client.predict({"instances": [ROW]})[1]["predictions"]
    several = client.predict({"instances": [ROW] * 3})[1]["predictions"]
    assert several == single * 3
