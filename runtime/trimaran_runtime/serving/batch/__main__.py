"""`python -m trimaran_runtime.serving.batch`: predicts the rows of files, without a server."""

import argparse
import logging
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

# Read when the libraries are loaded. As in the server: a product that threads share may round
# otherwise, and then the two would not agree.
for _variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

from trimaran_runtime.errors import ConfigError, Exit, RuntimeFault  # noqa: E402
from trimaran_runtime.registry.release import SHORT, find_release  # noqa: E402
from trimaran_runtime.serving.batch.job import ROWS_PER_BATCH, BatchJob  # noqa: E402
from trimaran_runtime.serving.batch.manifest import BatchManifest  # noqa: E402
from trimaran_runtime.serving.batch.scorer import OnBadRow  # noqa: E402
from trimaran_runtime.serving.batch.stored_code import StoredReleaseWithCode  # noqa: E402
from trimaran_runtime.serving.config import ServerConfig  # noqa: E402
from trimaran_runtime.storage.store import Store  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    """Predict; returns the exit status (see `trimaran_runtime.errors.Exit`)."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    try:
        manifest = _job(given).run()
    except RuntimeFault as fault:
        logging.error("%s", fault)
        return fault.exit
    except OSError as exc:
        logging.error("%s", exc)
        return Exit.BAD_INPUT
    sys.stdout.write(f"{_told(manifest, given.output)}\n")
    return Exit.OK


def _job(given: argparse.Namespace) -> BatchJob:
    if given.rows_per_batch < 1:
        raise ConfigError(
            f"{given.rows_per_batch} rows", where="--rows-per-batch", allowed="1 or more"
        )
    config = (
        ServerConfig() if given.config is None else ServerConfig.parse(given.config.read_bytes())
    )
    return BatchJob(
        source=StoredReleaseWithCode(given.store, find_release(Store(given.store), given.release)),
        input=given.input,
        output=given.output,
        keep=tuple(name for name in given.keep.split(",") if name),
        rows_per_batch=given.rows_per_batch,
        on_bad_row=OnBadRow(given.on_bad_row),
        every_class=given.probabilities,
        overwrite=given.overwrite,
        config=config,
    )


def _told(manifest: BatchManifest, output: str) -> str:
    rows = f"{manifest.rows:,} row{'' if manifest.rows == 1 else 's'}"
    files = f"{len(manifest.files):,} file{'' if len(manifest.files) == 1 else 's'}"
    told = f"{rows} of {files} in {output}, release {manifest.release[:SHORT]}"
    first = manifest.first_refused
    if first is None:
        return told
    return (
        f"{told}; {manifest.refused:,} without a prediction, "
        f"the first {first.file}, row {first.row:,}, column {first.column!r}"
    )


def _ended(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trimaran_runtime.serving.batch",
        description="Predict the rows of files with one release, as its server would.",
    )
    parser.add_argument("--store", required=True, help="URI of the artifact store")
    parser.add_argument("--release", required=True, help="release, by the first digits of its id")
    parser.add_argument(
        "--input", required=True, help="path, glob, folder or URI of Parquet, CSV or Arrow files"
    )
    parser.add_argument("--output", required=True, help="path or URI: .parquet, .pq or .csv")
    parser.add_argument("--keep", default="", help="columns that go along: id,other")
    parser.add_argument(
        "--rows-per-batch",
        type=int,
        default=ROWS_PER_BATCH,
        help="rows that the model gets at once",
    )
    parser.add_argument(
        "--on-bad-row",
        choices=[choice.value for choice in OnBadRow],
        default=OnBadRow.fail.value,
        help="what becomes of a row that the signature refuses",
    )
    parser.add_argument(
        "--probabilities", action="store_true", help="write the probability of every class"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an output that is there")
    parser.add_argument("--config", type=Path, help="JSON file with the server's configuration")
    return parser


if __name__ == "__main__":
    # What is half written then goes as it does after any other error.
    signal.signal(signal.SIGTERM, _ended)
    sys.exit(main())
