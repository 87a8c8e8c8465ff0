"""Attacks on the gate itself: on its rules, and on what it judges by."""

from typing import Any

import numpy as np

from tests.attacks import deeds
from tests.attacks.case import Attack, Layer


def _rules(name: str, says: str, config: dict[str, Any], **case: Any) -> Attack:
    return Attack(name=name, says=says, config=config, check="thresholds", layer=Layer.gate, **case)


RULES = (
    _rules("the floor lowered without a word", "floor 0.6 → 0.5", {"gate.floor": 0.5}),
    _rules(
        "the gate switched off",
        "floor 0.6 → none; baseline was turned off",
        {"gate": {"baseline": False, "champion": {"must_beat_by": -1, "alpha": 0.49}}},
    ),
    _rules(
        "another metric",
        "metric roc_auc → log_loss",
        {"gate.metric": "log_loss"} | {"gate.floor": 0.9},
    ),
    _rules("segments no longer compared", "data.segments lost region", {"data.segments": []}),
    _rules(
        "segments that may lose more",
        "segments.max_drop 0.02 → 0.2",
        {"gate.segments": {"max_drop": 0.2, "min_rows": 100}},
    ),
    _rules(
        "segments too small to be judged",
        "segments.min_rows 100 → 5000",
        {"gate.segments": {"max_drop": 0.02, "min_rows": 5000}},
    ),
    _rules("more chance allowed", "champion.alpha 0.05 → 0.4", {"gate.champion": {"alpha": 0.4}}),
    _rules(
        "limits taken away, with the reason of an earlier change",
        "gate.loosened_because is still the reason of an earlier change",
        {"gate.loosened_because": "the first rules"},
        champion="strict",
    ),
    Attack(
        name="a gate that decides by recall",
        config={"gate.metric": "recall"},
        layer=Layer.configuration,
        check="gate",
        says="recall alone decides nothing",
    ),
    Attack(
        name="a rule that does not exist",
        config={"gate.disabled": True},
        layer=Layer.configuration,
        check="gate.disabled",
        says="Extra inputs are not permitted",
    ),
)
EVIDENCE = (
    Attack(
        name="measured on training rows",
        after={"train": deeds.measured_on_train},
        layer=Layer.gate,
        check="test rows",
        says="2398 of 2398 test rows are training rows too",
    ),
    Attack(
        name="training rows among the test rows",
        after={"train": deeds.train_among_test},
        layer=Layer.gate,
        check="test rows",
        says="test rows are training rows too",
    ),
    Attack(
        name="production measured on other rows",
        after={"evaluate": deeds.edited("evaluation/evaluation.json", deeds.other_champion_rows)},
        layer=Layer.gate,
        check="test rows",
        says="production was asked about other rows than the new model",
    ),
    Attack(
        name="a segment left out of the test rows",
        after={"train": deeds.without_the_west},
        layer=Layer.gate,
        check="segment region=west",
        says="0 test rows",
    ),
    Attack(
        name="a segment left out of the table",
        table=lambda table: table[table["region"] != "west"],
        layer=Layer.gate,
        check="segment region=west",
        says="0 test rows",
    ),
    Attack(
        name="a segment of which hardly a row is left",
        table=lambda table: table[(table["region"] != "west") | (np.arange(len(table)) % 8 == 0)],
        layer=Layer.gate,
        check="segment region=west",
        says="test rows",
    ),
    Attack(
        name="a leak, and validation's refusal ignored",
        table=lambda table: table.assign(paid_back=table["repaid"]),
        ignored="validate",
        layer=Layer.gate,
        check="leaks",
        says="paid_back: leak: is a copy or a transform of the target",
        also=("validation",),
    ),
    Attack(
        name="errors in the data, and validation's refusal ignored",
        table=lambda table: table.assign(savings=np.nan),
        ignored="validate",
        layer=Layer.gate,
        check="validation",
        says="1 error",
    ),
)
ON_GATE = (*RULES, *EVIDENCE)
