"""Step `evaluate`: measures the model on the test rows, beside the model in production."""

from pathlib import Path
from typing import TYPE_CHECKING

from trimaran_runtime.data.features import to_frame
from trimaran_runtime.data.parquet import read_parquet, write_parquet
from trimaran_runtime.errors import ConfigError
from trimaran_runtime.evaluation.champion import ask_champion
from trimaran_runtime.evaluation.evaluate import Measurement, Rows, segment_levels
from trimaran_runtime.evaluation.evaluation import Estimate, Evaluation
from trimaran_runtime.evaluation.metrics import fitting
from trimaran_runtime.evaluation.predictions import Predictions, predict, truth_of
from trimaran_runtime.explain.explain import explain
from trimaran_runtime.explain.explanation import EXPLANATION
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.registry.release import Signature
from trimaran_runtime.steps.step import Context, Step
from trimaran_runtime.storage.digest import canonical_json, digest_of
from trimaran_runtime.training.model_file import load_model_bytes
from trimaran_runtime.training.record import MODEL, RECORD, TrainingRecord
from trimaran_runtime.user_code import UserCode

if TYPE_CHECKING:
    import pyarrow as pa

EVALUATION = "evaluation.json"
"""Name of the file with everything measured."""
PREDICTIONS = "predictions.parquet"
"""Name of the file with the answers for the test rows, as the monitor spells them."""


def run(context: Context) -> None:
    """Write `evaluation.json`, `predictions.parquet` and, where asked for, `explanation.json`."""
    config = context.config
    test = read_parquet(context.inputs["splits"] / "test.parquet")
    train = read_parquet(context.inputs["splits"] / "train.parquet", columns=[config.data.target])
    content = (context.inputs["model"] / MODEL).read_bytes()
    record = TrainingRecord.parse((context.inputs["model"] / RECORD).read_bytes())
    _refuse_other_task(config.gate.metric, record.signature)
    given = _answers(context.inputs["code"], content, record, test)
    signature = record.signature
    measurement = Measurement(
        metric=config.gate.metric,
        rows=Rows(
            truth=truth_of(test, signature),
            train=truth_of(train, signature),
            classes=len(signature.classes),
        ),
        segments=segment_levels(test, config.data.segments),
        min_rows=config.gate.segments.min_rows,
    )
    champion = ask_champion(context.store, test, signature, digest_of(content))
    evaluation = measurement.of(given, champion)
    folder = context.outputs["evaluation"]
    (folder / EVALUATION).write_bytes(canonical_json(evaluation.model_dump(mode="json")))
    write_parquet(_as_monitored(given, signature), folder / PREDICTIONS)
    if config.explain.enabled and given.finite.all():
        (folder / EXPLANATION).write_bytes(_explained(context, content, record, test))
    context.progress(f"evaluate ✓ {_told(evaluation)}")


def _answers(code: Path, content: bytes, record: TrainingRecord, test: "pa.Table") -> Predictions:
    user_code = UserCode(code)
    user_code.put_first()
    model = load_model_bytes(content, record.trusted_types)
    frame = to_frame(test, [feature.name for feature in record.signature.features])
    with user_code.told_as_its_own("predicting the test rows"):
        return predict(model, frame, record.signature)


def _explained(context: Context, content: bytes, record: TrainingRecord, test: "pa.Table") -> bytes:
    config, user_code = context.config, UserCode(context.inputs["code"])
    model = load_model_bytes(content, record.trusted_types)
    with user_code.told_as_its_own("explaining the model (explain.enabled: false leaves it out)"):
        found = explain(
            model,
            test,
            record.signature,
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


def _refuse_other_task(metric: Metric, signature: Signature) -> None:
    fit = fitting(classification=bool(signature.classes))
    if metric not in fit:
        raise ConfigError(
            f"{metric} is no metric of {signature.task}",
            where="gate.metric",
            allowed=", ".join(fit),
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
