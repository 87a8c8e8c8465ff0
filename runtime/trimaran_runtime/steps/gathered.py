"""What the earlier steps left, put together as a release."""

from pathlib import Path

from pydantic import ValidationError

from trimaran_runtime.data.parquet import read_parquet
from trimaran_runtime.data.split import SplitRecord
from trimaran_runtime.data.table import RECORD as DATA_RECORD
from trimaran_runtime.data.table import DataRecord
from trimaran_runtime.errors import ConfigError, Corrupted
from trimaran_runtime.evaluation.evaluation import Evaluation
from trimaran_runtime.evaluation.predictions import truth_of
from trimaran_runtime.explain.explanation import EXPLANATION, Explanation
from trimaran_runtime.gate.record import GATE, record_of
from trimaran_runtime.lowering.record import (
    LOWERED,
    LOWERED_ROLE,
    LOWERING,
    LOWERING_ROLE,
    Lowering,
)
from trimaran_runtime.monitoring.predictions import PREDICTION, PROBABILITY
from trimaran_runtime.registry.card_page import Answers
from trimaran_runtime.registry.environment import current_environment
from trimaran_runtime.registry.publish import Result
from trimaran_runtime.registry.release import Lineage, Verdict
from trimaran_runtime.steps.reference import reference_profiles
from trimaran_runtime.steps.step import Context
from trimaran_runtime.storage.digest import canonical_json, digest_of
from trimaran_runtime.training.record import MODEL, TrainingRecord
from trimaran_runtime.training.record import RECORD as TRAINING_RECORD
from trimaran_runtime.training.search_record import SEARCH
from trimaran_runtime.validation.finding import Findings

_ROLES = {
    "evaluation": ("evaluation", "evaluation.json"),
    "explanation": ("evaluation", EXPLANATION),
    "findings": ("findings", "findings.json"),
    LOWERED_ROLE: ("evaluation", LOWERED),
    LOWERING_ROLE: ("evaluation", LOWERING),
    "training": ("model", TRAINING_RECORD),
    "search": ("model", SEARCH),
    "split": ("splits", "split.json"),
}
"""Port and file of an earlier step, by the role of the file in the release."""
_MAY_LACK = frozenset({"explanation", "search", LOWERED_ROLE})
"""Roles whose file is not there when it was not asked for."""


def gathered(context: Context) -> Result:
    """The release of a run, from the inputs of the step `register`.

    Raises:
        ConfigError: a parameter of the step is missing.
        Corrupted: a record of an earlier step is not there, or cannot be read.
    """
    inputs, config = context.inputs, context.config
    explanation = inputs["evaluation"] / EXPLANATION
    training = TrainingRecord.parse((inputs["model"] / TRAINING_RECORD).read_bytes())
    evaluation = (inputs["evaluation"] / "evaluation.json").read_bytes()
    findings = (inputs["findings"] / "findings.json").read_bytes()
    return Result(
        model_name=config.model,
        model=(inputs["model"] / MODEL).read_bytes(),
        training=training,
        evaluation=Evaluation.parse(evaluation),
        findings=Findings.parse(findings),
        verdict=_verdict(inputs["verdict"]),
        lineage=_lineage(context, training),
        environment=current_environment(),
        explanation=Explanation.parse(explanation.read_bytes()) if explanation.is_file() else None,
        answers=_drawn_answers(context, training),
        lowering=Lowering.parse((inputs["evaluation"] / LOWERING).read_bytes()),
        files={**_carried(context), **reference_profiles(context, training.signature)},
    )


def _carried(context: Context) -> dict[str, bytes]:
    """The files of earlier steps that are files of the release, by role."""
    gate = canonical_json(record_of(context.config).model_dump(mode="json"))
    carried = {"config": context.config.to_json(), GATE: gate}
    for role, (port, name) in _ROLES.items():
        path = context.inputs[port] / name
        if path.is_file():
            carried[role] = path.read_bytes()
        elif role not in _MAY_LACK:
            raise Corrupted(f"there is no {name}", where=f"input {port!r} of register")
    return carried


def _drawn_answers(context: Context, training: TrainingRecord) -> Answers:
    signature = training.signature
    truth = read_parquet(context.inputs["splits"] / "test.parquet", columns=[signature.target])
    answers = read_parquet(context.inputs["evaluation"] / "predictions.parquet")
    if not signature.classes:
        return Answers(scores=answers.column(PREDICTION).to_numpy(), hits=None)
    return Answers(
        scores=answers.column(PROBABILITY).to_numpy(),
        hits=truth_of(truth, signature) == len(signature.classes) - 1,
    )


def _lineage(context: Context, training: TrainingRecord) -> Lineage:
    data, split = context.inputs["table"] / DATA_RECORD, context.inputs["splits"] / "split.json"
    missing = [name for name in ("code", "environment") if not context.parameters.get(name)]
    if missing:
        raise ConfigError(
            f"lacks --param {missing[0]}=",
            where="register",
            allowed="--param code=<digest of the code bundle>, "
            "--param environment=<digest of the installed distributions>",
        )
    try:
        table = DataRecord.model_validate_json(data.read_bytes())
        rows = SplitRecord.model_validate_json(split.read_bytes()).rows
    except ValidationError as exc:
        raise Corrupted(f"a record of an earlier step cannot be read: {exc}") from exc
    return Lineage(
        config=digest_of(context.config.to_json()),
        code=context.parameters["code"],
        data=table.fingerprint,
        environment=context.parameters["environment"],
        rows=rows,
        parameters=training.parameters,
        seed=training.seed,
        source=table.source,
        versions=training.versions,
    )


def _verdict(folder: Path) -> Verdict:
    try:
        return Verdict.model_validate_json((folder / "verdict.json").read_bytes())
    except ValidationError as exc:
        raise Corrupted(f"the verdict cannot be read: {exc}", where="gate") from exc
