"""Step `train`: searches where the configuration asks for it, fits the model, and saves it."""

import math
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from trimaran_runtime.steps.step import Context, Step
from trimaran_runtime.storage.digest import canonical_json, digest_of, digest_of_file
from trimaran_runtime.training.chosen import CHOSEN, chosen
from trimaran_runtime.training.config import Scalar
from trimaran_runtime.training.experiment import Experiment
from trimaran_runtime.training.fit import Fitted, fit_model
from trimaran_runtime.training.hyperparameters import given_hyperparameters, merged
from trimaran_runtime.training.model_file import load_model_bytes
from trimaran_runtime.training.record import MODEL, RECORD, TIMING
from trimaran_runtime.training.reproduction import refitted_digest
from trimaran_runtime.training.search import Found, search
from trimaran_runtime.training.search_record import SEARCH
from trimaran_runtime.training.validation_metric import validation_metric

CHECKPOINTS = "checkpoints"
"""Parameter: folder that outlives a killed step, in which a search goes on from where it was."""
_SAGEMAKER = Path("/opt/ml/checkpoints")
"""Where SageMaker puts a training job's checkpoints back (Developer Guide, "Checkpoints in Amazon
SageMaker AI", read 2026-11-24); not there where the job keeps none."""


def run(context: Context) -> None:
    """Write `model.skops`, `training.json`, `timing.json`, and after a search `search.json`.

    Where the cloud hands over hyperparameters, they are used, and a line
    `validation_metric=<number>` tells the search how good the model is on the validation rows.

    Parameters: `checkpoints`, a folder; without it `/opt/ml/checkpoints` where that is there;
    without both, a killed search starts anew. `code`, digest of the user's code, so that other
    code never goes on with an older search. `chosen`, a folder with the records of an earlier run,
    whose hyperparameters are used: nothing is searched.
    """
    started = time.perf_counter()
    experiment, is_trial = _experiment(context)
    experiment.refuse_impossible()
    parameters, found = _setting(context, experiment, is_trial=is_trial)
    fitting = time.perf_counter()
    fitted = fit_model(experiment, parameters)
    ended = time.perf_counter()
    fitted = _with_findings(context, experiment, fitted, found)
    _write(context.outputs["model"], fitted, found, fit=ended - fitting, search=fitting - started)
    if (root := _root(context)) is not None and found is not None:
        # The search is over; what older runs left there is of no use either.
        for path in root.glob("*"):
            shutil.rmtree(path, ignore_errors=True)
    for note in fitted.record.notes:
        context.progress(f"train: {note}")
    if is_trial:
        context.progress(_told(experiment, fitted))
    context.progress(f"train ✓ {time.perf_counter() - started:.1f} s{_best(found)}")


def _experiment(context: Context) -> tuple[Experiment, bool]:
    """What is fitted, and whether the cloud searches, of which this is one trial."""
    config = context.config
    given = given_hyperparameters(os.environ)
    config = config.model_copy(update={"training": merged(config.training, given)})
    experiment = Experiment.open(
        context.inputs["code"], context.inputs["splits"], config, threads=os.cpu_count() or 1
    )
    return experiment, bool(given)


def _setting(
    context: Context, experiment: Experiment, *, is_trial: bool
) -> tuple[Mapping[str, Scalar], Found | None]:
    """The hyperparameters, and the search that found them; None: there was none here."""
    if (earlier := context.parameters.get(CHOSEN)) is not None:
        return chosen(Path(earlier))
    if is_trial or not (experiment.is_built_in or experiment.config.training.tune):
        return experiment.config.training.parameters, None
    found = _searched(context, experiment)
    return found.parameters, found


def _searched(context: Context, experiment: Experiment) -> Found:
    return search(
        experiment,
        splits=context.inputs["splits"],
        folder=_checkpoints(context, experiment),
        progress=context.progress,
    )


def _checkpoints(context: Context, experiment: Experiment) -> Path | None:
    """The folder of this search: other rows, code or configuration make another one."""
    root = _root(context)
    if root is None:
        return None
    splits = context.inputs["splits"]
    identity = {
        "config": digest_of(experiment.config.to_json()),
        "code": context.parameters.get("code", ""),
        "train": digest_of_file(splits / "train.parquet"),
        "validation": digest_of_file(splits / "validation.parquet"),
    }
    return root / digest_of(canonical_json(identity)).rpartition(":")[2][:16]


def _root(context: Context) -> Path | None:
    given = context.parameters.get(CHECKPOINTS)
    if given is not None:
        return Path(given)
    return _SAGEMAKER if _SAGEMAKER.is_dir() else None


def _with_findings(
    context: Context, experiment: Experiment, fitted: Fitted, found: Found | None
) -> Fitted:
    """The record with what came of the search and of the second fit."""
    changes: dict[str, object] = {"search": found.search} if found else {}
    if experiment.config.training.check_reproducible:
        parameters: Mapping[str, Scalar] = fitted.record.parameters
        with TemporaryDirectory(prefix="trimaran-") as work:
            again = refitted_digest(
                experiment, parameters, splits=context.inputs["splits"], work=Path(work)
            )
        changes["reproduced"] = again == digest_of(fitted.content)
        mark = "the same model" if changes["reproduced"] else "ANOTHER model"
        context.progress(f"train: a second fit in a fresh process gave {mark}")
    return Fitted(content=fitted.content, record=fitted.record.model_copy(update=changes))


def _write(folder: Path, fitted: Fitted, found: Found | None, *, fit: float, search: float) -> None:
    (folder / MODEL).write_bytes(fitted.content)
    seconds = {"fit_seconds": round(fit, 3)}
    if found is not None:
        (folder / SEARCH).write_bytes(canonical_json(found.record.model_dump(mode="json")))
        seconds["search_seconds"] = round(search, 3)
    (folder / TIMING).write_bytes(canonical_json(seconds))
    # Last: where there is a record, the rest is there.
    (folder / RECORD).write_bytes(canonical_json(fitted.record.model_dump(mode="json")))


def _told(experiment: Experiment, fitted: Fitted) -> str:
    """What the cloud's search looks for in the log."""
    model = load_model_bytes(fitted.content, fitted.record.trusted_types)
    value = validation_metric(
        experiment.code,
        model,
        fitted.record.signature,
        experiment.validation,
        experiment.metric,
    )
    # NaN is no number to a search: without the line it counts the trial as failed.
    if math.isnan(value):
        return "validation metric is undefined"
    return f"validation_metric={float(value)!r}"


def _best(found: Found | None) -> str:
    if found is None:
        return ""
    leader = found.search.leaderboard[0]
    count = len(found.record.trials)
    return f", best of {count} trials: {found.search.metric} {leader.value:.6g}"


STEP = Step(name="train", inputs=("config", "code", "splits"), outputs=("model",), run=run)
