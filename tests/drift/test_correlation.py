"""Correlations: exact in any order, silent when only margins or missing values move, and found."""

import itertools
import random
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from tests.drift.drift_tables import replaced, table_of
from trimaran_runtime.drift import Profile, Verdict, compare
from trimaran_runtime.drift.binary import Reader, Writer
from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.drift.correlation import NormalScores
from trimaran_runtime.drift.key import HIGHEST, KEY_BY_RAW, LOWEST
from trimaran_runtime.drift.normal_score import LIMIT, NormalScoreTable
from trimaran_runtime.drift.score_sums import EXACT_ROWS, ScoreSums
from trimaran_runtime.drift.verdict import Severity
from trimaran_runtime.errors import Corrupted, DataError

ROWS = 20_000


def linked(rows: int, seed: int, rho: float) -> pa.Table:
    """The 20 columns of `table_of`, and a pair of normal ones of this correlation."""
    draw = np.random.default_rng(1000 + seed)
    one, other = draw.normal(size=rows), draw.normal(size=rows)
    table = table_of(rows, seed).append_column("pair_1", pa.array(np.exp(one)))
    second = rho * one + np.sqrt(1 - rho * rho) * other
    return table.append_column("pair_2", pa.array(second))


@pytest.fixture(scope="module")
def reference() -> Profile:
    table = linked(60_000, 12345, 0.8)
    return Profile.of(table).with_correlation(table)


def judge(reference: Profile, table: pa.Table) -> Verdict:
    return compare(reference, Profile.of(table, reference=reference), DriftConfig())


def test_a_lost_correlation_is_found_ten_times_of_ten_and_named(reference: Profile) -> None:
    for seed in range(10):
        verdict = judge(reference, linked(ROWS, seed, 0.2))
        assert verdict.correlations is not None
        assert [pair.columns for pair in verdict.correlations.pairs] == [("pair_1", "pair_2")]
        found = verdict.correlations.pairs[0]
        assert found.severity is verdict.severity is Severity.alert
        assert found.before == pytest.approx(0.8, abs=0.02)
        assert found.now == pytest.approx(0.2, abs=0.03)
        assert found.lower < found.effect < found.upper
        assert "the correlation of pair_1 and pair_2 went from 0.80 to 0." in verdict.sentence
        # Each column alone is as it was: nothing else would have shown it.
        assert verdict.drifted == ()


def test_no_correlation_is_found_on_ten_samples_of_the_same_distribution(
    reference: Profile,
) -> None:
    for seed in range(10):
        verdict = judge(reference, linked(ROWS, seed, 0.8))
        assert verdict.correlations is not None
        assert verdict.correlations.moved == 0
        assert verdict.correlations.compared == 78
        assert not verdict.severity.drifted


@pytest.mark.parametrize("rows", [600, 1_000, 5_000])
def test_no_alarm_on_few_rows_of_pairs_that_are_far_out_together(rows: int) -> None:
    def jointly(size: int, seed: int) -> pa.Table:
        draw = np.random.default_rng(seed)
        wide = draw.exponential(size=(size, 1)) ** 2
        signs = draw.choice([-1.0, 1.0], size=(size, 12))
        values = wide * (1 + draw.random((size, 12)) / 10) * signs
        return pa.table({f"x{n:02}": values[:, n] for n in range(12)})

    for seed in range(10):
        table = jointly(rows, seed)
        found = Profile.of(table).with_correlation(table)
        # Fisher's z alone raises a false alarm here: these vary thrice as much.
        assert found.correlation is not None
        assert np.median(found.correlation.inflation[np.triu_indices(12, 1)]) > 1.7
        verdict = judge(found, jointly(rows, 100 + seed))
        assert verdict.correlations is not None
        assert verdict.correlations.moved == 0


def test_more_missing_values_change_no_correlation(reference: Profile) -> None:
    table = linked(ROWS, 3, 0.8)
    some = np.random.default_rng(4).random(ROWS) < 0.4
    values = table["pair_2"].to_numpy()
    for gaps in (pa.array(values, mask=some), pa.array(np.where(some, np.nan, values))):
        verdict = judge(reference, replaced(table, "pair_2", gaps))
        assert verdict.correlations is not None
        assert verdict.correlations.moved == 0
        assert verdict.drifted == ("pair_2",)


def test_margins_that_move_leave_the_correlation_alone(reference: Profile) -> None:
    table = linked(ROWS, 3, 0.8)
    for name in ("normal", "pair_2"):
        table = replaced(table, name, table[name].to_numpy() + 1.5)
    verdict = judge(reference, table)
    assert set(verdict.drifted) == {"normal", "pair_2"}
    assert verdict.correlations is not None
    assert verdict.correlations.moved == 0


def test_both_kinds_of_missing_value_and_of_zero_count_alike() -> None:
    both = pa.array([None, float("nan"), -0.0, 0.0, 1.0, 2.0] * 200)
    nulls = pa.array([None, None, 0.0, 0.0, 1.0, 2.0] * 200)
    other = pa.array(np.arange(1200.0))
    whole = Profile.of(pa.table({"a": nulls, "b": other})).with_correlation(
        pa.table({"a": nulls, "b": other})
    )
    assert Profile.of(pa.table({"a": both, "b": other}), reference=whole) == whole


def test_correlations_are_those_of_the_rows_that_have_both_values() -> None:
    draw = np.random.default_rng(5)
    values = draw.multivariate_normal([0, 0, 0], [[1, 0.7, 0], [0.7, 1, 0], [0, 0, 1]], 30_000)
    gaps = draw.random(30_000) < 0.3
    table = pa.table({"a": values[:, 0], "b": pa.array(values[:, 1], mask=gaps), "c": values[:, 2]})
    found = Profile.of(table).with_correlation(table).correlation
    assert found is not None
    assert found.pairs.tolist()[0] == [30_000, int((~gaps).sum()), 30_000]
    expected = np.corrcoef(values[~gaps][:, :2].T)[0, 1]
    assert found.correlations[0, 1] == pytest.approx(expected, abs=0.003)
    assert np.allclose(np.diag(found.correlations), 1)


def test_the_largest_products_of_a_block_still_add_up_exactly() -> None:
    assert LIMIT * LIMIT * EXACT_ROWS < 2**24


def test_sums_are_those_of_a_plain_loop_in_whole_numbers() -> None:
    table = table_of(9_000, 2).select(["heavy", "sparse", "rarely_infinite", "hour", "inflated"])
    scores = NormalScoreTable.of(Profile.of(table))
    found = NormalScores.of(table, scores)
    rows = [
        [place_of(scores, at, value) for at, value in enumerate(row.values())]
        for row in table.select(list(scores.columns)).to_pylist()
    ]
    for i, j in itertools.product(range(5), repeat=2):
        both = [(r[i], r[j]) for r in rows if r[i] is not None and r[j] is not None]
        assert found.pairs[i, j] == len(both)
        assert found.products[i, j] == sum(a * b for a, b in both)
        assert found.sums[i, j] == sum(a for a, _ in both)
        assert found.squares[i, j] == sum(a * a for a, _ in both)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.floats(width=64), min_size=2, max_size=40),
    st.lists(st.floats(-1e3, 1e3), max_size=200),
)
def test_a_key_has_the_score_of_its_middle_rank_whether_or_not_it_occurs(
    wide: list[float], near: list[float]
) -> None:
    table = pa.table({"x": pa.array([*wide, *near], pa.float64())})
    profile = Profile.of(table)
    scores = NormalScoreTable.of(profile)
    assume(scores.columns)
    with np.errstate(over="ignore", invalid="ignore"):
        distance = np.array([*wide, *near]) - np.float64(scores.centres[0] or -0.0)
        raw = distance.astype(np.float32).view(np.uint32) >> 16
    counts = np.bincount(KEY_BY_RAW[raw], minlength=1 << 16)[LOWEST : HIGHEST + 1]
    rank = (np.cumsum(counts) - counts / 2) / counts.sum()
    cuts = np.array([NormalDist().cdf((cut + 0.5) / 12) for cut in range(-LIMIT, LIMIT)])
    by_key = np.empty(1 << 16, np.int64)
    by_key[KEY_BY_RAW] = scores.scores[0]
    found = by_key[LOWEST : HIGHEST + 1] + LIMIT
    # Where a rank is on a cut, rounding decides.
    assert (found >= np.searchsorted(cuts, rank - 1e-9)).all()
    assert (found <= np.searchsorted(cuts, rank + 1e-9)).all()


def place_of(scores: NormalScoreTable, column: int, value: float) -> int | None:
    if np.isnan(value):
        return None
    distance = np.float32(value - scores.centres[column])
    return int(scores.scores[column][distance.view(np.uint32) >> 16])


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(width=64)),
            st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
            st.one_of(st.none(), st.integers(-3, 3)),
        ),
        min_size=4,
        max_size=60,
    ),
    st.lists(st.integers(0, 60), min_size=2, max_size=6),
    st.randoms(use_true_random=False),
)
def test_any_partition_merged_in_any_order_gives_the_same_bytes(
    rows: list[tuple[object, ...]], cuts: list[int], order: random.Random
) -> None:
    types = {"f": pa.float64(), "i": pa.int64(), "s": pa.int8()}
    table = pa.table(
        {
            name: pa.array([row[at] for row in rows], kind)
            for at, (name, kind) in enumerate(types.items())
        }
    )
    whole = Profile.of(table).with_correlation(table)
    places = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    parts = [
        Profile.of(table.slice(start, end - start), reference=whole)
        for start, end in itertools.pairwise(places)
    ]
    while len(parts) > 1:
        one, other = parts.pop(order.randrange(len(parts))), parts.pop(order.randrange(len(parts)))
        parts.append(one.merge(other))
    assert parts[0].to_bytes() == whole.to_bytes()


def test_blocks_of_chunked_columns_give_the_same_bytes(reference: Profile) -> None:
    table = linked(30_000, 8, 0.5)
    chunked = pa.table(
        {
            name: pa.chunked_array(
                [table[name].slice(0, 7 + at).combine_chunks(), table[name].slice(7 + at).chunk(0)]
            )
            for at, name in enumerate(table.column_names)
        }
    )
    one, other = (Profile.of(t, reference=reference) for t in (table, chunked))
    assert one.to_bytes() == other.to_bytes()
    assert Profile.from_bytes(one.to_bytes()).correlation is not None
    assert Profile.from_bytes(one.to_bytes()) == one


def test_threads_and_batches_give_the_same_bytes() -> None:
    draw = np.random.default_rng(3)
    table = pa.table({name: draw.normal(size=120_000) for name in "abc"})
    whole = Profile.of(table).with_correlation(table)
    for threads in (1, 2, 3):
        assert Profile.of(table, reference=whole, threads=threads) == whole
    batches = table.to_batches(max_chunksize=50_001)
    assert Profile.of_batches(batches, reference=whole) == whole


@pytest.mark.parametrize(("columns", "rows"), [(3, 40_000), (140, 18_000)])
def test_values_missing_in_some_blocks_alone_give_the_sums_of_whole_numbers(
    columns: int, rows: int
) -> None:
    # Products of whole numbers in float64 are exact.
    draw = np.random.default_rng(columns)
    values = draw.normal(size=(rows, columns))
    # In the first block of one column, in the last of another, everywhere in a third.
    values[:5_000, 0] = values[-5_000:, 1] = np.nan
    values[draw.random(rows) < 0.3, 2] = np.nan
    table = pa.table({f"x{n:03}": values[:, n] for n in range(columns)})
    scores = NormalScoreTable.of(Profile.of(table))
    found = NormalScores.of(table, scores, threads=1)
    distance = (values - np.array(scores.centres)).astype(np.float32)
    place = distance.view(np.uint32) >> 16
    score = np.stack([scores.scores[n][place[:, n]] for n in range(columns)]) * 1.0
    some = ~np.isnan(values.T) * 1.0
    weight = np.rint(score**2 / LIMIT)
    with threadpool_limits(limits=1, user_api="blas"):
        assert (found.pairs == some @ some.T).all()
        assert (found.products == score @ score.T).all()
        assert (found.sums == score @ some.T).all()
        assert (found.squares == score**2 @ some.T).all()
        assert (found.weights == weight @ weight.T).all()
    assert (found.weight_sums == weight.sum(axis=1)).all()


def test_a_product_has_one_thread_of_blas_however_many_of_ours_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used: set[int] = set()
    add = ScoreSums.add

    def watched(sums: ScoreSums, batch: pa.RecordBatch) -> None:
        pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
        used.update(pool["num_threads"] for pool in pools)
        add(sums, batch)

    monkeypatch.setattr(ScoreSums, "add", watched)
    draw = np.random.default_rng(3)
    table = pa.table({name: draw.normal(size=120_000) for name in "abc"})
    scores = NormalScoreTable.of(Profile.of(table))
    with threadpool_limits(limits=2, user_api="blas"):
        for threads in (1, 2):
            NormalScores.of(table, scores, threads=threads)
    assert used == {1}


def test_scores_of_another_reference_are_refused(reference: Profile) -> None:
    table = linked(2_000, 1, 0.8)
    own = Profile.of(table).with_correlation(table)
    with pytest.raises(DataError, match="different references"):
        compare(reference, replace(Profile.of(table, reference=reference),
                                   correlation=own.correlation), DriftConfig())  # fmt: skip


def test_a_column_that_became_text_or_went_away_is_no_pair(reference: Profile) -> None:
    table = linked(ROWS, 1, 0.8).drop_columns(["normal"])
    table = replaced(table, "pair_2", ["x"] * ROWS)
    verdict = judge(reference, table)
    assert verdict.correlations is not None
    assert verdict.correlations.moved == 0
    assert verdict.correlations.compared == 55


def test_tables_without_numbers_have_no_pairs() -> None:
    for columns in ({"c": ["a", "b"] * 600}, {"x": [1.0] * 1200}, {"x": list(range(1200))}):
        table = pa.table(columns)
        found = Profile.of(table).with_correlation(table)
        verdict = judge(Profile.from_bytes(found.to_bytes()), table)
        assert verdict.correlations is not None
        assert verdict.correlations.compared == 0


def test_impossible_sums_are_refused(reference: Profile) -> None:
    scores = reference.correlation
    assert scores is not None
    for wrong in (
        replace(scores, pairs=scores.pairs * 0),
        replace(scores, products=scores.products + 10**9),
        replace(scores, squares=scores.squares * 100),
        replace(scores, columns=scores.columns[:-1]),
        replace(scores, columns=scores.columns[::-1]),
    ):
        with pytest.raises((Corrupted, OverflowError)):
            Profile.from_bytes(replace(reference, correlation=wrong).to_bytes())


def test_bytes_that_were_tampered_with_never_do_more_than_fail(reference: Profile) -> None:
    writer = Writer()
    assert reference.correlation is not None
    described = reference.correlation.describe(writer)
    import zlib

    plain, draw = bytearray(writer.plain()), random.Random(6)
    for _ in range(200):
        content = bytearray(plain)
        for _ in range(draw.randrange(1, 4)):
            content[draw.randrange(len(content))] = draw.randrange(256)
        try:
            found = NormalScores.restore(described, Reader(zlib.compress(bytes(content), 1)))
        except ValueError:
            continue
        with np.errstate(all="raise"):
            assert found.merge(found).correlations.shape == found.pairs.shape
