"""Bad releases, each built by the real steps and refused for its own reason; and good ones."""

import os
from pathlib import Path

import pytest

from tests.attacks.case import Attack, Honest, Layer
from tests.attacks.honest import HONEST
from tests.attacks.scene import Stage
from tests.attacks.suite import ATTACKS

FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
SAMPLE = frozenset(
    {
        "too few rows",
        "the target copied",
        "a join with what is known afterwards",
        "rows of the future in train",
        "a unit changed (x 1000)",
        "a class that nobody trusts",
        "predictions that are NaN",
        "a region ruined while the mean improves",
        "a gate that decides by recall",
        "a pickle in place of the model file",
        "a verdict edited",
        "the gate switched off",
        "one byte of the model file, approved",
        "a better model replaces production",
        "the model in production once more",
        "split in the order of time",
        "a tie overridden, with a reason",
    }
)
"""Of every layer, what differs most; all are in the full sweep."""


def params(cases: tuple[Attack, ...] | tuple[Honest, ...]) -> list[object]:
    only = pytest.mark.skipif(not FULL, reason="in the full sweep (TRIMARAN_SWEEP=full)")
    return [
        pytest.param(case, id=case.name, marks=() if case.name in SAMPLE else only)
        for case in cases
    ]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("champions"))


@pytest.mark.parametrize("attack", params(ATTACKS))
def test_a_bad_release_is_refused_for_its_own_reason(
    attack: Attack, stage: Stage, tmp_path: Path
) -> None:
    outcome = stage.play(attack, tmp_path / "run")
    assert outcome.after == outcome.before, outcome.said
    assert outcome.layer == attack.layer, outcome.said
    if attack.layer in {Layer.validation, Layer.gate}:
        assert attack.check in outcome.said
        assert outcome.said.keys() <= {attack.check, *attack.also}, outcome.said
        assert attack.says in outcome.said[attack.check]
    else:
        ((where, message),) = outcome.said.items()
        assert where.startswith(attack.check), message
        assert attack.says in message


@pytest.mark.parametrize("case", params(HONEST))
def test_a_good_release_goes_into_production(case: Honest, stage: Stage, tmp_path: Path) -> None:
    outcome = stage.play(case, tmp_path / "run")
    assert outcome.layer is None, outcome.said
    assert outcome.after == outcome.release is not None
    assert (outcome.after == outcome.before) is case.stays
