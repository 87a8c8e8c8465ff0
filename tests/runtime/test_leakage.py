"""Leaks that no single value shows: by parts, by joins, by encodings, over time, over splits."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.runtime.validated import clean, found_in, named
from trimaran_runtime.validation.finding import Finding, Severity

ROWS = 4000
GENERATOR = np.random.default_rng(7)
NOISE = {f"n{i}": GENERATOR.normal(size=ROWS) for i in range(4)}
LABEL = GENERATOR.random(ROWS) < 0.3
NUMBER = GENERATOR.normal(size=ROWS)
SHOPS = GENERATOR.integers(0, 40, ROWS)
SHOP = np.array([f"shop {n}" for n in range(40)])[SHOPS]
TIMES = np.arange(ROWS) * 60_000_000
IS_TRAIN = np.arange(ROWS) < int(0.6 * ROWS)


def the(columns: dict[str, Any], check: str, y: Any = LABEL, **data: Any) -> Finding:
    """The one finding of a check."""
    found = named(found_in({**NOISE, **columns, "y": y}, data), check)
    assert len(found) == 1, found
    return found[0]


def errors(columns: dict[str, Any], y: Any = LABEL, **data: Any) -> tuple[Finding, ...]:
    return found_in({**NOISE, **columns, "y": y}, data).errors


def times(values: Any) -> pa.Array:
    return pa.array(np.asarray(values), pa.timestamp("us"))


@pytest.mark.parametrize("seed", range(50))
def test_honest_tables_have_no_error(seed: int) -> None:
    columns, data = clean(seed)
    assert found_in(columns, data).errors == ()


# parts


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ({"a": NUMBER - NOISE["n0"] * 2, "b": NOISE["n0"] * 3 + 0.001 * NUMBER}, "a sum"),
        ({"a": NUMBER + 5 * SHOPS, "b": SHOPS}, "a sum"),
    ],
)
def test_two_columns_that_add_up_to_the_target(parts: dict[str, Any], word: str) -> None:
    finding = the(parts, "combination", NUMBER, task="regression")
    assert finding.severity is Severity.error
    assert {finding.column, finding.evidence.split()[2]} >= {"a"} or finding.column == "b"
    assert f"gives the target as {word} (R² 1.0000 together)" in finding.evidence


def test_the_part_that_was_not_allowed_is_named() -> None:
    columns = {**NOISE, "y": NUMBER, "a": NUMBER + 5 * SHOPS, "b": SHOPS}
    data = {"task": "regression"}
    (one,) = named(found_in(columns, data, allow=["a"]), "combination")
    assert (one.column, one.severity) == ("b", Severity.error)
    (both,) = named(found_in(columns, data, allow=["a", "b"]), "combination")
    assert both.severity is Severity.note


def test_a_leak_alone_is_not_told_again_as_a_part() -> None:
    found = found_in({**NOISE, "y": NUMBER, "x": NUMBER * 2}, {"task": "regression"})
    assert [finding.check for finding in found.errors] == ["leak"]


def test_two_columns_whose_difference_is_a_class() -> None:
    base = GENERATOR.normal(0, 3, ROWS)
    finding = the({"a": base + LABEL * 2 + GENERATOR.uniform(0, 1, ROWS), "b": base}, "combination")
    assert "(AUC 1.0000 together)" in finding.evidence


def test_a_class_in_every_second_row_hides_no_combination() -> None:
    second, base = np.arange(ROWS) % 2 == 0, GENERATOR.normal(0, 3, ROWS)
    columns = {"a": base + second * 2 + GENERATOR.uniform(0, 1, ROWS), "b": base}
    assert the(columns, "combination", second).severity is Severity.error


def test_a_product_that_is_the_target() -> None:
    price, pieces = np.exp(NUMBER), np.exp(GENERATOR.normal(size=ROWS))
    columns = {"price": price, "pieces": pieces}
    finding = the(columns, "combination", price * pieces, task="regression")
    assert "gives the target as a product" in finding.evidence


def test_a_target_of_many_columns_is_a_warning() -> None:
    finding = the({}, "combination", sum(NOISE.values()), task="regression")
    assert finding.severity is Severity.warning


def test_columns_that_explain_most_of_the_target_are_honest() -> None:
    target = NOISE["n0"] + NOISE["n1"] + GENERATOR.normal(0, 0.2, ROWS)
    assert errors({}, target, task="regression") == ()


BAND = np.digitize(NUMBER, [-0.5, 0.2, 0.9])
BANDS = np.array(["low", "middle", "high", "top"])[BAND]


@pytest.mark.parametrize("y", [BAND, BANDS], ids=["numbers", "names"])
def test_two_columns_whose_sum_falls_into_one_stretch_per_class(y: Any) -> None:
    finding = the({"a": NUMBER - 2 * NOISE["n0"]}, "combination", y)
    assert {finding.column, finding.evidence.split()[2]} == {"a", "n0"}
    assert "gives the target as a sum (AUC 1.0000 together)" in finding.evidence


def test_one_class_of_many_that_is_easily_told_is_honest() -> None:
    kind = np.where(BAND == 3, "far", np.where(LABEL, "b", "c"))
    assert errors({"a": NUMBER - 2 * NOISE["n0"]}, kind) == ()


def test_columns_that_tell_most_rows_of_many_classes_are_honest() -> None:
    seen = NUMBER + GENERATOR.normal(0, 0.2, ROWS)
    assert errors({"a": seen - 2 * NOISE["n0"]}, BANDS) == ()


# joins


@pytest.mark.parametrize("word", ["present", "missing"])
def test_a_column_that_is_there_for_one_class_only(word: str) -> None:
    shown = LABEL & (GENERATOR.random(ROWS) < 0.5)
    mask = ~shown if word == "present" else shown
    finding = the({"x": pa.array(NUMBER, mask=mask)}, "join")
    assert finding.severity is Severity.error
    assert finding.evidence.startswith(f"leak: is {word} in {shown.sum()} rows, all of one class")


def test_values_missing_more_often_for_one_class_are_honest() -> None:
    mask = GENERATOR.random(ROWS) < np.where(LABEL, 0.4, 0.1)
    assert errors({"x": pa.array(NUMBER, mask=mask)}) == ()


@pytest.mark.parametrize(
    ("share", "of", "rows"),
    [(0.3, True, 49), (0.3, False, 60), (0.96, True, 400)],
    ids=["few rows", "a small part of a class", "of a class that nearly all rows are of"],
)
def test_one_class_by_chance_or_for_a_rare_reason_is_honest(
    share: float, of: bool, rows: int
) -> None:
    label = GENERATOR.permutation(ROWS) < share * ROWS
    given = np.zeros(ROWS, dtype=bool)
    given[np.flatnonzero(label == of)[:rows]] = True
    column = pa.array(NUMBER, mask=~given)
    found = found_in({**NOISE, "x": column, "y": label}, max_missing=1.0)
    assert named(found, "join") == []


# encodings


def means(target: Any, rows: Any = slice(None), *, weight: float = 0.0) -> np.ndarray:
    """Mean of the target by shop over some rows, drawn to 0.3 by a weight; by row."""
    sums = np.bincount(SHOPS[rows], np.asarray(target)[rows].astype(float), 40)
    counts = np.bincount(SHOPS[rows], minlength=40)
    return ((sums + 0.3 * weight) / (counts + weight))[SHOPS]


def without_itself(target: Any) -> np.ndarray:
    values = np.asarray(target).astype(float)
    sums, counts = np.bincount(SHOPS, values, 40), np.bincount(SHOPS, minlength=40)
    return (sums[SHOPS] - values) / (counts[SHOPS] - 1)


@pytest.mark.parametrize(
    ("encoded", "group"),
    [
        (means(LABEL), {"shop": SHOP}),
        (means(LABEL, weight=20), {"shop": SHOP}),
        (without_itself(LABEL), {"shop": SHOP}),
        (means(LABEL), {}),
    ],
    ids=["mean", "smoothed", "leave one out", "its column is gone"],
)
def test_a_mean_of_the_target_over_all_rows(encoded: Any, group: dict[str, Any]) -> None:
    finding = the({**group, "x": encoded}, "target-encoding")
    assert finding.severity is Severity.error
    by = "shop" if group else "its own levels"
    assert f"is the mean of the target by {by}, taken over all rows" in finding.evidence


def test_a_mean_of_a_numeric_target() -> None:
    columns = {"shop": SHOP, "x": means(NUMBER)}
    assert the(columns, "target-encoding", NUMBER, task="regression").column == "x"


@pytest.mark.parametrize("encode", [means, without_itself])
def test_the_share_of_one_class_of_many(encode: Any) -> None:
    finding = the({"shop": SHOP, "x": encode(BANDS == "middle")}, "target-encoding", BANDS)
    assert finding.severity is Severity.error
    assert "is the share of one class of the target by shop, taken over all" in finding.evidence


def test_a_mean_of_classes_that_are_numbers() -> None:
    finding = the({"shop": SHOP, "x": means(BAND * 10)}, "target-encoding", BAND * 10)
    assert "is the mean of the target by shop, taken over all rows" in finding.evidence


def test_shares_of_a_class_that_are_of_the_training_rows_or_of_another_year_are_honest() -> None:
    trained = means(BANDS == "middle", IS_TRAIN)
    last_year = means(np.roll(BANDS == "middle", 1000))
    assert errors({"shop": SHOP, "x": trained, "z": last_year}, BANDS) == ()


def test_means_over_the_training_rows_are_honest() -> None:
    assert errors({"shop": SHOP, "x": means(LABEL, IS_TRAIN)}) == ()


def test_few_levels_may_meet_the_means_by_chance() -> None:
    halves = (SHOPS % 4).astype(str)
    by_level = np.array([LABEL[halves == level].mean() for level in "0123"])
    assert errors({"shop": halves, "x": by_level[SHOPS % 4]}) == ()


def test_another_number_by_level_is_honest() -> None:
    assert errors({"shop": SHOP, "x": GENERATOR.random(40)[SHOPS]}) == ()


# time


def test_a_timestamp_after_the_prediction() -> None:
    later = TIMES + np.where(GENERATOR.random(ROWS) < 0.1, 10**6, -(10**6))
    columns = {"at": times(TIMES), "paid": times(later)}
    finding = the(columns, "future", time="at")
    assert (finding.column, finding.severity) == ("paid", Severity.error)
    assert "lies after at in" in finding.evidence
    found = found_in({**NOISE, **columns, "y": LABEL}, {"time": "at"}, allow=["paid"])
    assert named(found, "future")[0].severity is Severity.note


def test_a_timestamp_before_the_prediction_is_honest() -> None:
    columns = {"at": times(TIMES), "opened": times(TIMES - GENERATOR.integers(0, 10**9, ROWS))}
    assert errors(columns, time="at") == ()


@pytest.mark.parametrize("counted", [np.arange(ROWS), -3.5 * np.arange(ROWS)])
def test_a_row_number(counted: Any) -> None:
    finding = the({"at": times(TIMES), "row": counted}, "counter", time="at")
    assert (finding.column, finding.severity) == ("row", Severity.warning)


@pytest.mark.parametrize(("sign", "word"), [(-1, "before"), (1, "after")])
def test_a_few_times_far_from_all_others(sign: int, word: str) -> None:
    stray = TIMES.copy()
    stray[:3] = sign * 2 * 10**15
    finding = the({"at": times(stray)}, "clock", time="at")
    assert f"3 of 4000 rows lie far {word} all others" in finding.evidence


def test_a_number_that_only_goes_along_with_time_is_no_counter() -> None:
    columns = {"at": times(TIMES), "x": np.arange(ROWS) + GENERATOR.normal(0, 200, ROWS)}
    assert named(found_in({**NOISE, **columns, "y": LABEL}, {"time": "at"}), "counter") == []


# splits


def copied(share: float) -> dict[str, Any]:
    """The noise, a share of its test rows replaced by training rows."""
    rows = np.arange(ROWS)
    test = np.flatnonzero(rows >= int(0.8 * ROWS))[: int(share * 0.2 * ROWS)]
    rows[test] = GENERATOR.choice(int(0.6 * ROWS), len(test), replace=False)
    return {**{name: values[rows] for name, values in NOISE.items()}, "y": LABEL[rows]}


def test_training_rows_among_the_test_rows() -> None:
    columns = {**copied(0.1), "id": np.arange(ROWS), "at": times(TIMES)}
    (finding,) = named(found_in(columns, {"id": "id", "time": "at"}), "overlap")
    assert finding.severity is Severity.error
    assert "80 of 800 test rows (10.00%) repeat a training row" in finding.evidence


def test_splits_follow_one_another_in_time_and_no_instant_is_in_two() -> None:
    in_order = {**NOISE, "y": LABEL, "at": times(TIMES)}
    assert named(found_in(in_order, {"time": "at"}), "order") == []
    torn = TIMES.copy()
    torn[int(0.8 * ROWS)] = torn[int(0.8 * ROWS) - 1]
    finding = the({"at": times(torn)}, "order", time="at")
    assert finding.severity is Severity.error
    assert finding.evidence.startswith("1 of 800 validation rows are not before the first of")


def test_rows_of_few_values_repeat_by_themselves() -> None:
    columns = {f"b{i}": GENERATOR.integers(0, 3, ROWS) for i in range(4)}
    found = found_in({**columns, "y": LABEL}, max_duplicates=1.0)
    assert named(found, "overlap") == []


def test_a_column_that_may_name_groups_is_noted() -> None:
    people = GENERATOR.integers(0, 1200, ROWS)
    column = np.array([f"person {n}" for n in range(1200)])[people]
    finding = the({"person": column}, "groups")
    assert finding.severity is Severity.note
    assert "set data.group: person" in finding.advice


def test_few_values_and_values_that_do_not_recur_name_no_groups() -> None:
    split = np.repeat([0, 1, 2], [2400, 800, 800])
    people = np.array([f"{part} {row // 2}" for row, part in enumerate(split)])
    found = found_in({**NOISE, "shop": SHOP, "person": people, "y": LABEL})
    assert named(found, "groups") == []


def test_a_group_that_is_in_two_splits() -> None:
    # Ten rows of each patient, one after the other: the splits end where patients do …
    patients = np.arange(ROWS) // 10
    columns = {**NOISE, "y": LABEL, "patient": patients}
    assert named(found_in(columns, {"group": "patient"}), "groups") == []
    # … until 20 training and 3 validation rows are of patients that the test rows have, too.
    patients[:20], patients[2400:2403] = np.repeat(np.arange(388, 398), 2), 399
    found = named(found_in(columns, {"group": "patient"}), "groups")
    assert [finding.severity for finding in found] == [Severity.error] * 2
    assert {finding.evidence for finding in found} == {
        "10 of 80 groups of the test rows are among the train rows, too",
        "1 of 80 groups of the test rows are among the validation rows, too",
    }


def test_a_split_lacks_no_class_that_is_too_rare_for_all() -> None:
    label = np.where(LABEL, "often", "mostly").astype(object)
    label[:9] = "rare"
    found = found_in({**NOISE, "y": label.tolist()})
    assert named(found, "splits") == []
    label[:10] = "rare"
    found = found_in({**NOISE, "y": label.tolist()})
    assert len(named(found, "splits")) == 2


def test_class_balance_by_split_is_noted_and_kept() -> None:
    found = found_in({**NOISE, "y": LABEL})
    (finding,) = named(found, "balance")
    assert "(train/validation/test)" in finding.evidence
    assert [entry.split for entry in found.balance] == ["train", "validation", "test"]
    assert found.balance[0].classes["True"] == LABEL[IS_TRAIN].sum()


def test_rows_do_not_depend_on_how_they_are_chunked() -> None:
    columns = {**NOISE, "shop": SHOP, "x": means(LABEL), "y": LABEL}
    whole = pa.table(columns)
    pieces = pa.concat_tables([whole.slice(0, 10), whole.slice(10, 3000), whole.slice(3010)])
    assert found_in({n: pieces[n] for n in pieces.column_names}) == found_in(columns)
