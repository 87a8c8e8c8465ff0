"""What validation finds, and what it lets pass."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from trimaran_runtime.config import RunConfig
from trimaran_runtime.errors import ValidationRefused
from trimaran_runtime.validation.columns import Columns
from trimaran_runtime.validation.finding import Finding, Findings, Severity
from trimaran_runtime.validation.identity import identifiers
from trimaran_runtime.validation.separation import (
    Values,
    class_separation,
    number_association,
    rank_auc,
)
from trimaran_runtime.validation.validate import refuse_errors, validate

ROWS = 2000
GENERATOR = np.random.default_rng(0)
NOISE = {f"n{i}": GENERATOR.normal(size=ROWS) for i in range(5)}
TARGET = GENERATOR.random(ROWS) < 0.3
NUMBER = GENERATOR.normal(size=ROWS)


def findings(
    columns: dict[str, object],
    *,
    target: object = TARGET,
    data: dict[str, object] | None = None,
    **validation: object,
) -> Findings:
    config = RunConfig.model_validate(
        {
            "model": "m",
            "data": {"source": "a:b", "target": "y", **(data or {})},
            "training": {"train": "a:b"},
            "validation": validation,
        }
    )
    return validate(pa.table({**NOISE, **columns, "y": target}), config)


def beside_the_lock(found: Findings) -> list[Finding]:
    """All but the note that there is no lock."""
    return [finding for finding in found.findings if finding.check != "lock"]


def only(found: Findings, check: str) -> Finding:
    matching = [finding for finding in found.findings if finding.check == check]
    assert len(matching) == 1, found.findings
    return matching[0]


def test_clean_data_has_no_finding() -> None:
    found = findings({})
    assert beside_the_lock(found) == []
    assert found.summary == "0 errors, 1 note"
    assert only(found, "lock").severity is Severity.note


# leaks

nearly = TARGET + GENERATOR.normal(0, 0.3, ROWS)
partly = np.where(GENERATOR.random(ROWS) < 0.85, nearly, GENERATOR.normal(0.5, 0.5, ROWS))


@pytest.mark.parametrize(
    ("column", "evidence"),
    [
        (TARGET.astype(float), "is a copy or a transform of the target"),
        (~TARGET, "is a copy or a transform of the target"),
        (np.where(TARGET, "late", "on time"), "is a copy or a transform of the target"),
        (-np.exp(TARGET * 3.0), "is a copy or a transform of the target"),
        (nearly, "alone tells the target with AUC 0.9"),
        (-nearly, "alone tells the target with AUC 0.9"),
        (np.where(TARGET, np.nan, NUMBER), "is a copy or a transform of the target"),
        (np.where(TARGET, NUMBER * 0.1, NUMBER + np.sign(NUMBER)), "alone tells the target"),
        (partly, "far ahead of the next column"),
    ],
)
def test_a_column_that_knows_the_answer_is_a_leak(column: object, evidence: str) -> None:
    values = pa.array(column, from_pandas=True)
    finding = only(findings({"x": values}, max_missing=0.9), "leak")
    assert finding.severity is Severity.error
    assert finding.column == "x"
    assert evidence in finding.evidence
    assert "drop 'x'" in finding.advice
    assert "validation.allow" in finding.advice


def test_two_leaks_do_not_hide_each_other() -> None:
    other = np.where(GENERATOR.random(ROWS) < 0.85, nearly, GENERATOR.normal(0.5, 0.5, ROWS))
    found = findings({"x": partly, "z": other})
    assert {finding.column for finding in found.errors} == {"x", "z"}


def test_a_useful_column_is_no_leak() -> None:
    useful = TARGET + GENERATOR.normal(0, 1.5, ROWS)
    assert findings({"x": useful}).errors == ()


def test_several_good_columns_are_no_leaks() -> None:
    columns = {f"x{i}": TARGET + GENERATOR.normal(0, s, ROWS) for i, s in enumerate((0.8, 1, 1.2))}
    assert findings(columns).errors == ()


def test_rare_levels_do_not_look_like_a_leak() -> None:
    # Every level occurs once: a mean taken over the row itself would know every answer.
    names = np.array([f"plane {i}" for i in range(ROWS)])
    assert [f for f in findings({"x": names}).findings if f.check == "leak"] == []


def test_a_column_known_later_is_a_leak_whatever_it_holds() -> None:
    found = findings({"x": NUMBER}, data={"known_later": ["x"]})
    finding = only(found, "leak")
    assert "known only after the prediction is due" in finding.evidence
    assert finding.severity is Severity.error


def test_the_best_of_good_columns_is_no_leak_when_others_come_near() -> None:
    spreads = (0.65, 0.78, 0.9, 1.1)
    columns = {f"x{i}": TARGET + GENERATOR.normal(0, s, ROWS) for i, s in enumerate(spreads)}
    assert beside_the_lock(findings(columns)) == []


def test_a_column_ahead_of_all_others_is_worth_a_look_where_it_is_not_far_from_chance() -> None:
    mixed = np.where(GENERATOR.random(ROWS) < 0.68, nearly, GENERATOR.normal(0.5, 0.5, ROWS))
    finding = only(findings({"x": mixed}), "leak")
    assert finding.severity is Severity.warning
    assert "far ahead of the next column" in finding.evidence
    # Of four columns one is always ahead.
    few = findings({"x": mixed}, data={"exclude": ["n0", "n1"]})
    assert beside_the_lock(few) == []


def test_a_column_known_later_may_be_carried_along() -> None:
    found = findings({"x": TARGET}, data={"known_later": ["x"], "exclude": ["x"]})
    assert found.errors == ()
    # The target is known later by its nature.
    assert findings({}, data={"known_later": ["y"]}).errors == ()


def test_an_allowed_leak_is_noted() -> None:
    finding = only(findings({"x": nearly}, allow=["x"]), "leak")
    assert finding.severity is Severity.note
    assert "allowed by validation.allow" in finding.evidence


def test_the_threshold_is_the_users() -> None:
    useful = TARGET + GENERATOR.normal(0, 0.9, ROWS)
    assert findings({"x": useful}, leak_auc=0.95).errors == ()
    assert only(findings({"x": useful}, leak_auc=0.7), "leak").severity is Severity.error


@pytest.mark.parametrize("column", [NUMBER * 2, np.exp(NUMBER), -NUMBER])
def test_a_transform_of_a_number_is_a_leak(column: object) -> None:
    finding = only(findings({"x": column}, target=NUMBER, data={"task": "regression"}), "leak")
    assert "is a copy or a transform of the target" in finding.evidence


def test_a_column_that_tells_one_of_three_classes_is_a_leak() -> None:
    classes = GENERATOR.integers(0, 3, ROWS)
    found = findings({"x": classes == 2}, target=classes)
    assert only(found, "leak").column == "x"


def test_levels_of_few_rows_tell_nothing_by_those_rows_themselves() -> None:
    pairs = Values(codes=np.arange(ROWS) // 2)
    assert class_separation(pairs, TARGET.astype(np.int64), 2) < 0.6
    assert number_association(pairs, NUMBER) < 0.1


def test_rank_auc_is_the_area_under_the_curve() -> None:
    scores = np.round(nearly, 1)
    assert rank_auc(scores, TARGET) == pytest.approx(roc_auc_score(TARGET, scores))
    assert np.isnan(rank_auc(scores, np.zeros(ROWS, dtype=bool)))


# values


def test_many_missing_values() -> None:
    values = pa.array([None] * 1500 + [1.0] * 500)
    finding = only(findings({"x": values}), "missing")
    assert finding.severity is Severity.error
    assert finding.evidence.startswith("75.0% of the values are missing; at most 50.0%")


def test_infinite_values() -> None:
    values = NUMBER.copy()
    values[:3] = [np.inf, -np.inf, np.inf]
    assert only(findings({"x": values}), "infinite").evidence == "3 of 2000 values are infinite"


def test_a_constant_column_is_noted() -> None:
    finding = only(findings({"x": ["a"] * ROWS}), "constant")
    assert finding.severity is Severity.note
    # Only its last row differs.
    assert beside_the_lock(findings({"x": ["a"] * (ROWS - 1) + ["b"]})) == []


def test_repeated_rows() -> None:
    columns = {name: np.tile(values[: ROWS // 2], 2) for name, values in NOISE.items()}
    target = np.tile(TARGET[: ROWS // 2], 2)
    finding = only(findings(columns, target=target), "duplicates")
    assert finding.severity is Severity.error
    assert "1000 of 2000 rows (50.00%) repeat another row" in finding.evidence
    assert only(findings(columns, target=target, max_duplicates=0.6), "duplicates").severity is (
        Severity.note
    )
    ids = {**columns, "id": np.arange(ROWS)}
    assert only(findings(ids, target=target, data={"id": "id"}), "duplicates").column is None
    memo = {**columns, "memo": np.arange(ROWS)}
    apart = findings(memo, target=target, data={"exclude": ["memo"]})
    assert [f for f in apart.findings if f.check == "duplicates"] == []


@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [(0.0, -0.0, True), (0.0, None, False), ("", None, False), ("a", "a", True)],
)
def test_rows_are_equal_where_their_values_are(first: object, second: object, equal: bool) -> None:
    columns = {name: np.tile(values[: ROWS // 2], 2) for name, values in NOISE.items()}
    columns["x"] = pa.array([first] * (ROWS // 2) + [second] * (ROWS // 2))
    found = findings(columns, target=np.tile(TARGET[: ROWS // 2], 2))
    assert [f.check for f in found.errors] == (["duplicates"] if equal else [])


def test_an_identifier_among_the_features_is_a_warning() -> None:
    finding = only(findings({"x": np.arange(ROWS)}), "identifier")
    assert finding.severity is Severity.warning
    assert "data.id: x" in finding.advice
    assert beside_the_lock(findings({"x": np.arange(ROWS)}, data={"id": "x"})) == []


def test_a_few_values_that_repeat_make_no_identifier() -> None:
    # A glance at a third of the rows meets both rows of one value in nine alone.
    values = np.arange(30_000)
    values[-450:] = values[:450]
    assert identifiers(Columns(pa.table({"x": values})), ["x"]) == []
    assert len(identifiers(Columns(pa.table({"x": np.arange(30_000)})), ["x"])) == 1


def test_of_few_rows_nothing_is_an_identifier() -> None:
    values = pa.array([*range(99), *[None] * (ROWS - 99)], pa.int64())
    found = findings({"x": values}, max_missing=1.0)
    assert [f for f in found.findings if f.check == "identifier"] == []


# target and time


@pytest.mark.parametrize(
    ("target", "task", "evidence"),
    [
        (pa.array([None] * 5 + [True, False] * 997 + [True]), "classification", "5 of 2000 labels"),
        (np.zeros(ROWS), "classification", "all 2000 labels are 0.0: there is nothing to tell"),
        (NUMBER, "classification", "has 2000 distinct labels, more than 100"),
        (np.arange(ROWS) < 4, "classification", "class True has 4 of 2000 rows"),
        (np.full(ROWS, 7.0), "regression", "all 2000 values are equal"),
        (np.where(TARGET, "a", "b"), "regression", "is of type string"),
        (np.where(TARGET, np.inf, NUMBER), "regression", "values are infinite"),
    ],
)
def test_a_bad_target(target: object, task: str, evidence: str) -> None:
    found = findings({}, target=target, data={"task": task})
    assert any(evidence in finding.evidence for finding in found.errors), found.findings


def test_a_small_class_is_a_warning() -> None:
    finding = only(findings({}, target=np.arange(ROWS) < 30), "classes")
    assert finding.severity is Severity.warning


@pytest.mark.parametrize(
    ("rows", "severity"), [(9, "error"), (10, "warning"), (49, "warning"), (50, None)]
)
def test_a_class_needs_ten_rows_and_should_have_fifty(rows: int, severity: str | None) -> None:
    found = findings({}, target=GENERATOR.permutation(ROWS) < rows)
    told = [f.severity.value for f in found.findings if f.check == "classes"]
    assert told == ([severity] if severity else [])


@pytest.mark.parametrize(("classes", "refused"), [(100, False), (101, True)])
def test_a_hundred_classes_are_the_most(classes: int, refused: bool) -> None:
    found = findings({}, target=GENERATOR.permutation(ROWS) % classes)
    assert any("more than 100" in f.evidence for f in found.errors) is refused


def test_a_time_that_is_text_is_refused() -> None:
    found = findings({"at": ["2026-01-01"] * ROWS}, data={"time": "at"})
    assert "which has no order in time" in only(found, "time").evidence


def test_a_missing_time_is_refused() -> None:
    times = pa.array([None, *range(ROWS - 1)], pa.timestamp("us"))
    assert only(findings({"at": times}, data={"time": "at"}), "time").evidence == (
        "1 of 2000 times are missing"
    )


def test_no_feature_left() -> None:
    found = findings({}, data={"exclude": list(NOISE)})
    assert only(found, "features").evidence == "no feature is left of 6 columns"


# rules of the user


@pytest.mark.parametrize(
    ("rule", "check", "evidence"),
    [
        ({"type": "category"}, "type", "is of type number, wanted category"),
        ({"minimum": 0}, "range", "values are below the minimum 0"),
        ({"maximum": 0}, "range", "values are above the maximum 0"),
        ({"nullable": False}, "missing", "1 of 2000 values are missing; none may be"),
    ],
)
def test_a_rule_of_a_number(rule: dict[str, object], check: str, evidence: str) -> None:
    values = pa.array([None, *NUMBER[1:].tolist()])
    found = findings({"x": values}, data={"columns": {"x": rule}})
    assert evidence in only(found, check).evidence


def test_the_ends_of_a_range_are_within_it() -> None:
    rule = {"minimum": float(NUMBER.min()), "maximum": float(NUMBER.max())}
    assert findings({"x": NUMBER}, data={"columns": {"x": rule}}).errors == ()


def test_a_rule_of_levels() -> None:
    levels = np.where(TARGET, "EWR", np.where(NUMBER > 0, "JFK", "LGA"))
    found = findings({"x": levels}, data={"columns": {"x": {"categories": ["EWR", "JFK"]}}})
    assert "levels that are not allowed: 'LGA'" in only(found, "categories").evidence


def test_a_rule_for_a_column_that_is_absent() -> None:
    found = findings({}, data={"columns": {"x": {"nullable": False}}})
    assert only(found, "absent").column == "x"


# the refusal


def test_every_error_is_listed_and_nothing_else() -> None:
    found = findings({"x": TARGET, "z": ["a"] * ROWS, "i": np.arange(ROWS)}, max_duplicates=0)
    with pytest.raises(ValidationRefused) as error:
        refuse_errors(found)
    text = str(error.value)
    assert "1 error, 1 warning, 2 notes: nothing was trained" in text
    assert "✗ x: leak: is a copy" in text
    assert "one value" not in text


def test_warnings_and_notes_do_not_stop_a_run() -> None:
    refuse_errors(findings({"z": ["a"] * ROWS, "i": np.arange(ROWS)}))
