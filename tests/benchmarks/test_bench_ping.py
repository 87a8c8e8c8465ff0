"""`/ping` beside sixty-four callers of the slowest models, 100 rows a request, in scikit-learn."""

import sys
from pathlib import Path

import pytest

from tests.serving.process import Server
from tests.serving.releases import new_store
from tests.serving.slow_model import MODELS, percentile, pings, publish_slow, under_load
from trimaran_runtime.serving.config import ServerConfig

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]
SECONDS = 20
MOST_MS = 200


@pytest.mark.parametrize("name", MODELS)
def test_ping_is_answered_in_time_under_load(name: str, tmp_path: Path) -> None:
    store = new_store(tmp_path / "store")
    release = publish_slow(store, name)
    with Server.running(tmp_path, store, release, ServerConfig()) as server:
        url = server.url()
        with under_load(url) as load:
            took = pings(url, SECONDS)
    middle, late = percentile(took, 0.5), percentile(took, 0.99)
    rate = sum(load.answers.values()) / SECONDS
    print(
        f"{name}: /ping median {middle:.1f} ms, 99th percentile {late:.0f} ms, last "
        f"{took[-1] * 1e3:.0f} ms, {len(took)} of them; {rate:.0f} requests of 100 rows a second",
        file=sys.stderr,
    )
    assert {status for status, _ in load.answers} == {200}, load.broken
    assert late < MOST_MS
