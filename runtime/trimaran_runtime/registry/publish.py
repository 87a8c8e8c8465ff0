"""Builds a release from what the steps wrote, and puts it into the store with its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trimaran_runtime.registry.card import model_card
from trimaran_runtime.registry.card_page import Answers, Card, card_page
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
from trimaran_runtime.registry.sbom import bill_of_materials
from trimaran_runtime.registry.signing import sign
from trimaran_runtime.storage.digest import canonical_json, digest_of
from trimaran_runtime.storage.store import Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from trimaran_runtime.evaluation.evaluation import Evaluation
    from trimaran_runtime.explain.explanation import Explanation
    from trimaran_runtime.lowering.record import Lowering
    from trimaran_runtime.registry.environment import Environment
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
        environment: what is installed where it was made.
        lowering: whether it has a lowered form, and how that was proven.
        files: further files by role, e.g. `reference_profile`.
        explanation: how it comes to its answers; None: it was not asked for.
        answers: what it said of the test rows, for the card's plots; None: they are not known.
    """

    model_name: str
    model: bytes
    training: "TrainingRecord"
    evaluation: "Evaluation"
    findings: "Findings"
    verdict: Verdict
    lineage: Lineage
    environment: "Environment"
    lowering: "Lowering"
    files: Mapping[str, bytes]
    explanation: "Explanation | None" = None
    answers: Answers | None = None


def publish(store: Store, result: Result, *, key: "Ed25519PrivateKey | None" = None) -> Release:
    """Write the files, then the manifest that names them: a kill in between leaves no release.

    The release in production is returned as it is when the same model was made from the same
    things and is accepted again: running a pipeline twice makes one release.

    Args:
        store: the artifact store.
        result: what the run found out.
        key: signs the release, before its manifest is there: no moment shows it unsigned. None:
            it is not signed.
    """
    known = _in_production(store, result)
    if known is not None:
        if key is not None:
            sign(store, known.id, key)
        return known
    contents = {**result.files, **_derived(result)}
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
    if key is not None:
        sign(store, release.id, key)
    write_release(store, release)
    return release


def _derived(result: Result) -> dict[str, bytes]:
    """The files that are made from the others, by role."""
    card = Card(
        model_name=result.model_name,
        estimator=result.training.estimator,
        signature=result.training.signature,
        verdict=result.verdict,
        evaluation=result.evaluation,
        findings=result.findings,
        lineage=result.lineage,
        lowering=result.lowering,
        explanation=result.explanation,
        answers=result.answers,
    )
    return {
        "model_card": model_card(card).encode(),
        "model_card_page": card_page(card),
        "environment": canonical_json(result.environment.model_dump(mode="json")),
        "sbom": bill_of_materials(
            result.model_name,
            model_digest=digest_of(result.model),
            estimator=result.training.estimator,
            lineage=result.lineage,
            environment=result.environment,
        ),
    }


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
