"""Calibration, threshold, error analysis, groups, rivals: each finds what was put there."""

import numpy as np
import pyarrow as pa
import pytest

from trimaran_runtime.data.features import to_frame
from trimaran_runtime.errors import DataError
from trimaran_runtime.evaluation.baseline import constant_prediction
from trimaran_runtime.evaluation.calibration import calibration
from trimaran_runtime.evaluation.config import Aim, ThresholdRule
from trimaran_runtime.evaluation.error_analysis import worst_parts
from trimaran_runtime.evaluation.evaluate import Champion, Measurement, Rows
from trimaran_runtime.evaluation.evaluation import HeldOut
from trimaran_runtime.evaluation.fairness import fairness, share
from trimaran_runtime.evaluation.held_out import held_out
from trimaran_runtime.evaluation.interface import interface_change
from trimaran_runtime.evaluation.predictions import Predictions, predict
from trimaran_runtime.evaluation.rivals import last_values, linear_rival
from trimaran_runtime.evaluation.segments import segments_of
from trimaran_runtime.evaluation.threshold import choose, threshold
from trimaran_runtime.gate.config import Metric, Rate
from trimaran_runtime.registry.release import Feature, Signature

ROWS = 4000


def binary(chance: np.ndarray) -> Predictions:
    scores = np.column_stack([1 - chance, chance])
    return Predictions(scores=scores, labels=(chance >= 0.5).astype(np.int64))


def drawn(seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    generator = np.random.default_rng(seed)
    chance = generator.random(ROWS)
    return (generator.random(ROWS) < chance).astype(np.int64), chance, generator


# Baseline


def test_the_best_constant_is_the_metrics_own() -> None:
    numbers = np.array([0.0, 0.0, 9.0])
    for metric, best in ((Metric.mae, 0.0), (Metric.rmse, 3.0), (Metric.r2, 3.0)):
        found = constant_prediction(metric, numbers, 2, classes=0)
        assert found.scores.tolist() == [[best], [best]]
    rare = np.array([0, 0, 0, 1])
    for metric, label in ((Metric.f1, 1), (Metric.accuracy, 0)):
        answers = constant_prediction(metric, rare, 1, classes=2)
        assert answers.labels is not None
        assert answers.labels.tolist() == [label]
        assert answers.scores.tolist() == [[0.75, 0.25]]


# Calibration


def test_calibrated_answers_have_an_error_that_is_chance_and_shifted_ones_have_theirs() -> None:
    truth, chance, _ = drawn()
    good = calibration(truth, binary(chance))
    shifted = calibration(truth, binary(np.clip(chance + 0.1, 0, 1)))
    assert good is not None
    assert shifted is not None
    assert good.corrected < good.error < 0.025
    assert good.low == 0.0
    assert shifted.corrected == pytest.approx(0.095, abs=0.02)
    assert 0.07 < shifted.low < shifted.corrected < shifted.high < 0.13
    assert good == calibration(truth, binary(chance))


def test_briers_parts_add_up() -> None:
    truth, chance, _ = drawn()
    found = calibration(truth, binary(chance))
    assert found is not None
    parts = found.brier
    total = parts.reliability - parts.resolution + parts.uncertainty + parts.within_bins
    assert total == pytest.approx(np.square(chance - truth).mean())
    assert sum(one.rows for one in found.bins) == ROWS
    assert all(one.low <= one.observed <= one.high for one in found.bins)


def test_what_is_no_probability_has_no_calibration() -> None:
    truth, chance, _ = drawn()
    assert calibration(truth, binary(chance * 3)) is None
    assert calibration(truth, binary(np.where(chance > 0.9, np.nan, chance))) is None


# Threshold


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (ThresholdRule(aim=Aim.youden), 0.5),
        (ThresholdRule(aim=Aim.cost), 0.5),
        # Of a calibrated chance p, the least cost is at cost of a false positive over both costs.
        (ThresholdRule(aim=Aim.cost, false_negative_cost=4), 0.2),
        (ThresholdRule(aim=Aim.cost, false_positive_cost=4), 0.8),
        (ThresholdRule(aim=Aim.f1), 1 / 3),
    ],
)
def test_the_threshold_is_where_theory_has_it(rule: ThresholdRule, expected: float) -> None:
    generator = np.random.default_rng(2)
    chance = generator.random(100_000)
    truth = (generator.random(100_000) < chance).astype(np.int64)
    assert choose(truth, binary(chance), rule) == pytest.approx(expected, abs=0.05)


def test_the_threshold_is_half_way_to_the_next_score_below() -> None:
    truth, chance = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.6, 0.8])
    assert choose(truth, binary(chance), ThresholdRule()) == pytest.approx(0.4)
    assert choose(truth, binary(1 - chance), ThresholdRule()) == pytest.approx(0.2)


def test_a_threshold_says_what_it_does_and_without_two_classes_there_is_none() -> None:
    truth, chance, _ = drawn()
    found = threshold(ThresholdRule(), 0.4, validation=7, truth=truth, given=binary(chance))
    assert found.test.selection_rate == pytest.approx((chance >= 0.4).mean())
    assert found.test.recall == pytest.approx((chance[truth == 1] >= 0.4).mean())
    assert choose(np.zeros(ROWS, dtype=np.int64), binary(chance), ThresholdRule()) is None


# Error analysis


def test_the_part_where_the_model_errs_is_named_and_nothing_else() -> None:
    truth, chance, generator = drawn()
    table = pa.table(
        {
            "shop": generator.choice(["north", "south", "west"], ROWS),
            "age": generator.normal(40, 10, ROWS),
            "noise": generator.normal(size=ROWS),
        }
    )
    features = ["shop", "age", "noise"]
    assert worst_parts(table, features, truth, binary(chance), min_rows=50) == ()
    old = np.asarray(table["age"]) > np.quantile(np.asarray(table["age"]), 0.8)
    ruined = old & (np.asarray(table["shop"]) == "west")
    wrong = np.where(ruined, 1 - chance, chance)
    found = worst_parts(table, features, truth, binary(wrong), min_rows=50)
    assert found[0].where["shop"] == "west"
    assert found[0].where["age"].endswith("or more")
    assert found[0].error > 2 * found[0].overall
    assert all("noise" not in part.where or len(part.where) == 2 for part in found)


def test_parts_that_could_have_been_looked_at_count_in_the_test() -> None:
    rows = np.arange(2000)
    is_a = rows < 1000
    # 1,072 of a thousand pairs of errors against 929: 3.2 standard errors apart.
    errors = np.where(rows % 1000 < np.where(is_a, 536, 464), 2.0, 0.0)
    given = Predictions(scores=np.sqrt(errors).reshape(-1, 1), labels=None)
    table = pa.table(
        {
            "shop": np.where(is_a, "a", "b"),
            "day": [f"day {row % 20}" for row in rows],
            "hour": [f"hour {row // 20 % 20}" for row in rows],
        }
    )
    truth = np.zeros(2000)
    (alone,) = worst_parts(table, ["shop"], truth, given, min_rows=600)
    assert alone.where == {"shop": "a"}
    assert worst_parts(table, ["shop", "day", "hour"], truth, given, min_rows=600) == ()


def test_a_part_of_few_rows_is_passed_over() -> None:
    rows = np.arange(2000)
    given = Predictions(scores=np.where(rows < 40, 9.0, 1.0).reshape(-1, 1), labels=None)
    table = pa.table({"shop": np.where(rows < 40, "tiny", np.where(rows % 2 == 0, "a", "b"))})
    assert worst_parts(table, ["shop"], np.zeros(2000), given, min_rows=41) == ()
    (found,) = worst_parts(table, ["shop"], np.zeros(2000), given, min_rows=40)
    assert found.where == {"shop": "tiny"}


# Groups


def test_the_widest_difference_between_groups_is_found_with_its_interval() -> None:
    truth, chance, _ = drawn()
    levels = np.array(["a", "b"] * (ROWS // 2), dtype=object)
    skewed = np.where(levels == "a", np.clip(chance + 0.2, 0, 1), chance)
    (column,) = fairness(truth, binary(skewed), {"group": levels}, 100)
    gap = next(gap for gap in column.gaps if gap.rate is Rate.selection_rate)
    assert (gap.highest, gap.lowest) == ("a", "b")
    assert gap.low < 0.2 < gap.high
    assert gap.ratio == pytest.approx(0.5 / 0.7, abs=0.05)
    assert gap.chance < 1e-6
    (equal,) = fairness(truth, binary(chance), {"group": levels}, 100)
    assert all(gap.chance > 0.01 for gap in equal.gaps)


def test_the_chance_of_a_difference_is_pearsons_test_of_two_shares_times_the_pairs() -> None:
    from scipy.stats import chi2_contingency

    truth, chance, generator = drawn()
    levels = generator.choice(np.array(["a", "b", "c"], dtype=object), ROWS)
    given = binary(np.where(levels == "a", np.clip(chance + 0.04, 0, 1), chance))
    selected, positive = np.asarray(given.labels) == 1, truth == 1
    among = {
        Rate.selection_rate: np.ones(ROWS, dtype=bool),
        Rate.true_positive_rate: positive,
        Rate.false_positive_rate: ~positive,
    }
    (column,) = fairness(truth, given, {"group": levels}, 100)
    assert [gap.rate for gap in column.gaps] == list(Rate)
    for gap in column.gaps:
        counts = [
            np.bincount(selected[(levels == level) & among[gap.rate]], minlength=2)
            for level in (gap.highest, gap.lowest)
        ]
        p = chi2_contingency(counts, correction=False).pvalue
        assert gap.chance == pytest.approx(min(3 * p, 1.0), rel=1e-6)


def test_the_interval_of_a_difference_is_newcombes() -> None:
    # His example, 56 of 70 against 48 of 80, by method 10 (1998, table II).
    levels = np.array(["a"] * 70 + ["b"] * 80, dtype=object)
    selected = np.array([0.9] * 56 + [0.1] * 14 + [0.9] * 48 + [0.1] * 32)
    (column,) = fairness(np.zeros(150, dtype=np.int64), binary(selected), {"group": levels}, 10)
    gap = next(gap for gap in column.gaps if gap.rate is Rate.selection_rate)
    assert (gap.low, gap.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_groups_are_compared_from_min_rows_on() -> None:
    truth, chance, _ = drawn()
    levels = np.array(["a"] * 100 + ["b"] * 99 + ["c"] * (ROWS - 199), dtype=object)
    (column,) = fairness(truth, binary(chance), {"group": levels}, 100)
    assert [level.level for level in column.levels] == ["a", "c"]


def test_wilsons_interval_is_scipys() -> None:
    from scipy.stats import binomtest

    known = binomtest(3, 40).proportion_ci(method="wilson")
    found = share(3, 40)
    assert (found.low, found.high) == pytest.approx((known.low, known.high))


# Segments, rivals, rows, callers


def test_crossed_segments_are_looked_at_from_min_rows_on() -> None:
    one = np.array(["a"] * 60 + ["b"] * 40, dtype=object)
    other = np.array(["x"] * 50 + ["y"] * 50, dtype=object)
    found, _ = segments_of({"one": one, "other": other}, 40)
    crossed = [(s.level, len(s.rows)) for s in found if s.column == "one x other"]
    assert crossed == [("a x x", 50), ("b x y", 40)]


def test_a_segment_has_vanished_where_less_than_half_of_min_rows_are_left() -> None:
    truth, chance, _ = drawn()
    shops = np.array(["a"] * 249 + ["b"] * 250 + ["c"] * (ROWS - 499), dtype=object)
    rows = HeldOut(fingerprint="sha256:test", rows=ROWS, in_train=0)
    measurement = Measurement(
        metric=Metric.roc_auc,
        rows=Rows(truth=truth, train=truth, classes=2, held_out=rows),
        segments={"shop": shops},
        min_rows=500,
    )
    judged = {
        ("shop", "a"): 800,
        ("shop", "b"): 800,
        ("shop", "gone"): 500,
        ("shop", "small before"): 499,
        ("age", "old"): 800,
    }
    before = Champion(release="c" * 64, same_model=False, judged=judged)
    champion = measurement.of(binary(chance), before).champion
    assert champion is not None
    found = [(one.name, one.before, one.rows) for one in champion.vanished]
    assert found == [("shop=a", 800, 249), ("shop=gone", 500, 0)]


def signature(**kinds: str) -> Signature:
    features = [
        Feature.model_validate({"name": name, "type": kind, "nullable": True})
        for name, kind in kinds.items()
    ]
    return Signature(
        features=tuple(features), target="y", task="classification", classes=(False, True)
    )


@pytest.mark.parametrize(
    ("answers", "chances", "said"),
    [
        ((2,), (3, 2), "gave 2 predictions, wanted 3"),
        ((3,), (2, 2), "gave 2 rows of probabilities, wanted 3"),
        ((3,), (3, 1), "gave 1 probabilities per row, wanted 2"),
    ],
)
def test_answers_are_one_per_row_and_class(
    answers: tuple[int, ...], chances: tuple[int, ...], said: str
) -> None:
    class Model:
        def predict(self, rows: object) -> np.ndarray:
            return np.zeros(answers, dtype=bool)

        def predict_proba(self, rows: object) -> np.ndarray:
            return np.zeros(chances)

    frame = to_frame(pa.table({"x": [1.0, 2.0, 3.0]}), ["x"])
    with pytest.raises(DataError, match=said):
        predict(Model(), frame, signature(x="number"))


def test_the_linear_rival_learns_a_line_whatever_is_missing() -> None:
    generator = np.random.default_rng(1)
    x = generator.normal(size=ROWS)
    truth = (x + generator.normal(size=ROWS) > 0).astype(np.int64)
    columns = {
        "x": pa.array(np.where(generator.random(ROWS) < 0.1, np.nan, x), from_pandas=True),
        "empty": pa.array([None] * ROWS, pa.float64()),
        "shop": pa.array(generator.choice(["n", "s", None], ROWS).tolist(), pa.string()),
        "flag": pa.array((x > 1).tolist()),
    }
    table = pa.table(columns)
    kinds = signature(x="number", empty="number", shop="category", flag="boolean")
    found = linear_rival(table, truth, table, kinds)
    assert found is not None
    assert (found.labels == truth).mean() > 0.7
    assert linear_rival(table, truth, table, signature(shop="text")) is None


def test_the_last_value_is_that_of_the_same_group_before() -> None:
    groups = np.array(["a", "b", "a", "a", "b", "new"], dtype=object)
    found = last_values(groups, np.array([1.0, 2, 3, 4, 5, 6]), 3, classes=0)
    assert found is not None
    assert found.scores[:, 0].tolist() == [3, 2, 3]


def test_rows_that_were_trained_on_are_counted_and_order_is_no_content() -> None:
    train = pa.table({"x": [1.0, 2.0, 3.0], "y": ["a", "b", "c"]})
    test = pa.table({"x": [3.0, 2.0, 9.0], "y": ["c", "other", "z"]})
    found = held_out(test, train)
    assert (found.rows, found.in_train) == (3, 1)
    assert found.fingerprint == held_out(test.take([2, 0, 1]), train).fingerprint


def test_order_and_wider_types_break_nobody() -> None:
    before = signature(a="integer", b="category", c="number")
    same = interface_change(before, signature(c="number", b="text", a="number", d="number"))
    assert (same.gone, same.retyped, same.answers) == ((), {}, "")
    assert same.added == ("d",)
    broken = interface_change(before, signature(a="category", b="category"))
    assert broken.gone == ("c",)
    assert broken.retyped == {"a": "integer → category"}
    narrower = interface_change(before, signature(a="integer", b="category", c="integer"))
    assert narrower.retyped == {"c": "number → integer"}
    others = before.model_copy(update={"classes": ("no", "yes")})
    assert interface_change(before, others).answers == "classes [False, True] → ['no', 'yes']"
