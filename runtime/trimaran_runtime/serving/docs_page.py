"""`/docs`: the routes for people. One page that reads `/openapi.json` and nothing else."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from trimaran_runtime.serving.message import Response

_PAGE = Path(__file__).with_name("docs.html")


@cache
def docs_page() -> Response:
    """The page; its policy lets it run its own script and ask this server alone."""
    text = _PAGE.read_text(encoding="utf-8")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(text, 'script')}'",
            f"style-src '{_hash(text, 'style')}'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
    headers = {"content-security-policy": policy, "x-content-type-options": "nosniff"}
    return Response(200, text.encode(), "text/html; charset=utf-8", headers)


def _hash(text: str, element: str) -> str:
    """The hash of the one inline script or style, as a content security policy names it."""
    content = text.partition(f"<{element}>")[2].partition(f"</{element}>")[0]
    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode()}"
