"""Tables of scores add up exactly, and are read back or refused."""

import random
import zlib
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from trimaran_runtime.drift import Profile
from trimaran_runtime.drift.binary import Reader, Writer
from trimaran_runtime.drift.score_table import UNIT, ScoreTable
from trimaran_runtime.errors import DataError

DRAW = np.random.default_rng(1)
SCORES = np.where(DRAW.random(5_000) < 0.02, np.nan, DRAW.beta(1, 3, 5_000))
CHOSEN = SCORES >= 0.5
TRUTH = np.where(DRAW.random(5_000) < 0.3, -1, DRAW.random(5_000) < np.nan_to_num(SCORES))
SHOPS = DRAW.choice(["north", "south", "west"], 5_000).tolist()
WHOLE = ScoreTable.of(SCORES, CHOSEN, TRUTH, segments={"shop": SHOPS})


def written(table: ScoreTable) -> tuple[object, bytes]:
    writer = Writer()
    return table.describe(writer), writer.plain()


def part(rows: np.ndarray) -> ScoreTable:
    return ScoreTable.of(
        SCORES[rows], CHOSEN[rows], TRUTH[rows],
        reference=WHOLE, segments={"shop": [SHOPS[n] for n in rows]},
    )  # fmt: skip


def test_every_row_is_in_the_cell_of_its_score_prediction_and_class() -> None:
    scores = np.array([0.1, 0.1, 0.4, 0.6, 0.9, 0.9, np.nan])
    table = ScoreTable.of(scores, scores > 0.5, [0, 1, -1, 1, 1, 0, 1], bins=3)
    assert table.edges.tolist() == [0.4, 0.9]
    assert table.cells.tolist() == [
        [[1, 1, 0], [0, 0, 0]],
        [[0, 0, 1], [0, 1, 0]],
        [[0, 0, 0], [1, 1, 0]],
    ]
    assert (table.rows, table.labelled, table.unread) == (6, 5, 1)
    assert table.moments[:, 0] / UNIT == pytest.approx([0.2, 1.0, 1.8], abs=1e-5)


def test_bins_hold_about_as_many_rows_each_and_a_repeated_score_is_one() -> None:
    rows = WHOLE.cells.sum(axis=(1, 2))
    assert len(rows) == 128
    assert len(part(np.arange(300)).edges) == 127
    assert len(ScoreTable.of(SCORES[:600], CHOSEN[:600]).edges) == 18
    assert rows.max() - rows.min() <= 2
    for scores in (np.full(50, 0.3), np.zeros(0), np.ones(3), np.full(4, np.nan)):
        found = ScoreTable.of(scores, scores > 0.5)
        assert len(found.edges) == 0
        assert found.rows == int((~np.isnan(scores)).sum())


@pytest.mark.parametrize("seed", range(5))
def test_any_partition_merged_in_any_order_gives_the_same_bytes(seed: int) -> None:
    draw = random.Random(seed)
    owner = np.random.default_rng(seed).integers(0, draw.randrange(2, 9), 5_000)
    parts = [part(np.flatnonzero(owner == n)) for n in np.unique(owner)]
    while len(parts) > 1:
        one, other = (parts.pop(draw.randrange(len(parts))) for _ in range(2))
        parts.append(one.merge(other))
    assert written(parts[0]) == written(WHOLE)
    assert written(part(np.arange(0)).merge(WHOLE)) == written(WHOLE)


def test_segments_add_up_to_the_whole_and_may_appear_later() -> None:
    tables = WHOLE.segments["shop"]
    assert list(tables) == ["north", "south", "west"]
    assert np.array_equal(sum(table.cells for table in tables.values()), WHOLE.cells)
    north = part(np.flatnonzero(np.array(SHOPS) == "north"))
    rest = part(np.flatnonzero(np.array(SHOPS) != "north"))
    assert written(north.merge(rest)) == written(WHOLE)


def test_a_table_is_a_part_of_a_profile_and_read_back() -> None:
    profile = replace(Profile.of(pa.table({"x": [1.0]})), scores=WHOLE)
    found = Profile.from_bytes(profile.to_bytes())
    assert isinstance(found.scores, ScoreTable)
    assert written(found.scores) == written(WHOLE)
    assert isinstance(found.merge(profile).scores, ScoreTable)


def test_tables_with_other_bins_and_scores_that_are_none_are_refused() -> None:
    with pytest.raises(DataError, match="same `reference`"):
        WHOLE.merge(ScoreTable.of(SCORES[:100], CHOSEN[:100]))
    for wrong in (1.5, -0.1, np.inf):
        with pytest.raises(DataError, match="0 to 1"):
            ScoreTable.of([wrong], [True])


def test_impossible_tables_are_refused() -> None:
    for wrong in (
        replace(WHOLE, edges=WHOLE.edges[::-1]),
        replace(WHOLE, edges=WHOLE.edges * np.nan),
        replace(WHOLE, cells=WHOLE.cells * 0),
        replace(WHOLE, moments=WHOLE.moments * 1000),
    ):
        described, plain = written(wrong)
        with pytest.raises(ValueError, match=r"."):
            ScoreTable.restore(described, Reader(zlib.compress(plain)))  # type: ignore[arg-type]
    described, plain = written(WHOLE)
    for wrong in ({"bins": 10**9, "segments": {}}, {"bins": 0, "segments": {}},
                  {"bins": 128, "segments": {"a": [str(n) for n in range(9999)]}}):  # fmt: skip
        with pytest.raises(ValueError, match=r"."):
            ScoreTable.restore(wrong, Reader(zlib.compress(plain)))


def test_bytes_that_were_tampered_with_never_do_more_than_fail() -> None:
    described, plain = written(WHOLE)
    draw = random.Random(6)
    for _ in range(200):
        content = bytearray(plain)
        for _ in range(draw.randrange(1, 4)):
            content[draw.randrange(len(content))] = draw.randrange(256)
        try:
            found = ScoreTable.restore(described, Reader(zlib.compress(bytes(content), 1)))  # type: ignore[arg-type]
        except ValueError:
            continue
        found.merge(found)
