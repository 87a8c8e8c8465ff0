"""Step `evaluate`: measures the model on the test rows, beside the model in production."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.data.features import to_frame
from trimaran_runtime.data.parquet import read_parquet, write_parquet
from trimaran_runtime.errors import ConfigError, DataError
from trimaran_runtime.evaluation.champion import ask_champion
from trimaran_runtime.evaluation.error_analysis import worst_parts
from trimaran_runtime.evaluation.estimate import Estimate
from trimaran_runtime.evaluation.evaluate import Measurement, Rows
from trimaran_runtime.evaluation.evaluation import Evaluation, Threshold
from trimaran_runtime.evaluation.held_out import held_out
from trimaran_runtime.evaluation.latency import LATENCY, latency
from trimaran_runtime.evaluation.metrics import fitting
from trimaran_runtime.evaluation.predictions import Predictions, predict, truth_of
from trimaran_runtime.evaluation.rivals import last_values, linear_rival
from trimaran_runtime.evaluation.segments import segment_levels
from trimaran_runtime.evaluation.threshold import choose, threshold
from trimaran_runtime.explain.explain import explain
from trimaran_runtime.explain.explanation import EXPLANATION
from trimaran_runtime.gate.record import record_of
from trimaran_runtime.lowering.record import LOWERING, Lowering
from trimaran_runtime.registry.release import Signature
from trimaran_runtime.steps.lowered_files import lowered_files
from trimaran_runtime.steps.step import Context, Step
from trimaran_runtime.storage.digest import canonical_json, digest_of
from trimaran_runtime.training.model_file import load_model_bytes
from trimaran_runtime.training.record import MODEL, RECORD, TrainingRecord
from trimaran_runtime.user_code import UserCode

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from trimaran_runtime.config import RunConfig
    from trimaran_runtime.evaluation.predictions import Codes, Floats

EVALUATION = "evaluation.json"
"""Name of the file with everything measured."""
PREDICTIONS = "predictions.parquet"
"""Name of the file with the answers for the test rows, as the monitor spells them."""


def run(context: Context) -> None:
    """Write `evaluation.json`, `predictions.parquet`, `latency.json`, and what else is known.

    `lowering.json` tells whether the model has a lowered form, `lowered.model`; an explanation is
    in `explanation.json` where it is asked for. The latency is in no release: a wall time differs
    from run to run, and the same inputs have to give the same release.
    """
    config = context.config
    splits = _read(context.inputs["splits"])
    content = (context.inputs["model"] / MODEL).read_bytes()
    record = TrainingRecord.parse((context.inputs["model"] / RECORD).read_bytes())
    _refuse_metrics_of_other_tasks(config, record.signature)
    user_code = UserCode(context.inputs["code"])
    user_code.put_first()
    model = load_model_bytes(content, record.trusted_types)

    def ask(frame: "pd.DataFrame") -> Predictions:
        return predict(model, frame, record.signature)

    test, features = splits["test"], [feature.name for feature in record.signature.features]
    frame = to_frame(test, features)
    with user_code.told_as_its_own("predicting the test rows"):
        given = ask(frame)
        seconds = latency(ask, frame)
        told = ask(to_frame(splits["validation"], features)) if record.signature.classes else None
    champion = ask_champion(
        context.store, test, record.signature, digest_of(content), config.registry.signing
    )
    measurement = _measurement(config, splits, record, content)
    evaluation = measurement.of(given, champion).model_copy(
        update={
            "threshold": _threshold(config, splits, record.signature, told, given),
            "worst": worst_parts(
                test,
                features,
                measurement.rows.truth,
                given,
                min_rows=config.gate.segments.min_rows,
            ),
        }
    )
    folder = context.outputs["evaluation"]
    lowered = lowered_files(
        model,
        digest_of(content),
        record.signature,
        list(splits.values()),
        config.training.lowering,
    )
    for name, made in lowered.items():
        (folder / name).write_bytes(made)
    (folder / EVALUATION).write_bytes(canonical_json(evaluation.model_dump(mode="json")))
    (folder / LATENCY).write_bytes(canonical_json(seconds.model_dump(mode="json")))
    write_parquet(_as_monitored(given, record.signature), folder / PREDICTIONS)
    if config.explain.enabled and given.finite.all():
        with user_code.told_as_its_own(_EXPLAINING):
            explained = _explained(config, model, record.signature, test)
        (folder / EXPLANATION).write_bytes(explained)
    context.progress(f"evaluate: {Lowering.parse(lowered[LOWERING]).told}")
    # The last line is what a step is summed up with.
    context.progress(f"evaluate ✓ {_told(evaluation)}")


def _read(folder: Path) -> "dict[str, pa.Table]":
    return {name: read_parquet(folder / f"{name}.parquet") for name in _SPLITS}


_SPLITS = ("train", "validation", "test")
_EXPLAINING = "explaining the model (explain.enabled: false leaves it out)"


def _measurement(
    config: "RunConfig", splits: "dict[str, pa.Table]", record: TrainingRecord, model: bytes
) -> Measurement:
    test, train, signature = splits["test"], splits["train"], record.signature
    fair = record_of(config).fairness
    _refuse_absent(fair, test)
    rows = Rows(
        truth=truth_of(test, signature),
        train=truth_of(train, signature),
        classes=len(signature.classes),
        held_out=held_out(test, train),
    )
    return Measurement(
        metric=config.gate.metric,
        rows=rows,
        segments=segment_levels(test, config.data.segments),
        min_rows=config.gate.segments.min_rows,
        model=digest_of(model),
        size_bytes=len(model),
        groups=segment_levels(test, fair),
        rivals=_rivals(config, splits, signature, rows),
        reproduced=record.reproduced,
    )


def _rivals(
    config: "RunConfig", splits: "dict[str, pa.Table]", signature: Signature, rows: Rows
) -> dict[str, Predictions]:
    found = {"linear": linear_rival(splits["train"], rows.train, splits["test"], signature)}
    if config.data.time:
        # Rows of a split by time are in order of time.
        truth: Floats | Codes = np.concatenate([truth_of(splits[n], signature) for n in _SPLITS])
        groups = np.concatenate([_groups(splits[n], config.data.segments) for n in _SPLITS])
        found["last value"] = last_values(
            groups, truth, len(rows.truth), classes=len(signature.classes)
        )
    return {name: rival for name, rival in found.items() if rival is not None}


def _groups(table: "pa.Table", columns: tuple[str, ...]) -> "np.ndarray[Any, Any]":
    levels = segment_levels(table, columns).values()
    named = ["\t".join(row) for row in zip(*levels, strict=True)] or [""] * table.num_rows
    return np.array(named, dtype=object)


def _threshold(
    config: "RunConfig",
    splits: "dict[str, pa.Table]",
    signature: Signature,
    told: Predictions | None,
    given: Predictions,
) -> Threshold | None:
    if told is None:
        return None
    validation = truth_of(splits["validation"], signature).astype(np.int64)
    rule = config.evaluation.threshold
    value = choose(validation, told, rule)
    if value is None or not given.finite.all():
        return None
    truth = truth_of(splits["test"], signature).astype(np.int64)
    return threshold(rule, value, validation=len(validation), truth=truth, given=given)


def _explained(config: "RunConfig", model: Any, signature: Signature, test: "pa.Table") -> bytes:
    found = explain(
        model,
        test,
        signature,
        config.explain,
        metric=config.gate.metric,
        seed=config.training.seed,
    )
    return canonical_json(found.model_dump(mode="json"))


def _as_monitored(given: Predictions, signature: Signature) -> "pa.Table":
    from trimaran_runtime.monitoring.predictions import classified, estimated

    if given.labels is None:
        return estimated(given.scores[:, 0])
    labels = [signature.classes[label] for label in given.labels]
    return classified(labels, given.scores[:, -1])


def _refuse_metrics_of_other_tasks(config: "RunConfig", signature: Signature) -> None:
    fit = fitting(classification=bool(signature.classes))
    named = [("gate.metric", config.gate.metric), *(("gate.floors", m) for m in config.gate.floors)]
    for where, metric in named:
        if metric not in fit:
            raise ConfigError(
                f"{metric} is no metric of {signature.task}", where=where, allowed=", ".join(fit)
            )


def _refuse_absent(columns: tuple[str, ...], table: "pa.Table") -> None:
    absent = [name for name in columns if name not in table.column_names]
    if absent:
        raise DataError(
            f"column {', '.join(absent)} is not in the table",
            where="evaluation.fairness",
            allowed=", ".join(table.column_names),
        )


def _told(evaluation: Evaluation) -> str:
    return f"{evaluation.metric} {_interval(evaluation.estimate)}"


def _interval(estimate: Estimate) -> str:
    if estimate.value is None:
        return "is undefined"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


STEP = Step(
    name="evaluate",
    inputs=("config", "code", "splits", "model"),
    outputs=("evaluation",),
    run=run,
)
