"""One real prediction of a deployed release, of the example row in its own signature."""

import json
import time
from dataclasses import dataclass
from typing import Any

from trimaran_providers.aws.endpoint_definition import ASYNC
from trimaran_providers.aws.handlers.sagemaker_refusal import Refused, told
from trimaran_providers.contract.errors import ResourceError
from trimaran_providers.contract.handler import Reporter
from trimaran_runtime.registry.release import SHORT, read_release
from trimaran_runtime.serving.openapi import example_row
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.storage.store import Store

INFERENCE_ID = "trimaran-live-test"
"""Id of the request, which SageMaker puts into what it captures: it is no traffic."""
_THE_MODELS = frozenset(
    {"ModelError", "ModelNotReadyException", "InternalDependencyException", "InternalFailure"}
)
"""Errors of InvokeEndpoint that what serves is to blame for (SageMaker Runtime API Reference)."""
_JSON = "application/json"
_ASYNC_SECONDS = 1800.0
_FIRST_POLL_SECONDS, _LAST_POLL_SECONDS = 0.25, 10.0


class LiveTestFailed(ResourceError):
    """The endpoint does not answer as the release would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTest:
    """A live test of one endpoint.

    Attributes:
        client: boto3 client of `sagemaker-runtime`.
        store: the artifact store.
        endpoint: name of the endpoint.
        component: name of the inference component; empty: there is none.
        report: where it is told that an answer is waited for.
    """

    client: Any
    store: Store
    endpoint: str
    component: str
    report: Reporter

    def run(self, release: str, *, asynchronous: bool) -> None:
        """Ask for one prediction.

        Raises:
            LiveTestFailed: it is refused, is none, or is another release's.
            ResourceError: AWS cannot be asked, or an asynchronous answer does not come.
        """
        row = example_row(read_release(self.store, release))
        body = canonical_json({"instances": [row]})
        answer = self._asked_later(release, body) if asynchronous else self._asked(body)
        try:
            document = json.loads(answer)
            count, served = len(document["predictions"]), document["release"]
        except (ValueError, KeyError, TypeError) as exc:
            raise LiveTestFailed(
                f"the live test was answered with no prediction: {answer[:200]!r}",
                where=self.endpoint,
            ) from exc
        if count != 1 or served != release[:SHORT]:
            raise LiveTestFailed(
                f"the live test was answered by release {served} with {count} predictions",
                where=self.endpoint,
                allowed=f"release {release[:SHORT]} with one",
            )

    def _asked(self, body: bytes) -> bytes:
        named = {"InferenceComponentName": self.component} if self.component else {}
        try:
            with told(self.endpoint):
                answer = self.client.invoke_endpoint(
                    EndpointName=self.endpoint,
                    ContentType=_JSON,
                    Accept=_JSON,
                    InferenceId=INFERENCE_ID,
                    Body=body,
                    **named,
                )
                content: bytes = answer["Body"].read()
        except Refused as exc:
            if exc.code not in _THE_MODELS:
                # A caller who may not ask says nothing about the release.
                raise
            raise LiveTestFailed(
                f"the live test was not answered: {exc.what}", where=self.endpoint
            ) from exc
        return content

    def _asked_later(self, release: str, body: bytes) -> bytes:
        """An asynchronous endpoint takes its input from the store, and puts the answer there."""
        key = f"{ASYNC}/live-test/{release[:SHORT]}.json"
        self.store.write(key, body)
        try:
            with told(self.endpoint):
                asked = self.client.invoke_endpoint_async(
                    EndpointName=self.endpoint,
                    ContentType=_JSON,
                    Accept=_JSON,
                    InferenceId=INFERENCE_ID,
                    InputLocation=f"{self.store.uri}/{key}",
                )
            return self._fetched(asked["OutputLocation"], asked.get("FailureLocation", ""))
        finally:
            self.store.delete(key)

    def _fetched(self, output: str, failure: str) -> bytes:
        deadline, pause = time.monotonic() + _ASYNC_SECONDS, _FIRST_POLL_SECONDS
        while time.monotonic() < deadline:
            for uri, is_answer in ((output, True), (failure, False)):
                key = uri.removeprefix(f"{self.store.uri}/")
                if not uri or not self.store.exists(key):
                    continue
                content = self.store.read(key)
                self.store.delete(key)
                if is_answer:
                    return content
                raise LiveTestFailed(
                    f"the live test failed: {content[:200]!r}", where=self.endpoint
                )
            self.report.progress("waits for the answer to the live test")
            time.sleep(pause)
            pause = min(pause * 1.5, _LAST_POLL_SECONDS)
        raise ResourceError(
            f"the live test was not answered within {_ASYNC_SECONDS:g} s", where=self.endpoint
        )
