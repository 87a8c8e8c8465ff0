"""Google Cloud Storage on this machine: lists and hands out the files of a folder."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@contextmanager
def fake_gcs(bucket: Path, account: Path) -> Iterator[dict[str, str]]:
    """Serve a folder as `gs://<its name>`.

    Args:
        bucket: the folder.
        account: where to write the credentials that lead a client here.

    Yields:
        Environment variables for the client.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            if "list-type" in query:
                self._answer(_listing(bucket, query.get("prefix", [""])[0]))
                return
            path = bucket / unquote(parts.path).removeprefix(f"/{bucket.name}/")
            self._answer(path.read_bytes() if path.is_file() else None)

        def _answer(self, content: bytes | None) -> None:
            self.send_response(404 if content is None else 200)
            self.send_header("content-length", str(len(content or b"")))
            self.send_header("etag", '"0"')
            self.send_header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT")
            self.end_headers()
            self.wfile.write(content or b"")

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    empty = dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
    url = f"http://127.0.0.1:{server.server_port}"
    account.write_text(json.dumps({"gcs_base_url": url, "disable_oauth": True, **empty}))
    try:
        yield {"GOOGLE_SERVICE_ACCOUNT": str(account)}
    finally:
        server.shutdown()
        server.server_close()


def _listing(bucket: Path, prefix: str) -> bytes:
    keys = sorted(p.relative_to(bucket).as_posix() for p in bucket.rglob("*") if p.is_file())
    contents = "".join(
        f"<Contents><Key>{escape(key)}</Key><Size>{(bucket / key).stat().st_size}</Size>"
        '<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"0"</ETag></Contents>'
        for key in keys
        if key.startswith(prefix)
    )
    return f'<?xml version="1.0"?><ListBucketResult>{contents}</ListBucketResult>'.encode()
