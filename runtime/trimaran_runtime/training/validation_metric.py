"""The metric that a search for hyperparameters goes by, on the validation rows."""

from typing import TYPE_CHECKING

from trimaran_runtime.data.features import to_frame
from trimaran_runtime.errors import ConfigError
from trimaran_runtime.evaluation.metrics import fitting, measure
from trimaran_runtime.evaluation.predictions import predict, truth_of
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.training.fit import Fitted
from trimaran_runtime.training.model_file import load_model_bytes
from trimaran_runtime.user_code import UserCode

if TYPE_CHECKING:
    import pyarrow as pa


def validation_metric(code: UserCode, fitted: Fitted, validation: "pa.Table", metric: str) -> float:
    """Value of a metric on the validation rows; NaN where it is undefined.

    Args:
        code: the user's code, which the model may need.
        fitted: the fitted model.
        validation: the rows.
        metric: name of the metric.

    Raises:
        ConfigError: there is no such metric for this task.
        UserCodeError: the model raised.
    """
    signature = fitted.record.signature
    fit = [known.value for known in fitting(classification=bool(signature.classes))]
    if metric not in fit:
        raise ConfigError(
            f"{metric} is no metric of {signature.task}",
            where="pipeline.tune.metric",
            allowed=", ".join(fit),
        )
    model = load_model_bytes(fitted.content, fitted.record.trusted_types)
    frame = to_frame(validation, [feature.name for feature in signature.features])
    with code.told_as_its_own("predicting the validation rows"):
        answers = predict(model, frame, signature)
    return measure(Metric(metric), truth_of(validation, signature), answers).value
