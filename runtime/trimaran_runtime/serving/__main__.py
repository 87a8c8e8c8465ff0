"""`python -m trimaran_runtime.serving`: the one process that serves releases everywhere.

With `--store` and `--release` it loads from the artifact store, with `--traffic` instead of
`--release` the releases that a file names, also when it changes. Without them it is a container
that a cloud has started: `TRIMARAN_RELEASE` names the release, `trimaran_runtime.serving.container`
says where its files are, `TRIMARAN_SERVER_CONFIG` may hold the configuration as JSON, and every
address of the container is answered on.
"""

import argparse
import asyncio
import logging
import os
import sys
from contextlib import ExitStack
from pathlib import Path

# Numerical libraries read these when they are loaded: one request is too little work to share
# between threads, and replicas share the cores already.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

from trimaran_runtime.errors import ConfigError, Exit, RuntimeFault  # noqa: E402
from trimaran_runtime.process.parent_watch import exit_with_parent  # noqa: E402
from trimaran_runtime.serving import batch_transform  # noqa: E402
from trimaran_runtime.serving.config import ServerConfig  # noqa: E402
from trimaran_runtime.serving.container import source_of  # noqa: E402
from trimaran_runtime.serving.container_port import DEFAULT_PORT, port_of  # noqa: E402
from trimaran_runtime.serving.server import Launch, run  # noqa: E402
from trimaran_runtime.serving.source import Source, StoredRelease  # noqa: E402
from trimaran_runtime.serving.traffic_file import TrafficFile  # noqa: E402


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
        # Cleaned up here: the process does not wait for the end of the interpreter.
        with ExitStack() as stack:
            asyncio.run(run(_launch(given, stack)))
    except RuntimeFault as fault:
        logging.error("%s", fault)
        return fault.exit
    except OSError as exc:
        logging.error("%s", exc)
        return Exit.BAD_INPUT
    return Exit.OK


def _launch(given: argparse.Namespace, stack: ExitStack) -> Launch:
    if given.command != "serve":
        raise ConfigError(
            f"this container cannot {given.command!r}",
            where="command line",
            allowed="serve, or no command",
            next_step="training is a step of the pipeline, started by `trimaran run`"
            if given.command == "train"
            else "",
        )
    is_container = not given.store and not given.release
    port = port_of(os.environ)
    return Launch(
        source=_source(given, stack),
        config=batch_transform.configured(_config(given), os.environ),
        # In a container the network around it decides who may ask.
        host=given.host or ("0.0.0.0" if is_container else "127.0.0.1"),  # noqa: S104
        port=(port or (DEFAULT_PORT if is_container else 0)) if given.port is None else given.port,
        ready=given.ready,
        grpc_port=given.grpc_port,
    )


def _source(given: argparse.Namespace, stack: ExitStack) -> Source:
    if given.store and given.release and not given.traffic:
        return StoredRelease(given.store, given.release)
    if given.store and given.traffic and not given.release:
        return TrafficFile(given.store, given.traffic)
    release = os.environ.get("TRIMARAN_RELEASE")
    if given.store or given.release or given.traffic or not release:
        raise ConfigError(
            "nothing says which release to serve",
            where="command line",
            allowed="--store with --release or --traffic, or TRIMARAN_RELEASE in the environment",
        )
    return source_of(release, os.environ, stack)


def _config(given: argparse.Namespace) -> ServerConfig:
    if given.config is not None:
        return ServerConfig.parse(given.config.read_bytes())
    text = os.environ.get("TRIMARAN_SERVER_CONFIG")
    return ServerConfig.parse(text) if text else ServerConfig()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trimaran_runtime.serving", description="Serve one release over HTTP."
    )
    # SageMaker starts every container as `IMAGE serve`, and one that trains as `IMAGE train`.
    parser.add_argument("command", nargs="?", default="serve", help="serve")
    parser.add_argument("--store", help="URI of the artifact store")
    parser.add_argument("--release", help="full id of the release")
    parser.add_argument("--traffic", type=Path, help="JSON file with the releases to serve")
    parser.add_argument("--code", type=Path, help="folder of the user's code")
    parser.add_argument("--config", type=Path, help="JSON file with the server's configuration")
    parser.add_argument("--host", help="address to bind")
    parser.add_argument("--port", type=int, help="0: a free one")
    parser.add_argument("--grpc-port", type=int, help="also speak gRPC there; 0: a free one")
    parser.add_argument("--ready", type=Path, help="file to write when predictions are answered")
    return parser


if __name__ == "__main__":
    _status = main()
    logging.shutdown()
    # Not sys.exit: a thread of granian that still calls Python while the interpreter ends aborts.
    os._exit(_status)
