"""`python -m trimaran_runtime.serving.health`: whether the server of this container is in service.

What a `HEALTHCHECK` runs every few seconds: it loads nothing but the standard library.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException

from trimaran_runtime.serving.container_port import DEFAULT_PORT, port_of

_SECONDS = 2.0
"""SageMaker's limit for /ping as well."""


def main() -> int:
    """Exit status: 0 where /ping answers 200, else 1."""
    port = port_of(os.environ) or DEFAULT_PORT
    connection = HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        connection.request("GET", "/ping")
        return 0 if connection.getresponse().status == 200 else 1
    except (OSError, HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
