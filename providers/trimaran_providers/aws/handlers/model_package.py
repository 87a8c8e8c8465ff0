"""A release as SageMaker's registry shows it: the body of a model package.

Shapes: `CreateModelPackage`, `UpdateModelPackage` (botocore 1.44.8); the card's content follows the
"model card JSON schema" (SageMaker Developer Guide, read 2026-11-24).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trimaran_runtime.registry.overrides import still_refusing
from trimaran_runtime.registry.release import File, Override, Release
from trimaran_runtime.registry.serving_files import serving_prefix
from trimaran_runtime.storage.store import blob_key

APPROVED = "Approved"
PENDING = "PendingManualApproval"
REJECTED = "Rejected"
_NAMED = "Release "
"""Begins the description of every package of ours; its release's full id follows."""
_TOKEN = 36
"""Characters of a request token."""
_JSON = "application/json"
_VALUE = 256
"""Characters of a metadata value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageWriter:
    """Writes packages of one model.

    Attributes:
        group: name of the model package group.
        store_uri: URI of the artifact store.
        image: URI of the image that serves; empty: packages say nothing of serving.
        key: ARN of the key for cards; empty: the service's own.
        model_card: whether a package has a card.
    """

    group: str
    store_uri: str
    image: str
    key: str
    model_card: bool

    def body(
        self, release: Release, status: str, why: str, passed: Sequence[Override] = ()
    ) -> dict[str, Any]:
        """Request that creates a release's package.

        Args:
            release: the release.
            status: `Approved`, `Rejected` or `PendingManualApproval`.
            why: of the status; empty: nobody decided.
            passed: the refusing checks that a person let pass.
        """
        body: dict[str, Any] = {
            "ModelPackageGroupName": self.group,
            "ModelPackageDescription": f"{_NAMED}{release.id}",
            "ModelApprovalStatus": status,
            "CustomerMetadataProperties": _metadata(release),
            "ClientToken": release.id[:_TOKEN],
        }
        if passed:
            body["CustomerMetadataProperties"] |= _overridden(passed)
        if why:
            body["MetadataProperties"] = {"GeneratedBy": why}
        evaluation = self._source(release.files.get("evaluation"))
        profile = self._source(release.files.get("reference_profile"))
        quality = {"ModelQuality": {"Statistics": evaluation}} if evaluation else {}
        data = {"ModelDataQuality": {"Statistics": profile}} if profile else {}
        if quality:
            body["ModelMetrics"] = quality
        if quality or data:
            body["DriftCheckBaselines"] = {**quality, **data}
        # What the gate refuses has no serving files, unless a person lets it in.
        if self.image and not still_refusing(release, passed):
            body["InferenceSpecification"] = self._serving(release)
        if self.model_card:
            body["ModelCard"] = card(release, passed)
            if self.key:
                body["SecurityConfig"] = {"KmsKeyId": self.key}
        return body

    def overridden(self, release: Release, passed: Sequence[Override]) -> dict[str, Any]:
        """What changes of a package whose release a person lets in after the gate refused it."""
        told: dict[str, Any] = {"CustomerMetadataProperties": _overridden(passed)}
        if self.image:
            told["InferenceSpecification"] = self._serving(release)
        if self.model_card:
            told["ModelCard"] = card(release, passed)
        return told

    def _source(self, file: File | None) -> dict[str, str] | None:
        if file is None:
            return None
        return {
            "ContentType": _JSON,
            "ContentDigest": file.digest,
            "S3Uri": f"{self.store_uri}/{blob_key(file.digest)}",
        }

    def _serving(self, release: Release) -> dict[str, Any]:
        data = {
            "S3Uri": f"{self.store_uri}/{serving_prefix(release.id)}/",
            "S3DataType": "S3Prefix",
            "CompressionType": "None",
        }
        container = {
            "Image": self.image,
            "ModelDataSource": {"S3DataSource": data},
            "Environment": {"TRIMARAN_RELEASE": release.id},
        }
        return {
            "Containers": [container],
            "SupportedContentTypes": [_JSON, "text/csv"],
            "SupportedResponseMIMETypes": [_JSON],
        }


def release_of(description: str) -> str | None:
    """Full id of the release of a package; None: it is not one of ours."""
    return description.removeprefix(_NAMED) if description.startswith(_NAMED) else None


def card(release: Release, passed: Sequence[Override] = ()) -> dict[str, str]:
    """The model card of a package."""
    verdict, lineage = release.verdict, release.lineage
    metrics = [
        {"name": name, "type": "number", "value": value}
        for name, value in sorted(release.metrics.items())
    ]
    content = {
        "model_overview": {
            "model_description": f"Predicts {release.signature.target} from "
            f"{len(release.signature.features)} columns.",
            "problem_type": release.signature.task,
        },
        "evaluation_details": [
            {
                "name": f"{lineage.rows.get('test', 0)} test rows",
                "metric_groups": [{"name": "gate", "metric_data": metrics}],
            }
        ],
        "additional_information": {
            "custom_details": {
                "release": release.id,
                "gate": "accepted" if verdict.accepted else "refused",
                **{check.name: check.detail for check in verdict.checks},
                **{f"overridden: {one.check}": f"{one.who}: {one.because}" for one in passed},
            }
        },
    }
    status = "Draft" if still_refusing(release, passed) else "Approved"
    return {
        "ModelCardContent": json.dumps(content, sort_keys=True),
        "ModelCardStatus": status,
    }


def _overridden(passed: Sequence[Override]) -> dict[str, str]:
    return {"overridden": ", ".join(one.check for one in passed)[:_VALUE]}


def _metadata(release: Release) -> dict[str, str]:
    verdict, lineage = release.verdict, release.lineage
    told = {
        "release": release.id,
        "model": release.model.file.digest,
        "code": lineage.code,
        "data": lineage.data,
        "environment": lineage.environment,
        "config": lineage.config,
        "gate": "accepted" if verdict.accepted else "refused",
        verdict.metric: "undefined" if verdict.value is None else repr(verdict.value),
    }
    return {name: value[:_VALUE] for name, value in told.items()}
