"""Step `train`: fits the user's model and saves it."""

import time

from trimaran_runtime.data.parquet import read_parquet
from trimaran_runtime.steps.step import Context, Step
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.training.fit import fit_model, function_name
from trimaran_runtime.training.record import MODEL, RECORD, TIMING
from trimaran_runtime.user_code import UserCode


def run(context: Context) -> None:
    """Write `model.skops`, `training.json` and `timing.json`."""
    config, splits = context.config, context.inputs["splits"]
    function_name(config.training)
    train = read_parquet(splits / "train.parquet")
    validation = read_parquet(splits / "validation.parquet")
    started = time.perf_counter()
    fitted = fit_model(UserCode(context.inputs["code"]), train, validation, config)
    seconds = time.perf_counter() - started
    folder = context.outputs["model"]
    (folder / MODEL).write_bytes(fitted.content)
    (folder / RECORD).write_bytes(canonical_json(fitted.record.model_dump(mode="json")))
    (folder / TIMING).write_bytes(canonical_json({"fit_seconds": round(seconds, 3)}))
    context.progress(f"train ✓ {seconds:.1f} s")


STEP = Step(name="train", inputs=("config", "code", "splits"), outputs=("model",), run=run)
