"""Builds a release from what the steps wrote, and puts it into the store with its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trimaran_runtime.registry.card import model_card
from trimaran_runtime.registry.channels import Channel, current
from trimaran_runtime.registry.release import (
    File,
    Lineage,
    ModelFile,
    Release,
    Verdict,
    read_release,
    write_release,
)
from trimaran_runtime.storage.store import Store

if TYPE_CHECKING:
    from trimaran_runtime.evaluation.evaluation import Evaluation
    from trimaran_runtime.training.record import TrainingRecord
    from trimaran_runtime.validation.finding import Findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything a run found out about one model.

    Attributes:
        model_name: name of the model.
        model: bytes of the model file.
        training: what was fitted.
        evaluation: what was measured.
        findings: what validation found.
        verdict: what the gate decided.
        lineage: what it was made from.
        files: further files by role, e.g. `reference_profile`.
    """

    model_name: str
    model: bytes
    training: "TrainingRecord"
    evaluation: "Evaluation"
    findings: "Findings"
    verdict: Verdict
    lineage: Lineage
    files: Mapping[str, bytes]


def publish(store: Store, result: Result) -> Release:
    """Write the files, then the manifest that names them: a kill in between leaves no release.

    The release in production is returned as it is when the same model was made from the same
    things and is accepted again: running a pipeline twice makes one release.
    """
    known = _in_production(store, result)
    if known is not None:
        return known
    card = model_card(
        result.model_name,
        estimator=result.training.estimator,
        signature=result.training.signature,
        verdict=result.verdict,
        evaluation=result.evaluation,
        findings=result.findings,
        lineage=result.lineage,
    )
    contents = {**result.files, "model_card": card.encode()}
    release = Release(
        model_name=result.model_name,
        model=ModelFile(
            format="skops",
            file=_put(store, result.model),
            trusted_types=result.training.trusted_types,
        ),
        signature=result.training.signature,
        verdict=result.verdict,
        metrics=result.evaluation.metrics,
        lineage=result.lineage,
        files={role: _put(store, content) for role, content in sorted(contents.items())},
    )
    write_release(store, release)
    return release


def _in_production(store: Store, result: Result) -> Release | None:
    champion = result.evaluation.champion
    if champion is None or not champion.same_model or not result.verdict.accepted:
        return None
    pointer = current(store, Channel.production)
    if pointer is None or pointer.release != champion.release:
        return None
    release = read_release(store, pointer.release)
    return release if release.lineage == result.lineage else None


def _put(store: Store, content: bytes) -> File:
    return File(digest=store.put_blob(content), size_bytes=len(content))
