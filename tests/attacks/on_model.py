"""Attacks on the model: training, evaluation and the gate refuse them."""

from typing import Any

from tests.attacks.case import Attack, Layer

_SEGMENTS = ("segment region=north", "segment region=south", "segment region=west")
_QUALITY = ("floor", "baseline", "champion", *_SEGMENTS)
"""What a model without any worth fails, beside its cause."""


def rogue(kind: str) -> dict[str, Any]:
    """A model inside of a class of our own."""
    return {
        "training.parameters": {"rogue": kind},
        "training.trusted_types": [f"rogues.{kind}"],
    }


def _at_training(name: str, says: str, check: str = "pipeline.train", **case: Any) -> Attack:
    return Attack(name=name, says=says, check=check, layer=Layer.training, **case)


def _at_gate(name: str, check: str, says: str, **case: Any) -> Attack:
    return Attack(name=name, says=says, check=check, layer=Layer.gate, **case)


TRAINING = (
    _at_training(
        "a lambda inside of the model",
        "the model holds a lambda or local function",
        fit="holds_a_lambda",
    ),
    _at_training(
        "a class that nobody trusts",
        "the model file holds types that are not trusted: rogues.Overconfident",
        "pipeline.trusted_types",
        fit="rogue",
        config={"training.parameters": {"rogue": "Overconfident"}},
    ),
    _at_training(
        "what was learned is not in the file",
        "the Forgetful predicts otherwise after it was saved and read back",
        fit="rogue",
        config=rogue("Forgetful"),
    ),
    _at_training(
        "predictions by dice",
        "the Dice predicts otherwise after it was saved and read back",
        fit="rogue",
        config=rogue("Dice"),
    ),
    _at_training(
        "predictions in place of a model",
        "returned ndarray, which has no predict",
        fit="predictions_only",
    ),
    _at_training(
        "labels that are no classes",
        "the model predicts 'perhaps', which is none of its classes",
        fit="rogue",
        config=rogue("Foreign"),
    ),
    _at_training(
        "fewer answers than rows",
        "the model gave 999 predictions, wanted 1000",
        "model",
        fit="rogue",
        config=rogue("Short"),
    ),
    _at_training("code that raises", "no_such_column", "fits:raises", fit="raises"),
)
QUALITY = (
    _at_gate(
        "labels shuffled before the fit",
        "baseline",
        "best constant 0.5",
        fit="shuffled",
        also=_QUALITY,
    ),
    _at_gate(
        "labels shuffled in the table",
        "baseline",
        "best constant 0.5",
        table=lambda table: table.assign(
            repaid=table["repaid"].sample(frac=1, random_state=3).to_numpy()
        ),
        also=_QUALITY,
    ),
    _at_gate("labels inverted", "champion", "wanted more than 0", fit="inverted", also=_QUALITY),
    _at_gate(
        "training rows known by heart",
        "baseline",
        "best constant 0.5",
        fit="memorised",
        also=_QUALITY,
    ),
    _at_gate(
        "predictions that are NaN",
        "finite predictions",
        "predictions are NaN or infinite",
        fit="rogue",
        config=rogue("Nan"),
        also=(*_QUALITY, "varying predictions"),
    ),
    _at_gate(
        "predictions that are NaN for one region",
        "finite predictions",
        "predictions are NaN or infinite",
        fit="rogue",
        config=rogue("NanInTheWest"),
        also=_QUALITY,
    ),
    _at_gate(
        "infinite predictions",
        "finite predictions",
        "predictions are NaN or infinite",
        fit="rogue",
        config=rogue("Infinite"),
        also=_QUALITY,
    ),
    _at_gate(
        "one answer for every row",
        "varying predictions",
        "predicts the same for every row",
        fit="constant",
        also=_QUALITY,
    ),
    _at_gate(
        "not better than a constant, and nobody to compare with",
        "baseline",
        "best constant 0.5",
        fit="of_noise",
        champion="",
        config={"gate.floor": None},
    ),
    _at_gate("below the floor", "floor", "< 0.95", champion="", config={"gate.floor": 0.95}),
    _at_gate(
        "below the floor of a further metric",
        "floor recall",
        "recall",
        config={"gate.floors": {"recall": 0.99}},
    ),
    _at_gate(
        "worse than production",
        "champion",
        "wanted more than 0",
        fit="weak",
        champion="sound",
        also=_SEGMENTS,
    ),
    _at_gate(
        "a tie with production",
        "champion",
        "a tie on the same rows",
        fit="same_answers",
    ),
    _at_gate(
        "a gain that may be chance",
        "champion",
        "may be chance",
        fit="rounded",
        champion="sound",
    ),
    _at_gate(
        "a gain that is too small to be worth it",
        "champion",
        "wanted more than 0.3",
        config={"gate.champion": {"must_beat_by": 0.3}},
    ),
    _at_gate(
        "a region ruined while the mean improves",
        "segment region=west",
        "> 0.02",
        fit="ruins_west",
    ),
    _at_gate(
        "probabilities that do not come true",
        "calibration",
        "> 0.05",
        fit="rogue",
        config={**rogue("Overconfident"), "gate.max_calibration_error": 0.05},
    ),
    _at_gate(
        "a region that is hardly ever said yes to",
        "fairness region",
        "selection_rate of",
        fit="rogue",
        config={
            **rogue("Biased"),
            "gate.fairness": {"rate": "selection_rate", "max_difference": 0.1},
        },
    ),
    _at_gate(
        "a slow model",
        "latency",
        "not within 10 ms",
        fit="rogue",
        config={**rogue("Slow"), "gate.max_latency_ms": 10},
    ),
    _at_gate(
        "an oversized model",
        "size",
        "MiB > 1",
        fit="rogue",
        config={**rogue("Large"), "gate.max_size_mib": 1},
    ),
    _at_gate(
        "another model from the same seed",
        "reproducible",
        "a second training gave another model file",
        fit="unseeded",
        config={"training.check_reproducible": True},
    ),
)
INTERFACE = (
    _at_gate(
        "a column dropped that callers send",
        "interface",
        "column noise is gone",
        config={"data.exclude": ["at", "noise"]},
    ),
    _at_gate(
        "a column gone that production needs",
        "champion",
        "it needs column noise, which the table no longer has",
        table=lambda table: table.drop(columns="noise"),
        also=("interface",),
    ),
    _at_gate(
        "a column retyped that callers send",
        "interface",
        "column branch was retyped: category → integer",
        table=lambda table: table.assign(branch=table["branch"].str[1:].astype(int)),
        also=("champion",),
    ),
    _at_gate(
        "other classes",
        "interface",
        "classes [False, True] → ['no', 'yes']",
        table=lambda table: table.assign(repaid=table["repaid"].map({True: "yes", False: "no"})),
        also=("champion",),
    ),
)
ON_MODEL = (*TRAINING, *QUALITY, *INTERFACE)
