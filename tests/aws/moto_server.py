"""moto's server on a free port of this machine: AWS's services for real clients, empty at first."""

import os
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"
_CLEARED = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3")


@contextmanager
def moto_server() -> Iterator[Mapping[str, str]]:
    """Serve until the end of the block.

    Yields:
        The environment in which every AWS client reaches it: endpoint, region, credentials. It
        is also this process's environment until then.
    """
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environ = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    # moto keeps its state in the process: an earlier server may have left some.
    reset = urllib.request.Request(f"{environ['AWS_ENDPOINT_URL']}/moto-api/reset", method="POST")
    urllib.request.urlopen(reset, timeout=30).close()
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name in _CLEARED:
                patch.delenv(name, raising=False)
            for name, value in environ.items():
                patch.setenv(name, value)
            patch.setattr(S3Response, "put_object", _in_turn(S3Response.put_object))
            yield environ
    finally:
        server.stop()


def _in_turn(put: Callable[..., Any]) -> Callable[..., Any]:
    """Puts that take turns: S3 decides on a conditional write and makes it in one step.

    moto looks first and writes later, so that of writers that race several win.
    """
    lock = threading.Lock()

    def put_in_turn(*args: Any) -> Any:
        with lock:
            return put(*args)

    return put_in_turn


def make_bucket(name: str) -> str:
    """A bucket in the server; returns its URI."""
    import boto3

    region = {"LocationConstraint": REGION}
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=region)
    return f"s3://{name}"
