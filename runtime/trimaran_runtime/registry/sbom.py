"""The bill of materials of a release: CycloneDX 1.6 (ECMA-424), as JSON.

The model is the described component; what was installed where it was made is what it was made
with. No clock and no chance: the serial number is derived from the content.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from trimaran_runtime.registry.environment import Environment, Installed
from trimaran_runtime.storage.digest import PREFIX, canonical_json

if TYPE_CHECKING:
    from trimaran_runtime.registry.release import Lineage

_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_MODEL = "model"
_UNESCAPED = "-._~:"
"""Characters of a version that a package URL keeps (purl specification, read 2026-11-24)."""


def bill_of_materials(
    model_name: str,
    *,
    model_digest: str,
    estimator: str,
    lineage: "Lineage",
    environment: Environment,
) -> bytes:
    """The document, in the same bytes for the same arguments.

    Args:
        model_name: name of the model.
        model_digest: of the model's file.
        estimator: class of the fitted model.
        lineage: what the release was made from.
        environment: what was installed.
    """
    made_from = {
        "estimator": estimator,
        "data": lineage.data,
        "code": lineage.code,
        "configuration": lineage.config,
        "environment": lineage.environment,
        "python": environment.python,
    }
    model = {
        "bom-ref": _MODEL,
        "type": "machine-learning-model",
        "name": model_name,
        "version": model_digest.removeprefix(PREFIX),
        "hashes": _hashes([model_digest]),
        "properties": [{"name": f"trimaran:{k}", "value": v} for k, v in made_from.items()],
    }
    parts = [_component(each) for each in environment.distributions]
    document = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": model},
        "components": parts,
        # What the libraries need of each other is not known, and so not said.
        "dependencies": [{"ref": _MODEL, "dependsOn": [part["bom-ref"] for part in parts]}],
    }
    serial = uuid5(NAMESPACE_URL, canonical_json(document).decode()).urn
    return canonical_json({**document, "serialNumber": serial})


def _component(installed: Installed) -> dict[str, Any]:
    name, version = installed.name, installed.version
    package_url = f"pkg:pypi/{name}@{quote(version, safe=_UNESCAPED)}"
    component: dict[str, Any] = {
        "bom-ref": f"{name}=={version}",
        "type": "library",
        "name": name,
        "version": version,
        "purl": package_url,
    }
    if installed.hashes:
        # One of these files was installed; which one depends on the machine.
        component["externalReferences"] = [
            {
                "type": "distribution",
                "url": package_url,
                "hashes": _hashes(installed.hashes),
            }
        ]
    return component


def _hashes(digests: Sequence[str]) -> list[dict[str, str]]:
    return [
        {"alg": "SHA-256", "content": digest.removeprefix(PREFIX)} for digest in sorted(digests)
    ]
