"""Step `train`: fits the user's model and saves it."""

import math
import os
import time

from trimaran_runtime.config import RunConfig
from trimaran_runtime.data.parquet import read_parquet
from trimaran_runtime.steps.step import Context, Step
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.training.fit import fit_model, function_name
from trimaran_runtime.training.hyperparameters import given_hyperparameters, merged
from trimaran_runtime.training.record import MODEL, RECORD, TIMING
from trimaran_runtime.training.validation_metric import validation_metric
from trimaran_runtime.user_code import UserCode


def run(context: Context) -> None:
    """Write `model.skops`, `training.json` and `timing.json`.

    Where the cloud hands over hyperparameters, they are used, and a line
    `validation_metric=<number>` tells the search how good the model is on the validation rows.
    """
    config, splits = context.config, context.inputs["splits"]
    given = given_hyperparameters(os.environ)
    is_trial = bool(given)
    function_name(config.training, is_trial=is_trial)
    config = config.model_copy(update={"training": merged(config.training, given)})
    train = read_parquet(splits / "train.parquet")
    validation = read_parquet(splits / "validation.parquet")
    code = UserCode(context.inputs["code"])
    started = time.perf_counter()
    fitted = fit_model(code, train, validation, config, is_trial=is_trial)
    seconds = time.perf_counter() - started
    folder = context.outputs["model"]
    (folder / MODEL).write_bytes(fitted.content)
    (folder / RECORD).write_bytes(canonical_json(fitted.record.model_dump(mode="json")))
    (folder / TIMING).write_bytes(canonical_json({"fit_seconds": round(seconds, 3)}))
    if is_trial:
        value = validation_metric(code, fitted, validation, _metric(config))
        # NaN is no number to a search: without the line it counts the trial as failed.
        told = "validation metric is undefined" if math.isnan(value) else _line(value)
        context.progress(told)
    context.progress(f"train ✓ {seconds:.1f} s")


def _line(value: float) -> str:
    """What the search looks for in the log."""
    return f"validation_metric={float(value)!r}"


def _metric(config: RunConfig) -> str:
    """Name of the metric the search goes by; without one, the gate's."""
    tune = config.training.tune
    return tune.metric if tune else config.gate.metric.value


STEP = Step(name="train", inputs=("config", "code", "splits"), outputs=("model",), run=run)
