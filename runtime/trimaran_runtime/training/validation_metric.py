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


def metric_of(name: str, task: Task, *, where: str = "pipeline.tune.metric") -> Metric:
    """The metric of that name.

    Raises:
        ConfigError: there is none for this task.
    """
    fit = [known.value for known in fitting(classification=task is Task.classification)]
    if name not in fit:
        raise ConfigError(f"{name} is no metric of {task}", where=where, allowed=", ".join(fit))
    return Metric(name)


def validation_metric(
    code: UserCode, model: Any, signature: "Signature", validation: "pa.Table", metric: str
) -> float:
    """Value of a metric on the validation rows; NaN where it is undefined.

    Args:
        code: the user's code, which the model may need.
        model: the fitted model.
        signature: what it takes and gives.
        validation: the rows.
        metric: name of the metric.

    Raises:
        ConfigError: there is no such metric for this task.
        UserCodeError: the model raised.
    """
    known = metric_of(metric, Task(signature.task))
    frame = to_frame(validation, [feature.name for feature in signature.features])
    with code.told_as_its_own("predicting the validation rows"):
        answers = predict(model, frame, signature)
    return measure(known, truth_of(validation, signature), answers).value
