"""The domain classifier: silent without drift, sure with it, and able to say where it is."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from tests.drift.drift_tables import replaced
from trimaran_runtime.drift import Profile, compare
from trimaran_runtime.drift.classifier_verdict import Influence
from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.drift.domain_classifier import area, separate
from trimaran_runtime.drift.root_cause import LEAST_LOSS, causes
from trimaran_runtime.drift.row_sample import RowSample
from trimaran_runtime.drift.shift_segment import explain_shift
from trimaran_runtime.drift.verdict import Severity
from trimaran_runtime.errors import DataError

ROWS = 3_000


def table_of(rows: int, seed: int, rho: float = 0.8) -> pa.Table:
    """Two normal columns of a correlation, a skewed one, one with gaps, two of levels, a time."""
    draw = np.random.default_rng(seed)
    one, other = draw.normal(size=rows), draw.normal(size=rows)
    return pa.table(
        {
            "one": one,
            "other": rho * one + np.sqrt(1 - rho * rho) * other,
            "skewed": draw.lognormal(3, 1, rows),
            "gaps": np.where(draw.random(rows) < 0.15, np.nan, draw.normal(size=rows)),
            "level": pa.array(draw.choice(list("abcde"), rows, p=[0.4, 0.3, 0.15, 0.1, 0.05])),
            "shop": pa.array([f"s{n}" for n in draw.zipf(1.6, rows) % 700]),
            "when": pa.array(draw.integers(0, 10**9, rows) + seed * 10**9, pa.timestamp("us")),
        }
    )


def referring(table: pa.Table, rows: int = ROWS) -> Profile:
    return Profile.of(table).with_sample(table, rows=rows)


def samples(reference: Profile, table: pa.Table) -> tuple[RowSample, RowSample]:
    current = Profile.of(table, reference=reference)
    assert reference.sample is not None
    assert current.sample is not None
    return reference.sample, current.sample


REFERENCE = referring(table_of(ROWS, 1))


def test_no_alarm_on_four_samples_of_the_same_distribution() -> None:
    z = []
    for seed in range(100, 104):
        found = separate(*samples(REFERENCE, table_of(ROWS, seed)), influences=False)
        assert found is not None
        z.append((found.auc - 0.5) / found.error)
        # Times went on all the while: they tell nothing.
        assert found.judge(0.01).severity is Severity.ok
    assert np.abs(z).max() < 3


def test_a_lost_correlation_is_found_each_time_though_no_column_moved() -> None:
    for seed in range(4):
        found = separate(*samples(REFERENCE, table_of(ROWS, seed + 50, rho=0.2)))
        assert found is not None
        verdict = found.judge(0.001)
        assert verdict.severity.drifted
        assert verdict.lower < verdict.auc < verdict.upper
        assert {one.column for one in verdict.influences[:2]} == {"one", "other"}


def test_the_answer_is_the_same_each_time_and_in_any_order() -> None:
    table = table_of(ROWS, 7, rho=0.2)
    shuffled = table.take(np.random.default_rng(0).permutation(ROWS))
    first, second = (separate(*samples(REFERENCE, t)) for t in (table, shuffled))
    assert first is not None
    assert second is not None
    assert first.judge(0.001) == second.judge(0.001)
    assert np.array_equal(first.ratio, second.ratio)


def test_identical_rows_cannot_be_told_apart() -> None:
    assert REFERENCE.sample is not None
    found = separate(REFERENCE.sample, REFERENCE.sample)
    assert found is not None
    assert found.auc == pytest.approx(0.5, abs=1e-9)
    assert found.influences == ()


def test_columns_that_were_not_recorded_are_not_looked_at_and_centres_have_to_fit() -> None:
    found = separate(*samples(REFERENCE, table_of(ROWS, 8).drop_columns(["gaps", "level"])))
    assert found is not None
    assert found.judge(0.01).severity is Severity.ok
    other = referring(table_of(ROWS, 8))
    assert other.sample is not None
    assert REFERENCE.sample is not None
    with pytest.raises(DataError, match="different centres"):
        separate(REFERENCE.sample, other.sample)


def test_few_different_rows_are_judged_by_how_often_they_occur() -> None:
    def levels(shares: list[float], seed: int) -> pa.Table:
        drawn = np.random.default_rng(seed).choice(list("abc"), 4_000, p=shares)
        return pa.table({"level": pa.array(drawn)})

    reference = referring(levels([0.5, 0.3, 0.2], 1))
    same = separate(*samples(reference, levels([0.5, 0.3, 0.2], 2)))
    moved = separate(*samples(reference, levels([0.3, 0.3, 0.4], 3)))
    assert same is not None
    assert moved is not None
    assert same.judge(0.01).severity is Severity.ok
    assert moved.judge(0.01).severity is Severity.warn
    # Exact: of two rows of different sides, how often the likelier one for now is now's.
    assert moved.auc == pytest.approx(0.62, abs=0.02)
    ratio = dict(zip(np.argsort(np.argsort(-moved.ratio)).tolist(), moved.ratio, strict=True))
    assert sorted(ratio.values()) == [
        pytest.approx(0.6, abs=0.1), pytest.approx(1.0, abs=0.1), pytest.approx(2.0, abs=0.25)
    ]  # fmt: skip


def test_the_weighted_area_is_scikit_learns() -> None:
    draw = np.random.default_rng(4)
    side, weights = draw.integers(0, 2, 500), draw.integers(1, 5, 500).astype(float)
    scores = np.round(draw.normal(side * 0.5, 1), 1)
    expected = roc_auc_score(side, scores, sample_weight=weights)
    assert area(scores, side, weights) == pytest.approx(expected)
    assert area(scores, side * 0, weights) == 0.5


def test_ratios_turn_the_reference_into_the_current_rows() -> None:
    table = table_of(ROWS, 8)
    moved = replaced(table, "one", table["one"].to_numpy() + 0.5)
    before, now = samples(REFERENCE, moved)
    found = separate(before, now)
    assert found is not None
    column = before.columns["one"]
    values = column.values()  # type: ignore[union-attr]
    assert np.average(values) == pytest.approx(0, abs=0.08)
    assert np.average(values, weights=found.ratio) == pytest.approx(0.45, abs=0.15)


def test_samples_that_are_too_small_or_share_nothing_are_not_judged() -> None:
    small = samples(REFERENCE, table_of(150, 2))
    assert separate(*small) is None
    other = pa.table({"x": np.arange(1000.0)})
    assert REFERENCE.sample is not None
    assert separate(REFERENCE.sample, samples(referring(other), other)[1]) is None


def test_the_verdict_names_the_columns_and_the_segments() -> None:
    table = table_of(ROWS, 9)
    draw = np.random.default_rng(3)
    few = (table["one"].to_numpy() > 1) & (draw.random(ROWS) < 0.8)
    level = np.where(few, "e", table["level"].to_numpy(zero_copy_only=False))
    current = Profile.of(replaced(table, "level", level), reference=REFERENCE)
    verdict = compare(REFERENCE, current, DriftConfig())
    assert verdict.classifier is not None
    assert verdict.classifier.severity is Severity.warn
    assert "a classifier tells current rows from reference rows, mostly by" in verdict.sentence
    assert verdict.classifier.segments[0].columns == ("level", "one")
    said = verdict.classifier.segments[0].sentence
    assert said.startswith("level is 'e' and one is 1.")
    assert said.endswith("before")
    assert b'"segments":[{' in verdict.to_json()
    assert compare(REFERENCE, current, DriftConfig(ignore=("level",))).classifier is not None


def test_ignored_columns_are_not_looked_at() -> None:
    table = table_of(ROWS, 9)
    moved = replaced(table, "one", table["one"].to_numpy() + 3)
    before, now = samples(REFERENCE, moved)
    found = separate(before, now, ignore=("one",))
    assert found is not None
    assert found.judge(0.01).severity is Severity.ok
    assert explain_shift(before, now, risk=0.01, ignore=("one",)) == ()
    assert "one" in explain_shift(before, now, risk=0.01)[0].columns


def test_segments_come_largest_first_and_explain_what_others_leave() -> None:
    table = table_of(ROWS, 10)
    draw = np.random.default_rng(3)
    level = np.where(draw.random(ROWS) < 0.3, "c", table["level"].to_numpy(zero_copy_only=False))
    moved = replaced(replaced(table, "level", level), "gaps", pa.nulls(ROWS, pa.float64()))
    found = explain_shift(*samples(REFERENCE, moved), risk=0.01)
    assert [one.sentence.split(":")[0] for one in found[:2]] == [
        "gaps is missing",
        "level is 'c'",
    ]
    assert found[0].now == 1
    assert found[1].now == pytest.approx(0.4, abs=0.05)
    # What levels lost is explained by what one gained.
    assert all("level" not in one.columns for one in found[2:])


def test_no_segment_is_named_without_drift() -> None:
    for seed in range(100, 110):
        assert explain_shift(*samples(REFERENCE, table_of(ROWS, seed)), risk=0.05) == ()


def test_causes_are_ranked_by_importance_times_effect() -> None:
    table = table_of(20_000, 9)
    moved = replaced(table, "one", table["one"].to_numpy() + 1.0)
    moved = replaced(moved, "skewed", moved["skewed"].to_numpy() * 1.3)
    reference = Profile.of(table)
    verdict = compare(reference, Profile.of(moved, reference=reference), DriftConfig())
    assert set(verdict.drifted) == {"one", "skewed"}
    assert verdict.drifted[0] == "one"
    found = causes(verdict, {"skewed": 3.0, "one": 0.05, "level": 1.0})
    assert [cause.column for cause in found] == ["skewed", "one"]
    assert sum(cause.share for cause in found) == pytest.approx(1)
    assert found[0].sentence.startswith("skewed, which makes 74% of the model's answers: ")
    unknown = causes(verdict, {})
    assert [cause.column for cause in unknown] == ["one", "skewed"]
    assert sum(cause.share for cause in unknown) == pytest.approx(1)
    assert unknown[0].sentence.startswith("one: ")


def test_columns_that_moved_only_together_are_causes_and_no_others_are() -> None:
    for seed in range(4):
        current = Profile.of(table_of(ROWS, seed + 50, rho=0.2), reference=REFERENCE)
        verdict = compare(REFERENCE, current, DriftConfig())
        assert verdict.drifted == ()
        found = causes(verdict, {"other": 2.0, "one": 1.0, "skewed": 9.0})
        assert [cause.column for cause in found] == ["other", "one"]
        assert found[0].influence >= LEAST_LOSS
        assert found[0].sentence.startswith(
            "other, which makes 17% of the model's answers: it did not drift by itself; "
            "a classifier tells the rows apart by it (AUC 0."
        )


def test_of_columns_that_moved_alike_the_one_that_tells_the_rows_apart_comes_first() -> None:
    table, draw = table_of(20_000, 9), np.random.default_rng(1)

    def moved(table: pa.Table) -> pa.Table:
        # Both move alike; what one says of the move, `gaps` says with much noise.
        marks = draw.random(20_000) < 0.3
        one = np.where(marks, table["one"].to_numpy() + 3, table["one"].to_numpy())
        found = replaced(table, "one", one)
        return replaced(found, "gaps", table["gaps"].to_numpy() + 0.5 * marks)

    reference = referring(table, rows=10_000)
    current = Profile.of(moved(table_of(20_000, 10)), reference=reference)
    verdict = compare(reference, current, DriftConfig())
    found = causes(verdict, {})
    assert found[0].column == "one"
    assert found[0].influence > found[1].influence
    without = causes(replace(verdict, classifier=None), {})
    assert all(cause.influence == 0 for cause in without)
    assert sum(cause.share for cause in found) == pytest.approx(1)
    assert found[0].share > {c.column: c.share for c in without}["one"]


def test_a_classifier_that_found_nothing_makes_no_cause() -> None:
    current = Profile.of(table_of(ROWS, 8), reference=REFERENCE)
    verdict = compare(REFERENCE, current, DriftConfig())
    assert verdict.classifier is not None
    assert causes(verdict, {"one": 1.0}) == ()
    chance = replace(verdict.classifier, influences=(Influence(column="one", loss=0.3),))
    assert causes(replace(verdict, classifier=chance), {"one": 1.0}) == ()
