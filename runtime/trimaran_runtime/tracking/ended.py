"""The document of a run: one that made a release, or one that ended before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from trimaran_runtime.storage.digest import digest_of
from trimaran_runtime.tracking.document import (
    Artifact,
    Measure,
    RunStatus,
    TrackedData,
    TrackedRun,
)

if TYPE_CHECKING:
    from trimaran_runtime.config import RunConfig
    from trimaran_runtime.data.split import SplitRecord
    from trimaran_runtime.data.table import DataRecord
    from trimaran_runtime.evaluation.evaluation import Evaluation
    from trimaran_runtime.registry.release import Release
    from trimaran_runtime.steps.usage import Usage
    from trimaran_runtime.training.config import Scalar
    from trimaran_runtime.training.record import TrainingRecord
    from trimaran_runtime.training.search_record import SearchRecord

_ARTIFACTS = {
    "model_card": "model_card.md",
    "model_card_page": "model_card.html",
    "evaluation": "evaluation.json",
    "explanation": "explanation.json",
    "findings": "findings.json",
    "search": "search.json",
    "gate": "gate.json",
    "config": "config.json",
    "environment": "environment.json",
}
"""Name of a file by its role in the release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a run made on its way to a release.

    Attributes:
        release: the release, accepted or refused.
        production: full id of what is in production afterwards; None: nothing.
        data: what it read.
        split: how it was split.
        training: what was fitted.
        search: every setting that was tried; None: there was no search.
        evaluation: what was measured.
        usage: what the steps used, by start.
    """

    release: "Release"
    production: str | None
    data: "DataRecord"
    split: "SplitRecord"
    training: "TrainingRecord"
    search: "SearchRecord | None"
    evaluation: "Evaluation"
    usage: Sequence["Usage"]


def run_with_release(config: "RunConfig", run: str, made: Made, *, ended: datetime) -> TrackedRun:
    """The document of a run that came to a verdict.

    Args:
        config: its configuration.
        run: its id.
        made: what it made.
        ended: the time now, UTC.
    """
    release = made.release
    refused = [check for check in release.verdict.checks if check.judged and not check.passed]
    return TrackedRun(
        run=run,
        experiment=config.tracking.experiment or config.model,
        destination=config.tracking.uri,
        status=RunStatus.FINISHED,
        message="\n".join(f"refused: {check.name}: {check.detail}" for check in refused),
        started=min((usage.started for usage in made.usage), default=ended),
        ended=ended,
        parameters={**release.lineage.parameters, **_own_parameters(made)},
        measures=tuple(_measures(made)),
        tags=_tags(config, made, [check.name for check in refused]),
        data=TrackedData(
            name=config.model,
            source=made.data.source,
            fingerprint=made.data.fingerprint,
            rows=made.data.rows,
            columns=made.data.columns,
        ),
        artifacts=tuple(
            Artifact(
                path=path,
                digest=release.files[role].digest,
                size_bytes=release.files[role].size_bytes,
            )
            for role, path in _ARTIFACTS.items()
            if role in release.files
        ),
    )


def run_without_release(
    config: "RunConfig",
    run: str,
    *,
    status: RunStatus,
    message: str,
    started: datetime,
    ended: datetime,
    digests: Mapping[str, str],
    seconds: Mapping[str, float],
) -> TrackedRun:
    """The document of a run that ended before there was a release.

    Args:
        config: its configuration.
        run: its id.
        status: how it ended.
        message: why.
        started: when it started, UTC.
        ended: when it ended, UTC.
        digests: what it was to be made from: `code`, `environment`.
        seconds: wall time by step, as far as it got.
    """
    times = (Measure(name=_system(step, "seconds"), value=s) for step, s in seconds.items())
    return TrackedRun(
        run=run,
        experiment=config.tracking.experiment or config.model,
        destination=config.tracking.uri,
        status=status,
        message=message,
        started=started,
        ended=ended,
        parameters={**config.training.parameters, "training.seed": config.training.seed},
        measures=tuple(times),
        tags={
            "trimaran.model": config.model,
            "trimaran.verdict": "none",
            "trimaran.config": digest_of(config.to_json()),
            **{f"trimaran.{name}": digest for name, digest in digests.items()},
        },
    )


def _own_parameters(made: Made) -> dict[str, "Scalar"]:
    rows = {f"split.{name}_rows": count for name, count in made.split.rows.items()}
    return {
        "training.seed": made.training.seed,
        "training.estimator": made.training.estimator,
        "training.task": made.training.signature.task,
        "split.by": made.split.by,
        **rows,
    }


def _measures(made: Made) -> Iterator[Measure]:
    evaluation, verdict = made.evaluation, made.release.verdict
    for name, value in sorted(evaluation.metrics.items()):
        yield Measure(name=f"test/{name}", value=value)
    deciding, estimate = str(evaluation.metric), evaluation.estimate
    if deciding not in evaluation.metrics:
        yield Measure(name=f"test/{deciding}", value=estimate.value)
    if estimate.low is not None and estimate.high is not None:
        yield Measure(name=f"test/{deciding}_low", value=estimate.low)
        yield Measure(name=f"test/{deciding}_high", value=estimate.high)
    yield Measure(name=f"baseline/{deciding}", value=evaluation.baseline.value)
    if evaluation.champion is not None and evaluation.champion.value is not None:
        yield Measure(name=f"champion/{deciding}", value=evaluation.champion.value)
    for check in verdict.checks:
        if check.judged:
            yield Measure(name=f"gate/{check.name}/passed", value=float(check.passed))
        for what, number in (("value", check.value), ("limit", check.limit)):
            if number is not None:
                yield Measure(name=f"gate/{check.name}/{what}", value=number)
    if made.search is not None:
        yield from _trials(made.search)
    for usage in made.usage:
        yield Measure(name=_system(usage.step, "seconds"), value=usage.seconds)
        yield Measure(name=_system(usage.step, "cpu_seconds"), value=usage.cpu_seconds)
        memory = usage.peak_memory_bytes / (1 << 20)
        yield Measure(name=_system(usage.step, "peak_memory_mib"), value=round(memory, 1))


def _trials(search: "SearchRecord") -> Iterator[Measure]:
    for trial in search.trials:
        if trial.value is not None:
            name = f"search/{search.metric}"
            yield Measure(name=name, value=trial.value, step=trial.number)
        if trial.number == search.best:
            yield Measure(name=f"validation/{search.metric}", value=trial.value)


def _tags(config: "RunConfig", made: Made, refused: Sequence[str]) -> dict[str, str]:
    release, lineage = made.release, made.release.lineage
    return {
        "trimaran.model": config.model,
        "trimaran.release": release.id,
        "trimaran.verdict": "accepted" if release.verdict.accepted else "refused",
        "trimaran.refused_by": ", ".join(refused),
        "trimaran.champion": release.verdict.champion or "",
        "trimaran.production": made.production or "",
        "trimaran.model_file": release.model.file.digest,
        "trimaran.code": lineage.code,
        "trimaran.data": lineage.data,
        "trimaran.environment": lineage.environment,
        "trimaran.config": lineage.config,
        **{f"trimaran.version.{name}": text for name, text in lineage.versions.items()},
    }


def _system(step: str, what: str) -> str:
    # MLflow shows what starts with `system/` on a page of its own.
    return f"system/{step}/{what}"
