"""SageMaker serverless endpoints, from AWS's documents.

- https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
- https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-invoke.html

Seen as excerpts 2026-11-25.

The container is the real-time one; what differs is that it is started for a
request, with one request at a time for each worker, and at most 6 GB of memory.
"""

import json
import time
from pathlib import Path

import psutil

from tests.serving.container import copy_files, running
from tests.serving.releases import ROW
from trimaran_runtime.storage.store import Store


def test_a_cold_start_answers_within_the_three_minutes_and_the_smallest_memory(
    store: Store, release: str, tmp_path: Path
) -> None:
    # "The model must download and the server must respond successfully to /ping within 3
    # minutes"; "The maximum request and response payload size [...] is 4 MB"; MemorySizeInMB is
    # 1024 at least.
    files = copy_files(store, release, tmp_path / "model")
    started = time.monotonic()
    with running(tmp_path, TRIMARAN_RELEASE=release, TRIMARAN_MODEL_DIR=str(files)) as server:
        server.wait()
        assert time.monotonic() - started < 180
        body = json.dumps({"instances": [ROW]}).encode()
        padded = body + b" " * ((4 << 20) - len(body))
        assert server.request("POST", "/invocations", padded)[0] == 200
        # Only the temporary folder can be written, and one process does everything: no child that
        # a frozen container would leave without its parent.
        process = psutil.Process(server.process.pid)
        assert process.children() == []
        assert process.memory_info().rss < 1024 << 20
        assert server.stop() == 0
