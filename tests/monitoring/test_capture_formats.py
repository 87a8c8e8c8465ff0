"""Whoever recorded the traffic, the monitor sees the same rows: one suite for every recorder."""

import shutil
from pathlib import Path

import pytest

from tests.monitoring.capture_formats import (
    FORMATS,
    SINCE,
    Exchange,
    Format,
    traffic,
    write,
)
from tests.monitoring.traffic_store import NOON, rows_of, store_with_release
from trimaran_runtime.drift import Profile
from trimaran_runtime.monitoring.capture import Counts, Requests
from trimaran_runtime.monitoring.traffic import Traffic, read_traffic
from trimaran_runtime.registry.release import Feature, Release, read_release

TYPES = {
    "distance": "number",
    "hour": "integer",
    "carrier": "category",
    "weekend": "boolean",
    "when": "timestamp",
    "temp": "number",
}


class World:
    """A release and the profiles of what it was made on."""

    def __init__(self, folder: Path) -> None:
        store, release_id = store_with_release(folder)
        release = read_release(store, release_id)
        features = tuple(Feature(name=n, type=t, nullable=n == "temp") for n, t in TYPES.items())
        signature = release.signature.model_copy(update={"features": features})
        self.release: Release = release.model_copy(update={"signature": signature})
        blobs = (release.files[f"{name}_profile"].digest for name in ("reference", "prediction"))
        self.reference, self.predictions = (
            Profile.from_bytes(store.read_blob(digest)) for digest in blobs
        )

    def read(self, requests: Requests) -> Traffic:
        return read_traffic(
            requests,
            reference=self.reference,
            predictions=self.predictions,
            since=SINCE,
            until=NOON,
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def expected(world: World, tmp_path_factory: pytest.TempPathFactory) -> Traffic:
    root = tmp_path_factory.mktemp("expected")
    write(root, FORMATS["ours"], world.release, traffic())
    return world.read(FORMATS["ours"].reader(root, world.release))


@pytest.fixture(params=FORMATS)
def how(request: pytest.FixtureRequest) -> Format:
    return FORMATS[request.param]


def shape(found: Traffic) -> tuple[bytes, bytes, object, object]:
    """What a verdict rests on."""
    features, predictions = found.features.to_bytes(), found.predictions.to_bytes()
    return features, predictions, found.periods, found.newest


def counted(counts: Counts) -> dict[str, int]:
    """What was found beside traffic."""
    names = ("duplicates", "torn", "unreadable", "unanswered", "unmatched", "other_release")
    return {name: value for name in names if (value := getattr(counts, name))}


def test_the_same_traffic_gives_the_same_bytes(
    how: Format, world: World, expected: Traffic, tmp_path: Path
) -> None:
    write(tmp_path, how, world.release, traffic())
    found = world.read(how.reader(tmp_path, world.release))
    assert shape(found) == shape(expected)
    assert (found.counts.requests, found.counts.rows) == (40, 1000)
    assert counted(found.counts) == {}


def test_the_order_of_requests_does_not_matter(
    how: Format, world: World, expected: Traffic, tmp_path: Path
) -> None:
    write(tmp_path, how, world.release, traffic()[::-1])
    assert shape(world.read(how.reader(tmp_path, world.release))) == shape(expected)


def test_a_file_that_is_there_twice_counts_once(
    how: Format, world: World, expected: Traffic, tmp_path: Path
) -> None:
    for file in write(tmp_path, how, world.release, traffic()):
        shutil.copy(file, file.with_name(f"copy-{file.name}"))
    found = world.read(how.reader(tmp_path, world.release))
    assert shape(found) == shape(expected)
    assert set(counted(found.counts)) == {"duplicates"}


def test_a_torn_line_costs_one_request(how: Format, world: World, tmp_path: Path) -> None:
    last = write(tmp_path, how, world.release, traffic())[-1]
    last.write_bytes(last.read_bytes()[:-20])
    found = world.read(how.reader(tmp_path, world.release))
    assert found.counts.requests == 39
    assert found.counts.torn == 1
    assert found.counts.unreadable == 0


def test_lines_that_are_no_record_cost_themselves(
    how: Format, world: World, expected: Traffic, tmp_path: Path
) -> None:
    file = write(tmp_path, how, world.release, traffic())[0]
    junk = b'null\n[]\n{}\n7\n"text"\nnot json\n\xff\xfe\n\n'
    file.write_bytes(junk + file.read_bytes())
    found = world.read(how.reader(tmp_path, world.release))
    assert shape(found) == shape(expected)
    assert counted(found.counts) == {"unreadable": 7}


def test_what_is_outside_of_the_window_is_left_out(
    how: Format, world: World, expected: Traffic, tmp_path: Path
) -> None:
    from dataclasses import replace

    rows = rows_of(10, 9)
    edges = (SINCE, NOON.replace(second=1))
    outside = [
        Exchange(number=900 + i, moment=m, rows=rows, predictions=[None] * 10)
        for i, m in enumerate(edges)
    ]
    write(tmp_path, how, world.release, [*outside, *traffic()])
    assert shape(world.read(how.reader(tmp_path, world.release))) == shape(expected)
    inside = replace(outside[0], number=905, moment=NOON)
    write(tmp_path, how, world.release, [inside])
    assert world.read(how.reader(tmp_path, world.release)).counts.rows == 1010


def test_nothing_recorded_is_nothing(how: Format, world: World, tmp_path: Path) -> None:
    found = world.read(how.reader(tmp_path, world.release))
    assert (found.counts.rows, found.newest) == (0, None)
    assert counted(found.counts) == {}


def test_no_file_can_stop_the_reading(how: Format, world: World, tmp_path: Path) -> None:
    """Every file is cut at many places, and bytes in it are changed."""
    import random

    draw = random.Random(1)
    files = write(tmp_path, how, world.release, traffic(count=4, per_request=2))
    whole = {file: file.read_bytes() for file in files}
    for _ in range(60):
        for file, content in whole.items():
            broken = bytearray(content)
            for _ in range(draw.randrange(4)):
                broken[draw.randrange(len(broken))] = draw.randrange(256)
            file.write_bytes(broken[: draw.randrange(len(broken) + 1)])
        found = world.read(how.reader(tmp_path, world.release))
        assert 0 <= found.counts.requests <= 4
