"""AWS on this machine, over its own protocol: moto, and before it what moto lacks of SageMaker.

Endpoints with their models, configurations, components and autoscaling are served from
`fake_endpoints`, builds of images from `fake_builds`, deletions of model packages from
`fake_packages`; every request of theirs is judged by botocore's service model first, all the way
down. Everything else (S3, CloudWatch, …) is moto's.

As a process of its own: `python -m tests.aws.fake_sagemaker` prints its port and serves until it
is ended. `POST /fake` plans what goes wrong, `GET /fake` tells what there is.
"""

import json
import os
import re
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.aws.fake_autoscaling import Autoscaling
from tests.aws.fake_builds import Builds
from tests.aws.fake_endpoints import REGION, Endpoints, Plan, Refusal
from tests.aws.fake_packages import Packages
from tests.oracles import botocore_shapes

Answer = Mapping[str, Any]
_TARGETS = {
    "SageMaker": "sagemaker",
    "AnyScaleFrontendService": "application-autoscaling",
    "CodeBuild_20161006": "codebuild",
}
_INVOKE = re.compile(r"/endpoints/([^/]+)/(async-)?invocations")
_SHORT = 12
_CONTROL = "/fake"


@dataclass
class FakeAws:
    """What is served, and what was asked.

    Attributes:
        endpoints: SageMaker's endpoints.
        autoscaling: their autoscaling.
        builds: CodeBuild's builds.
        requests: operation and body of every call, oldest first.
        url: where it is served.
    """

    endpoints: Endpoints = field(default_factory=Endpoints)
    autoscaling: Autoscaling = field(init=False)
    builds: Builds = field(init=False)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    def __post_init__(self) -> None:
        self.autoscaling = Autoscaling(self.endpoints)
        self.builds = Builds(lambda: self._client("ecr"))
        self._packages = Packages()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.RLock()

    def plan(self, operation: str, outcome: str, *, number: int = 1, reason: str = "") -> None:
        """What the n-th call of an operation from now on comes to (see `Plan`)."""
        self.endpoints.plan(Plan(operation, number, outcome, reason))

    def bodies(self, operation: str) -> list[dict[str, Any]]:
        """Bodies of the calls of an operation."""
        return [body for name, body in self.requests if name == operation]

    def left(self) -> dict[str, list[str]]:
        """Names of what there is, by kind; empty when nothing is left."""
        kinds = {
            "models": self.endpoints.models,
            "configs": self.endpoints.configs,
            "endpoints": self.endpoints.endpoints,
            "components": self.endpoints.components,
            "targets": self.endpoints.targets,
        }
        return {kind: sorted(things) for kind, things in kinds.items() if things}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        served = self._served(request)
        if served is None:
            moto: Iterable[bytes] = self._moto(environ, start_response)
            return moto
        return served(environ, start_response)

    def _served(self, request: Request) -> Response | None:
        if request.path == _CONTROL:
            return self._controlled(request)
        invoked = _INVOKE.fullmatch(request.path)
        if invoked is not None:
            return self._told(lambda: self._invoked(request, invoked[1], bool(invoked[2])))
        service, _, operation = request.headers.get("X-Amz-Target", "").partition(".")
        if service not in _TARGETS:
            return None
        places: dict[str, tuple[object, ...]] = {
            "sagemaker": (self.endpoints, self._packages),
            "application-autoscaling": (self.autoscaling,),
            "codebuild": (self.builds,),
        }
        methods = [getattr(p, _snake(operation), None) for p in places[_TARGETS[service]]]
        method = next((found for found in methods if found is not None), None)
        if method is None:
            return self._refused(operation)
        body = json.loads(request.get_data() or b"{}")
        return self._told(lambda: self._called(_TARGETS[service], operation, method, body))

    def _refused(self, operation: str) -> Response | None:
        """The answer to a call of moto's that is planned to be refused; None: moto answers."""
        try:
            with self._lock:
                self.endpoints.begin(operation)
        except Refusal as refusal:
            return _refusal(refusal)
        return None

    def _called(
        self, service: str, operation: str, method: Callable[[Any], Answer], body: dict[str, Any]
    ) -> Response:
        findings = botocore_shapes.check(service, operation, body)
        if findings:
            raise Refusal("; ".join(f"{f.path}: {f.what}" for f in findings))
        with self._lock:
            self.requests.append((operation, body))
            self.endpoints.begin(operation)
            answer = method(body)
        return Response(json.dumps(answer), content_type="application/x-amz-json-1.1")

    def _invoked(self, request: Request, endpoint: str, later: bool) -> Response:
        body = request.get_data()
        component = request.headers.get("X-Amzn-SageMaker-Inference-Component", "")
        with self._lock:
            self.requests.append(("InvokeEndpoint", {"EndpointName": endpoint, "Body": body}))
            self.endpoints.begin("InvokeEndpoint")
        if later:
            return self._invoked_later(request, endpoint)
        release = self.endpoints.serving(endpoint, component)
        return Response(_predicted(body, release), content_type="application/json")

    def _invoked_later(self, request: Request, endpoint: str) -> Response:
        """The answer is put where the configuration says."""
        config = self.endpoints.configs[self.endpoints.endpoints[endpoint].config]
        output = config["AsyncInferenceConfig"]["OutputConfig"]
        places = {
            "answer": f"{output['S3OutputPath']}/1.out",
            "failure": f"{output['S3FailurePath']}/1.out",
        }
        given = self._s3().get_object(**_key(request.headers["X-Amzn-SageMaker-InputLocation"]))
        try:
            release = self.endpoints.serving(endpoint, "")
            content = _predicted(given["Body"].read(), release)
            self._s3().put_object(**_key(places["answer"]), Body=content)
        except Refusal as refusal:
            self._s3().put_object(**_key(places["failure"]), Body=refusal.message.encode())
        headers = {
            "X-Amzn-SageMaker-OutputLocation": places["answer"],
            "X-Amzn-SageMaker-FailureLocation": places["failure"],
        }
        return Response('{"InferenceId": "1"}', status=202, headers=headers)

    def _s3(self) -> Any:
        return self._client("s3")

    def _client(self, service: str) -> Any:
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    @staticmethod
    def _told(call: Callable[[], Response]) -> Response:
        try:
            return call()
        except Refusal as refusal:
            return _refusal(refusal)

    def _controlled(self, request: Request) -> Response:
        """What goes wrong, by POST: `plans` (see `Plan`), `broken` releases, `role_delay`."""
        with self._lock:
            if request.method == "POST":
                asked = request.get_json()
                for plan in asked.get("plans", ()):
                    self.endpoints.plan(Plan(**{"number": 1, **plan}))
                self.endpoints.broken |= set(asked.get("broken", ()))
                self.endpoints.role_delay += asked.get("role_delay", 0)
            calls = [name for name, _ in self.requests]
        return Response(
            json.dumps({"left": self.left(), "calls": calls}), content_type="application/json"
        )


def _refusal(refusal: Refusal) -> Response:
    document = {"__type": refusal.code, "message": refusal.message}
    return Response(
        json.dumps(document),
        status=refusal.status,
        content_type="application/x-amz-json-1.1",
        headers={"x-amzn-errortype": refusal.code},
    )


def _predicted(body: bytes, release: str) -> bytes:
    rows = json.loads(body)["instances"]
    return json.dumps({"predictions": [1.0] * len(rows), "release": release[:_SHORT]}).encode()


def _snake(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def _key(uri: str) -> dict[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


def environment(url: str) -> dict[str, str]:
    """The environment in which every AWS client reaches it."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def fake_aws() -> Iterator[FakeAws]:
    """Serve in this process until the end of the block; its environment leads there."""
    fake = FakeAws()
    server = _server(fake)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # moto keeps its state in the process: an earlier server may have left some.
    reset = urllib.request.Request(f"{fake.url}/moto-api/reset", method="POST")
    urllib.request.urlopen(reset, timeout=30).close()
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
                patch.delenv(name, raising=False)
            for name, value in environment(fake.url).items():
                patch.setenv(name, value)
            yield fake
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(WSGIRequestHandler):
    def log_request(self, *args: Any, **kwargs: Any) -> None:
        """A test looks at the calls themselves."""


def _server(fake: FakeAws) -> BaseWSGIServer:
    server = make_server("127.0.0.1", 0, fake, threaded=True, request_handler=_Quiet)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    return server


def main() -> None:
    """Serve, and print the port."""
    server = _server(FakeAws())
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
