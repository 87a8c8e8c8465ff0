"""A server that answers every call as an AWS service does when a policy forbids it."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.aws.moto_server import REGION


@contextmanager
def refusing_server(body: bytes, *, status: int, content_type: str) -> Iterator[None]:
    """Every AWS client of this process reaches it until the end of the block."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
            patch.setenv("AWS_ACCESS_KEY_ID", "testing")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
            patch.setenv("AWS_REGION", REGION)
            patch.setenv("AWS_DEFAULT_REGION", REGION)
            yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
