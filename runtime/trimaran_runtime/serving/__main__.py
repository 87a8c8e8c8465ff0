"""`python -m trimaran_runtime.serving`: the one process that serves one release everywhere."""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

# Numerical libraries read these when they are loaded: one request is too little work to share
# between threads, and replicas share the cores already.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

from trimaran_runtime.errors import Exit, RuntimeFault  # noqa: E402
from trimaran_runtime.process.parent_watch import exit_with_parent  # noqa: E402
from trimaran_runtime.serving.config import ServerConfig  # noqa: E402
from trimaran_runtime.serving.server import Launch, run  # noqa: E402

_PORTS = ("SAGEMAKER_BIND_TO_PORT", "AIP_HTTP_PORT")


def main(arguments: list[str] | None = None) -> int:
    """Serve; returns the exit status (see `trimaran_runtime.errors.Exit`)."""
    exit_with_parent()
    given = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s server[%(process)d] %(message)s"
    )
    if given.code is not None:
        sys.path.insert(0, str(given.code.absolute()))
    try:
        config = ServerConfig.parse(given.config.read_bytes()) if given.config else ServerConfig()
        asyncio.run(run(_launch(given, config)))
    except RuntimeFault as fault:
        logging.error("%s", fault)
        return fault.exit
    except OSError as exc:
        logging.error("%s", exc)
        return Exit.BAD_INPUT
    return Exit.OK


def _launch(given: argparse.Namespace, config: ServerConfig) -> Launch:
    return Launch(
        store_uri=given.store,
        release_id=given.release,
        config=config,
        host=given.host,
        port=given.port,
        ready=given.ready,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trimaran_runtime.serving", description="Serve one release over HTTP."
    )
    # SageMaker starts every container as `IMAGE serve`.
    parser.add_argument("command", nargs="?", choices=["serve"], default="serve")
    parser.add_argument("--store", required=True, help="URI of the artifact store")
    parser.add_argument("--release", required=True, help="full id of the release")
    parser.add_argument("--code", type=Path, help="folder of the user's code")
    parser.add_argument("--config", type=Path, help="JSON file with the server's configuration")
    parser.add_argument("--host", default="127.0.0.1", help="address to bind")
    port = next((os.environ[name] for name in _PORTS if os.environ.get(name)), "0")
    parser.add_argument("--port", type=int, default=int(port), help="0: a free one")
    parser.add_argument("--ready", type=Path, help="file to write when predictions are answered")
    return parser


if __name__ == "__main__":
    _status = main()
    logging.shutdown()
    # Not sys.exit: a thread of granian that still calls Python while the interpreter ends aborts.
    os._exit(_status)
