"""The signature of a model: what it takes and gives, from the rows it was fitted on."""

from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.config import DataConfig, Task
from trimaran_runtime.data.features import column_type
from trimaran_runtime.errors import ConfigError
from trimaran_runtime.registry.release import Feature, Signature
from trimaran_runtime.training.config import Scalar

if TYPE_CHECKING:
    import pyarrow as pa


def signature_of(model: Any, train: "pa.Table", features: list[str], data: DataConfig) -> Signature:
    """Describe a fitted model.

    Args:
        model: the fitted model.
        train: the training rows, in normal form.
        features: feature columns, in the order the model was fitted on.
        data: the configuration's data section.

    Raises:
        ConfigError: the model lacks what its task needs.
    """
    _refuse_unusable(model, data.task)
    return Signature(
        features=tuple(_feature(name, train.column(name)) for name in features),
        target=data.target,
        task=data.task.value,
        classes=_classes(model) if data.task is Task.classification else (),
    )


def _refuse_unusable(model: Any, task: Task) -> None:
    wanted = ["predict"]
    if task is Task.classification:
        wanted += ["predict_proba", "classes_"]
    # hasattr asks the estimator itself: some offer predict_proba only when fitted for it.
    lacking = [name for name in wanted if not hasattr(model, name)]
    if lacking:
        raise ConfigError(
            f"returned {type(model).__name__}, which has no {' and no '.join(lacking)}",
            where="pipeline.train",
            allowed=f"for {task}: a fitted model with {', '.join(wanted)}",
            next_step="return the fitted estimator (not its predictions, and not None)",
        )


def _feature(name: str, column: Any) -> Feature:
    present = column.drop_null()
    example: Scalar | None = None
    if len(present):
        value = present[0].as_py()
        example = value if isinstance(value, bool | int | float | str) else value.isoformat()
    return Feature(
        name=name,
        type=column_type(column).value,
        nullable=column.null_count > 0,
        example=example,
    )


def _classes(model: Any) -> tuple[Scalar, ...]:
    import numpy as np

    return tuple(np.asarray(model.classes_).tolist())
