"""The gate's decision, check by check: nothing undefined, and nothing unproven, passes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran_runtime.evaluation.evaluation import Evaluation
from trimaran_runtime.gate.config import GateConfig
from trimaran_runtime.gate.judge import judge
from trimaran_runtime.gate.record import GateRecord
from trimaran_runtime.gate.segments import holm
from trimaran_runtime.registry.release import Check, Verdict
from trimaran_runtime.validation.finding import Finding, Findings, Severity

CLEAN = Findings(rows=1000, columns=3, findings=())


def gain(value: float | None, error: float | None = 0.001) -> dict[str, Any]:
    return {"value": value, "standard_error": error}


def evaluation(**changes: Any) -> Evaluation:
    document: dict[str, Any] = {
        "metric": "roc_auc",
        "estimate": {"value": 0.75, "low": 0.74, "high": 0.76},
        "metrics": {"roc_auc": 0.75},
        "predictions": {"rows": 1000, "not_finite": 0, "distinct": 900},
        "held_out": {"fingerprint": "sha256:test", "rows": 1000, "in_train": 0},
        "size_bytes": 3 << 20,
        "baseline": {"value": 0.5, "gain": gain(0.25)},
        "champion": None,
        "segments": [],
        "unlisted_levels": {},
        **changes,
    }
    return Evaluation.model_validate(document)


def champion(**changes: Any) -> dict[str, Any]:
    return {
        "release": "c" * 64,
        "same_model": False,
        "incompatible": "",
        "value": 0.74,
        "gain": gain(0.01),
        **changes,
    }


def segment(
    level: str, drop: float | None, *, rows: int = 1000, error: float | None = 0.005
) -> Any:
    return {
        "column": "shop",
        "level": level,
        "rows": rows,
        "estimate": {"value": None if drop is None else 0.75 - drop},
        "champion": 0.75,
        "gain": gain(None if drop is None else -drop, error),
    }


def rules(columns: tuple[str, ...] = ("shop",), /, **config: Any) -> GateRecord:
    return GateRecord(gate=GateConfig.model_validate(config), segments=columns, fairness=("shop",))


def decide(found: Evaluation, findings: Findings = CLEAN, **config: Any) -> Verdict:
    return judge(found, findings, rules(**config))


def check(verdict: Verdict, name: str) -> Check:
    return next(check for check in verdict.checks if check.name == name)


def test_a_good_first_model_is_accepted_and_says_that_nobody_was_compared() -> None:
    verdict = decide(evaluation(), floor=0.7)
    assert verdict.accepted
    assert verdict.interval == (0.74, 0.76)
    assert [c.name for c in verdict.checks if c.judged] == [
        "validation",
        "leaks",
        "test rows",
        "finite predictions",
        "varying predictions",
        "floor",
        "baseline",
    ]
    assert check(verdict, "champion").detail == "nothing is in production"


@pytest.mark.parametrize(
    ("changes", "config", "name"),
    [
        ({"predictions": {"rows": 1000, "not_finite": 1, "distinct": 8}}, {}, "finite predictions"),
        (
            {"predictions": {"rows": 1000, "not_finite": 0, "distinct": 1}},
            {},
            "varying predictions",
        ),
        (
            {"predictions": {"rows": 1000, "not_finite": 9, "distinct": 0}},
            {},
            "varying predictions",
        ),
        ({}, {"floor": 0.76}, "floor"),
        ({"baseline": {"value": 0.5, "gain": gain(0.001, 0.001)}}, {}, "baseline"),
        ({"baseline": {"value": 0.5, "gain": gain(0.0, 0.0)}}, {}, "baseline"),
        ({"baseline": {"value": 0.5, "gain": gain(0.2, None)}}, {}, "baseline"),
        ({"baseline": {"value": None, "gain": gain(None, None)}}, {}, "baseline"),
        ({"champion": champion(gain=gain(0.2, None))}, {}, "champion"),
        ({"champion": champion(gain=gain(None, None))}, {}, "champion"),
        ({"champion": champion(gain=gain(-0.01))}, {}, "champion"),
        ({"champion": champion(gain=gain(0.0, 0.0))}, {}, "champion"),
        ({"champion": champion(gain=gain(0.01, 0.01))}, {}, "champion"),
        ({"champion": champion()}, {"champion": {"must_beat_by": 0.01}}, "champion"),
        ({"champion": champion(gain=None, incompatible="gone")}, {}, "champion"),
    ],
)
def test_one_failed_check_refuses(
    changes: dict[str, Any], config: dict[str, Any], name: str
) -> None:
    verdict = decide(evaluation(**changes), **config)
    assert not verdict.accepted
    assert not check(verdict, name).passed


def test_errors_in_the_data_refuse() -> None:
    error = Finding(severity=Severity.error, check="leak", column="x", evidence="knows")
    verdict = decide(evaluation(), Findings(rows=9, columns=1, findings=(error,)))
    assert not check(verdict, "validation").passed
    assert not check(verdict, "leaks").passed
    assert not verdict.accepted


@pytest.mark.parametrize("metric", ["log_loss", "brier", "rmse", "mae"])
def test_for_a_loss_the_floor_is_a_ceiling(metric: str) -> None:
    loss = {"metric": metric, "estimate": {"value": 0.4}, "metrics": {metric: 0.4}}
    assert check(decide(evaluation(**loss), floor=0.5), "floor").passed
    assert not check(decide(evaluation(**loss), floor=0.3), "floor").passed


def test_the_baseline_can_be_switched_off() -> None:
    weak = evaluation(baseline={"value": 0.5, "gain": gain(-1.0)})
    assert decide(weak, baseline=False).accepted


def test_the_gain_must_be_shown_not_only_seen() -> None:
    # 1.8 standard errors: enough on one side (1.64), and not on two (1.96).
    likely = evaluation(champion=champion(gain=gain(0.009, 0.005)))
    assert decide(likely, champion={"alpha": 0.05}).accepted
    verdict = decide(likely, champion={"alpha": 0.01})
    assert not verdict.accepted
    assert "may be chance" in check(verdict, "champion").detail


def test_a_tie_is_refused_and_called_one() -> None:
    verdict = decide(evaluation(champion=champion(value=0.75, gain=gain(0.0, 0.0))))
    assert "a tie on the same rows" in check(verdict, "champion").detail


def test_the_model_in_production_is_no_rival_of_itself() -> None:
    verdict = decide(evaluation(champion=champion(same_model=True, gain=gain(0.0, 0.0))))
    assert verdict.accepted
    assert verdict.champion == "c" * 64


def test_a_lost_model_in_production_is_told_and_refuses_nobody() -> None:
    verdict = decide(evaluation(champion=champion(gain=None, lost="it was altered")))
    assert verdict.accepted
    told = check(verdict, "champion")
    assert not told.judged
    assert "lost, nothing to compare with: it was altered" in told.detail


def test_a_negative_margin_accepts_an_equal_model() -> None:
    equal = evaluation(champion=champion(gain=gain(0.0, 0.0)))
    assert decide(equal, champion={"must_beat_by": -0.001}).accepted


# segments


def with_segments(*segments: Any) -> Evaluation:
    return evaluation(champion=champion(), segments=list(segments))


def test_a_segment_that_loses_too_much_refuses_a_model_that_gains() -> None:
    verdict = decide(with_segments(segment("a", 0.05), segment("b", -0.05)))
    assert not verdict.accepted
    refused = check(verdict, "segment shop=a")
    assert refused.detail == (
        "roc_auc 0.7000, production 0.7500, drop 0.0500 > 0.02 (n=1000, p<1e-06)"
    )
    assert check(verdict, "segment shop=b").passed


def test_a_segment_is_judged_from_min_rows_on() -> None:
    assert not decide(with_segments(segment("a", 0.5, rows=500))).accepted


def test_a_small_drop_is_allowed_however_sure() -> None:
    assert decide(with_segments(segment("a", 0.019, error=0.0001))).accepted


def test_a_drop_that_may_be_chance_passes_but_says_what_it_cannot_rule_out() -> None:
    verdict = decide(with_segments(segment("a", 0.03, error=0.03)))
    assert verdict.accepted
    assert "1000 rows cannot rule out a drop of 0.0793 (limit 0.02)" in (
        check(verdict, "segment shop=a").detail
    )


def test_a_drop_without_a_standard_error_is_not_excused() -> None:
    assert not decide(with_segments(segment("a", 0.03, error=None))).accepted


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (segment("a", 0.5, rows=499), "499 rows, fewer than 500: not judged"),
        (segment("a", None), "is undefined there"),
    ],
)
def test_what_cannot_be_judged_is_reported_and_says_so(found: Any, reason: str) -> None:
    verdict = decide(with_segments(found))
    assert verdict.accepted
    reported = check(verdict, "segment shop=a")
    assert not reported.judged
    assert reason in reported.detail


def test_a_segment_whose_rows_were_left_out_refuses() -> None:
    gone = {"column": "shop", "level": "a", "before": 800, "rows": 200}
    left = champion(vanished=[gone])
    verdict = decide(evaluation(champion=left, segments=[segment("a", 0.0, rows=200)]))
    (refused,) = (c for c in verdict.checks if c.name == "segment shop=a")
    assert not refused.passed
    assert "200 test rows, production was judged on 800" in refused.detail
    assert not verdict.accepted


def test_without_a_champion_segments_are_reported() -> None:
    alone = {**segment("a", 0.0), "champion": None, "gain": None}
    reported = check(decide(evaluation(segments=[alone])), "segment shop=a")
    assert not reported.judged
    assert "no champion to compare with" in reported.detail


def test_many_small_levels_of_an_equal_model_do_not_refuse_it_by_chance() -> None:
    # The largest of twenty drops of pure noise: two standard errors.
    levels = [segment(str(i), 0.04 if i == 0 else 0.0, error=0.02) for i in range(20)]
    assert decide(with_segments(*levels)).accepted


@given(st.dictionaries(st.text(min_size=1), st.floats(0, 1), max_size=8), st.floats(0.001, 0.4))
def test_holm_is_between_bonferroni_and_no_correction(
    chances: dict[str, float], alpha: float
) -> None:
    found = holm(chances, alpha)
    assert {n for n, p in chances.items() if p <= alpha / max(len(chances), 1)} <= found
    assert found <= {n for n, p in chances.items() if p <= alpha}


def test_holm_steps_down_and_stops_at_the_first_that_may_be_chance() -> None:
    # Bonferroni would spare the second.
    assert holm({"a": 0.01, "b": 0.03}, 0.05) == {"a", "b"}
    assert holm({"a": 0.03, "b": 0.04}, 0.05) == set()


def test_holm_never_passes_an_undefined_chance() -> None:
    assert holm({"a": float("nan")}, 0.05) == set()
