"""Two processes that move one channel at the same time: every move is kept, none is lost."""

import multiprocessing
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.aws.moto_server import make_bucket, moto_server
from tests.serving.releases import publish
from trimaran_runtime.errors import RegistryError
from trimaran_runtime.registry.channels import Channel, current, history, move
from trimaran_runtime.storage.store import Store

MOVES = 50


@pytest.fixture(params=["file", "s3"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "file":
        Store.open_directory(tmp_path / "store", create=True)
        yield (tmp_path / "store").as_uri()
    else:
        with moto_server():
            yield make_bucket("race")


def mover(uri: str, who: str, releases: tuple[str, ...]) -> None:
    """Move the channel 50 times, looking again whenever the other was first."""
    store, done = Store(uri), 0
    while done < MOVES:
        now = current(store, Channel.production)
        expected = now.release if now else None
        # Never the release that is there: that would be no move.
        target = releases[0] if expected != releases[0] else releases[1]
        try:
            move(store, Channel.production, target, expected=expected, why=str(done), who=who)
        except RegistryError:
            continue
        done += 1


def test_no_move_of_two_racing_writers_is_lost(uri: str) -> None:
    store = Store(uri)
    releases = publish(store), publish(store, marker=1)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=mover, args=(uri, who, releases)) for who in ("one", "other")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    records = history(store, Channel.production)
    assert [record.number for record in records] == list(range(1, 2 * MOVES + 1))
    for before, after in pairwise(records):
        assert after.previous == before.release
    for who in ("one", "other"):
        assert [r.why for r in records if r.who == who] == [str(n) for n in range(MOVES)]
