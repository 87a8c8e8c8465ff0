"""Verdicts: silent on the same distribution, sure about a material change, honest about doubt."""

import itertools

import numpy as np
import pyarrow as pa
import pytest

from tests.drift.drift_tables import replaced, table_of
from trimaran_runtime.drift import Profile, Verdict, compare
from trimaran_runtime.drift.config import DriftConfig, FacetName
from trimaran_runtime.drift.estimate import Doubt
from trimaran_runtime.drift.facets import comparisons
from trimaran_runtime.drift.verdict import Fault, Severity
from trimaran_runtime.errors import DataError

CONFIG = DriftConfig()
REFERENCE = table_of(60_000, 12345)
PROFILE = Profile.of(REFERENCE)


def judge(table: pa.Table, config: DriftConfig = CONFIG, reference: Profile = PROFILE) -> Verdict:
    return compare(reference, Profile.of(table, reference=reference), config)


@pytest.mark.parametrize("rows", [1_000, 5_000, 20_000])
def test_no_alarm_on_twenty_samples_of_the_same_distribution(rows: int) -> None:
    for seed in range(20):
        verdict = judge(table_of(rows, seed))
        assert verdict.drifted == ()
        assert not verdict.severity.drifted


@pytest.mark.parametrize("rows", [1_000, 5_000])
def test_no_alarm_when_the_reference_is_as_small(rows: int) -> None:
    references = [Profile.of(table_of(rows, seed)) for seed in range(4)]
    for reference, seed in itertools.product(references, range(100, 105)):
        assert judge(table_of(rows, seed), reference=reference).drifted == ()


def test_identical_rows_have_no_effect_at_all() -> None:
    verdict = judge(REFERENCE)
    assert verdict.severity is Severity.ok
    assert all(facet.lower == 0 for column in verdict.columns for facet in column.facets)


def changed(name: str) -> tuple[str, FacetName, pa.Table]:
    table = table_of(20_000, 77)
    draw = np.random.default_rng(5)
    some = lambda share: draw.random(20_000) < share  # noqa: E731
    of = lambda column: table[column].to_numpy(zero_copy_only=False)  # noqa: E731
    beyond = np.where(some(0.02), 9999, of("minute"))
    unseen = np.where(some(0.02), "ZZ", of("levels_20"))
    cases = {
        "shift of 0.3 sd": ("normal", FacetName.ks, of("normal") + 0.3),
        "far from zero": ("far", FacetName.ks, of("far") + 0.6),
        "wider": ("heavy", FacetName.js, of("heavy") * 1.5),
        "another mean count": ("count", FacetName.js, draw.poisson(2.6, 20_000)),
        "missing": ("hour", FacetName.missing, pa.array(of("hour"), mask=some(0.05))),
        "fewer missing": ("sparse", FacetName.missing, draw.normal(0, 1, 20_000)),
        "infinite": ("normal", FacetName.infinite, np.where(some(0.01), np.inf, of("normal"))),
        "out of range": ("minute", FacetName.out_of_range, beyond),
        "new level": ("levels_20", FacetName.new_category, unseen),
        "share": ("levels_5", FacetName.share, np.where(some(0.15), "0", of("levels_5"))),
        "mix of many": ("levels_1000", FacetName.js, np.where(some(0.2), "7", of("levels_1000"))),
        "flag": ("flag", FacetName.share, draw.random(20_000) < 0.4),
        "no longer constant": ("constant", FacetName.ks, np.where(some(0.1), 8.0, 7.0)),
        "between whole numbers": ("hour", FacetName.js, of("hour") + np.where(some(0.2), 0.5, 0.0)),
    }
    column, facet, values = cases[name]
    return column, facet, replaced(table, column, values)


@pytest.mark.parametrize(
    "name",
    [
        "shift of 0.3 sd", "far from zero", "wider", "another mean count", "missing",
        "fewer missing", "infinite", "out of range", "new level", "share", "mix of many", "flag",
        "no longer constant", "between whole numbers",
    ],
)  # fmt: skip
def test_a_material_change_of_one_column_is_found_at_20000_rows_and_nothing_else(name: str) -> None:
    column, facet, table = changed(name)
    verdict = judge(table)
    assert verdict.drifted == (column,)
    worst = verdict.columns[0]
    assert facet in {found.name for found in worst.facets if found.severity.drifted}
    assert column in verdict.sentence
    for found in worst.facets:
        assert found.lower <= found.effect <= found.upper


def test_a_small_change_in_a_million_rows_is_within_tolerance() -> None:
    draw = np.random.default_rng(1)
    reference = Profile.of(pa.table({"x": draw.normal(0, 1, 1_000_000)}))
    verdict = judge(pa.table({"x": draw.normal(0.02, 1, 1_000_000)}), reference=reference)
    assert verdict.severity is Severity.ok


def test_effects_asked_for_alone_are_those_that_come_with_bounds() -> None:
    table = replaced(table_of(5_000, 3), "normal", table_of(5_000, 3)["normal"].to_numpy() + 1)
    current = Profile.of(table, reference=PROFILE)
    for name, column in PROFILE.columns.items():
        for facet, compared in comparisons(column, current.columns[name]).items():
            alone, bounded = (compared(Doubt(risk=1e-4, bounded=b)) for b in (False, True))
            assert (facet, alone.effect) == (facet, bounded.effect)
            assert bounded.lower <= bounded.effect <= bounded.upper


def test_few_rows_leave_doubt_instead_of_peace() -> None:
    verdict = judge(table_of(1_000, 3))
    assert verdict.severity is Severity.too_few_rows
    assert "too few rows to tell" in verdict.sentence.lower()


def test_fewer_rows_than_asked_for_give_no_verdict() -> None:
    broken = replaced(table_of(499, 3), "normal", np.full(499, 1e9))
    verdict = judge(broken)
    assert verdict.severity is Severity.too_few_rows
    assert verdict.drifted == ()
    assert judge(broken, DriftConfig(min_rows=400)).drifted == ("normal",)


def test_no_rows_are_nothing_to_judge() -> None:
    verdict = judge(REFERENCE.slice(0, 0))
    assert verdict.severity is Severity.too_few_rows
    assert verdict.sentence.startswith("Nothing to judge")


def test_missing_new_and_retyped_columns_are_findings() -> None:
    table = table_of(20_000, 9).drop_columns(["normal"])
    table = table.append_column("extra", pa.array(np.zeros(20_000)))
    table = replaced(table, "hour", [str(i % 24) for i in range(20_000)])
    verdict = judge(table)
    assert {(f.column, f.fault) for f in verdict.findings} == {
        ("normal", Fault.missing),
        ("extra", Fault.new),
        ("hour", Fault.retyped),
    }
    assert verdict.severity is Severity.alert
    assert set(verdict.drifted) == {"normal", "hour"}


def test_a_column_that_lost_all_its_values_is_missing_values_not_another_type() -> None:
    verdict = judge(replaced(table_of(20_000, 9), "normal", pa.nulls(20_000)))
    assert verdict.drifted == ("normal",)
    assert verdict.columns[0].facets[0].name is FacetName.missing
    assert verdict.findings == ()


def test_a_timestamp_is_not_blamed_for_moving_on() -> None:
    table = table_of(20_000, 9)
    later = table["when"].to_numpy() + np.timedelta64(365, "D")
    assert judge(replaced(table, "when", later)).drifted == ()


def test_ignored_columns_and_own_tolerances_are_obeyed() -> None:
    column, _, table = changed("missing")
    assert judge(table, DriftConfig(ignore=(column,))).drifted == ()
    assert judge(table, DriftConfig(tolerance={"missing": 0.2})).drifted == ()


def test_profiles_with_other_centres_are_refused() -> None:
    with pytest.raises(DataError, match="reference=reference"):
        compare(PROFILE, Profile.of(table_of(20_000, 1)), CONFIG)


def test_the_verdict_is_the_same_bytes_for_any_partition() -> None:
    table = table_of(20_000, 4)
    parts = [
        Profile.of(table.slice(start, 3_000), reference=PROFILE)
        for start in range(0, 20_000, 3_000)
    ]
    merged = parts[-1]
    for part in parts[:-1]:
        merged = merged.merge(part)
    assert compare(PROFILE, merged, CONFIG).to_json() == judge(table).to_json()
