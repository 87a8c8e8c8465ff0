"""The metric that a search for hyperparameters goes by, on the validation rows."""

from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.config import Task
from trimaran_runtime.data.features import to_frame
from trimaran_runtime.errors import ConfigError
from trimaran_runtime.evaluation.metrics import fitting, measure
from trimaran_runtime.evaluation.predictions import predict, truth_of
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.user_code import UserCode

if TYPE_CHECKING:
    import pyarrow as pa

    from trimaran_runtime.registry.release import Signature


def fitting_metric(metric: Metric, task: Task, *, where: str) -> Metric:
    """The metric, where it is one of the task.

    Args:
        metric: the metric.
        task: what is predicted.
        where: the field that names it.

    Raises:
        ConfigError: it is none of this task.
    """
    fit = fitting(classification=task is Task.classification)
    if metric not in fit:
        raise ConfigError(f"{metric} is no metric of {task}", where=where, allowed=", ".join(fit))
    return metric


def validation_metric(
    code: UserCode, model: Any, signature: "Signature", validation: "pa.Table", metric: Metric
) -> float:
    """Value of a metric on the validation rows; NaN where it is undefined.

    Args:
        code: the user's code, which the model may need.
        model: the fitted model.
        signature: what it takes and gives.
        validation: the rows.
        metric: a metric of the model's task.

    Raises:
        UserCodeError: the model raised.
    """
    frame = to_frame(validation, [feature.name for feature in signature.features])
    with code.told_as_its_own("predicting the validation rows"):
        answers = predict(model, frame, signature)
    return measure(metric, truth_of(validation, signature), answers).value
