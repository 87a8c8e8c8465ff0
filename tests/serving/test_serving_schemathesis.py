"""Requests generated from `/openapi.json`, against the real process: what it describes is so."""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.serving.container import Container, copy_files, running
from trimaran_runtime.storage.store import Store

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
EXAMPLES = 50 if FULL else 8
"""Of each route, and as many again of what the document forbids."""


@pytest.fixture(scope="module")
def server(
    store: Store, release: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    work = tmp_path_factory.mktemp("described")
    files = copy_files(store, release, work / "model")
    environ = {"AIP_ENDPOINT_ID": "1", "AIP_DEPLOYED_MODEL_ID": "2"}
    with running(
        work, TRIMARAN_RELEASE=release, TRIMARAN_MODEL_DIR=str(files), **environ
    ) as container:
        container.wait()
        yield container
        # Whatever was asked, it is still there, and nothing went wrong inside.
        assert container.request("GET", "/ping")[0] == 200
        assert "Traceback" not in container.log


@pytest.mark.sweep
@pytest.mark.timeout(300)
def test_every_answer_is_as_described_and_none_is_a_server_error(server: Container) -> None:
    described = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) > 15
    asked: Counter[tuple[str, int]] = Counter()
    with requests.Session() as session:
        for operation in operations:
            # A GET has nothing that could be wrong.
            wrong = [GenerationMode.NEGATIVE] if operation.method == "post" else []
            for mode in [GenerationMode.POSITIVE, *wrong]:
                ask_and_check(operation, mode, session, asked)
    # Both kinds of requests came through to what they are for.
    assert asked["GET /v2", 200]
    assert asked["POST /invocations", 200]
    assert asked["POST /invocations", 400]
    assert asked["POST /v2/models/flights/infer", 400]


def ask_and_check(
    operation: Any, mode: GenerationMode, session: requests.Session, asked: Counter[tuple[str, int]]
) -> None:
    @settings(max_examples=EXAMPLES)
    @given(case=operation.as_strategy(generation_mode=mode))
    def every(case: schemathesis.Case) -> None:
        answer = case.call_and_validate(checks=CHECKS, session=session)
        asked[operation.label, answer.status_code] += 1

    every()
