"""Two processes that move one channel at the same time: every move is kept, none is lost."""

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.aws.moto_server import make_bucket, moto_server
from trimaran_runtime.registry.channels import Channel, history
from trimaran_runtime.registry.release import (
    File,
    Lineage,
    ModelFile,
    Release,
    Signature,
    Verdict,
    write_release,
)
from trimaran_runtime.storage.store import Store

FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
MOVES = {"file": 50, "s3": 50 if FULL else 10}
"""Moves of each process; one on S3 takes six requests, and the stand-in is slow."""
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["file", "s3"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def uri(kind: str, tmp_path: Path) -> Iterator[str]:
    if kind == "file":
        Store.open_directory(tmp_path / "store", create=True)
        yield (tmp_path / "store").as_uri()
    else:
        with moto_server():
            yield make_bucket("race")


def release(store: Store, seed: int) -> str:
    """A release that can be pointed at; nothing here loads its model. Returns the id."""
    file = File(digest=store.put_blob(b"model"), size_bytes=5)
    return write_release(
        store,
        Release(
            model_name="toy",
            model=ModelFile(format="skops", file=file, trusted_types=()),
            signature=Signature(features=(), target="y", task="regression", classes=()),
            verdict=Verdict(accepted=True, metric="rmse", value=1.0, interval=None, checks=()),
            metrics={},
            lineage=Lineage(
                config="", code="", data="", environment="", rows={}, parameters={}, seed=seed
            ),
            files={},
        ),
    )


def mover(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.runtime.channel_mover", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_no_move_of_two_racing_writers_is_lost(kind: str, uri: str) -> None:
    store, moves = Store(uri), MOVES[kind]
    releases = release(store, 0), release(store, 1)
    movers = [mover(uri, who, str(moves), *releases) for who in ("one", "other")]
    # Both have loaded what they need before the first moves.
    for each in movers:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in movers:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    for each in movers:
        each.communicate()
    assert [each.returncode for each in movers] == [0, 0]
    records = history(store, Channel.production)
    assert [record.number for record in records] == list(range(1, 2 * moves + 1))
    for before, after in pairwise(records):
        assert after.previous == before.release
    for who in ("one", "other"):
        assert [r.why for r in records if r.who == who] == [str(n) for n in range(moves)]
