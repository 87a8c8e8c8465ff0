"""What the reference does over time is tolerated, and rows that are alike count for less."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from trimaran_runtime.drift import Profile, compare
from trimaran_runtime.drift.config import DriftConfig, FacetName
from trimaran_runtime.drift.history import MAX_CHUNKS, History
from trimaran_runtime.drift.seasons import Season, Seasons
from trimaran_runtime.errors import Corrupted

CONFIG = DriftConfig()
START = np.datetime64("2026-01-05")  # a Monday


def timed(values: np.ndarray, days: float = 60) -> pa.Table:
    moments = START + (np.arange(len(values)) * days * 86_400e6 / len(values)).astype("m8[us]")
    return pa.table({"when": moments, "x": values})


def history(table: pa.Table) -> tuple[Profile, History]:
    shuffled = table.take(np.random.default_rng(0).permutation(table.num_rows))
    reference = Profile.of(shuffled, ["x"])
    return reference, History.of(shuffled, "when", reference)


def autocorrelated(rows: int, draw: np.random.Generator, resemblance: float = 0.95) -> np.ndarray:
    noise = draw.normal(0, np.sqrt(1 - resemblance**2), rows)
    values, last = np.empty(rows), draw.normal()
    for place in range(rows):
        last = values[place] = resemblance * last + noise[place]
    return values


def test_independent_rows_count_almost_whole_and_differ_less_than_is_tolerated() -> None:
    _, found = history(timed(np.random.default_rng(1).normal(0, 1, 64_000)))
    assert len(found.chunks) == MAX_CHUNKS
    assert 1 <= found.inflation["x"] < 2
    assert found.tolerance("x", FacetName.js, 0.01) < 0.05
    assert found.chunks[0].until < found.chunks[-1].since
    assert History.parse(found.to_json()) == found


def test_rows_that_resemble_their_neighbours_are_known_to() -> None:
    draw = np.random.default_rng(2)
    _, found = history(timed(autocorrelated(64_000, draw)))
    # The mean of such rows varies as of (1 + r) / (1 - r) = 39 times fewer.
    assert 12 < found.inflation["x"] < 60


def test_windows_of_such_rows_raise_no_alarm() -> None:
    draw = np.random.default_rng(3)
    reference, found = history(timed(autocorrelated(64_000, draw, 0.98)))
    windows = [
        Profile.of(pa.table({"x": autocorrelated(2_000, draw, 0.98)}), reference=reference)
        for _ in range(20)
    ]
    drifted = [compare(reference, window, CONFIG, found).drifted for window in windows]
    assert drifted == [()] * 20
    assert any(compare(reference, window, CONFIG).drifted for window in windows)


def test_what_the_reference_did_itself_is_tolerated_and_more_is_not() -> None:
    draw = np.random.default_rng(4)
    season = 0.5 * np.sin(np.linspace(0, 4 * np.pi, 64_000))
    reference, found = history(timed(season + draw.normal(0, 1, 64_000)))
    assert found.tolerance("x", FacetName.ks, 0.01) > 0.1
    peak = Profile.of(pa.table({"x": draw.normal(0.45, 1, 20_000)}), reference=reference)
    beyond = Profile.of(pa.table({"x": draw.normal(1.5, 1, 20_000)}), reference=reference)
    assert compare(reference, peak, CONFIG, found).drifted == ()
    assert compare(reference, peak, CONFIG).drifted == ("x",)
    assert compare(reference, beyond, CONFIG, found).drifted == ("x",)


def test_the_tolerance_is_the_conformal_quantile_when_there_are_chunks_enough() -> None:
    effects = tuple(float(n) for n in range(1, 100))
    found = History(effects={"x": {FacetName.js: effects}})
    assert found.tolerance("x", FacetName.js, 0.01) == 99
    assert found.tolerance("x", FacetName.js, 0.1) == 90
    assert found.tolerance("y", FacetName.js, 0.1) == 0
    few = History(effects={"x": {FacetName.js: (0.1, 0.3, 0.2)}})
    assert few.tolerance("x", FacetName.js, 0.01) == 0.3


def test_few_rows_or_a_row_without_time_give_no_history() -> None:
    values = np.random.default_rng(5).normal(0, 1, 3_999)
    assert history(timed(values))[1] == History()
    table = timed(np.zeros(10_000))
    moments = table["when"].to_pylist()
    moments[3] = None
    reference = Profile.of(table, ["x"])
    table = table.set_column(0, "when", pa.array(moments, pa.timestamp("us")))
    assert History.of(table, "when", reference) == History()


def weekly(rows: int, days: float, draw: np.random.Generator) -> pa.Table:
    """Rows that are one higher on Saturdays and Sundays."""
    table = timed(draw.normal(0, 1, rows), days)
    day = (np.arange(rows) * days / rows).astype(int) % 7
    raised = table["x"].to_numpy() + (day >= 5)
    return table.set_column(1, "x", pa.array(raised))


def seasons(days: float = 56) -> tuple[Profile, Seasons]:
    table = weekly(200_000, days, np.random.default_rng(6))
    reference = Profile.of(table, ["x"])
    return reference, Seasons.of(table, "when", reference)


def test_a_weekend_is_compared_with_weekends() -> None:
    reference, found = seasons()
    assert len(found.hours) == 168
    assert not found.months
    since = datetime(2026, 6, 6, tzinfo=UTC)  # a Saturday
    season = found.choose(since, since + timedelta(days=1), CONFIG.min_rows)
    assert isinstance(season, Season)
    draw = np.random.default_rng(7)
    usual = Profile.of(pa.table({"x": draw.normal(1, 1, 20_000)}), reference=reference)
    odd = Profile.of(pa.table({"x": draw.normal(0, 1, 20_000)}), reference=reference)
    verdict = compare(reference, usual, CONFIG, season=season)
    assert verdict.drifted == ()
    assert "the same hours of the week" in verdict.season
    assert compare(reference, usual, CONFIG).drifted == ("x",)
    assert compare(reference, odd, CONFIG, season=season).drifted == ("x",)


def test_a_range_is_that_of_the_whole_reference_in_every_season() -> None:
    reference, found = seasons()
    since = datetime(2026, 6, 6, tzinfo=UTC)
    season = found.choose(since, since + timedelta(days=1), CONFIG.min_rows)
    values = np.random.default_rng(8).normal(1, 1, 20_000)
    values[:400] = 50
    far = Profile.of(pa.table({"x": values}), reference=reference)
    worst = compare(reference, far, CONFIG, season=season).columns[0]
    assert FacetName.out_of_range in {f.name for f in worst.facets if f.severity.drifted}


@pytest.mark.parametrize(
    ("days", "length", "words"),
    [(20, 1, "less than 4 weeks"), (56, 10, "less than a year")],
)
def test_without_history_enough_the_whole_is_taken_and_said(
    days: float, length: int, words: str
) -> None:
    _, found = seasons(days)
    since = datetime(2026, 6, 6, tzinfo=UTC)
    assert words in str(found.choose(since, since + timedelta(days=length), CONFIG.min_rows))


def test_months_serve_windows_of_a_week_and_more() -> None:
    _, found = seasons(365)
    since = datetime(2026, 6, 28, tzinfo=UTC)
    season = found.choose(since, since + timedelta(days=7), CONFIG.min_rows)
    assert isinstance(season, Season)
    assert season.profile.rows == found.months[6].rows + found.months[7].rows


def test_seasons_are_read_back_and_refuse_what_is_not_theirs() -> None:
    _, found = seasons()
    content = found.to_bytes()
    assert Seasons.from_bytes(content).to_bytes() == content
    for hostile in (b"", content[:-1], content + b"x", content + content[8:], b"x" + content):
        with pytest.raises(Corrupted):
            Seasons.from_bytes(hostile)
