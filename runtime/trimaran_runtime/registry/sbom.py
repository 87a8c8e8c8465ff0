"""The bill of materials of a release: CycloneDX 1.6 (ECMA-424), as JSON.

The model is the described component; what was installed where it was made is what it was made
with. No clock and no chance: the serial number is derived from the content.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from trimaran_runtime.registry.environment import Environment, Installed
from trimaran_runtime.storage.digest import PREFIX, canonical_json

if TYPE_CHECKING:
    from cyclonedx.model import HashType
    from cyclonedx.model.component import Component

    from trimaran_runtime.registry.release import Lineage

_INDEX = "https://pypi.org/project/{name}/{version}/"
_MODEL = "model"


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
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6

    made_from = {
        "estimator": estimator,
        "data": lineage.data,
        "code": lineage.code,
        "configuration": lineage.config,
        "environment": lineage.environment,
        "python": environment.python,
    }
    model = Component(
        name=model_name,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=_MODEL,
        version=model_digest.removeprefix(PREFIX),
        hashes=[_hash(model_digest)],
        properties=[Property(name=f"trimaran:{k}", value=v) for k, v in made_from.items()],
    )
    parts = [_component(each) for each in environment.distributions]
    bom = Bom(components=parts)
    bom.metadata.component = model
    bom.register_dependency(model, parts)
    return _without_chance(json.loads(JsonV1Dot6(bom).output_as_string()))


def _component(installed: Installed) -> "Component":
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    references = []
    if installed.hashes:
        references.append(
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(_INDEX.format(name=installed.name, version=installed.version)),
                # One of these files was installed; which one depends on the machine.
                hashes=[_hash(digest) for digest in installed.hashes],
            )
        )
    return Component(
        name=installed.name,
        type=ComponentType.LIBRARY,
        bom_ref=f"{installed.name}=={installed.version}",
        version=installed.version,
        purl=PackageURL("pypi", name=installed.name, version=installed.version),
        external_references=references,
    )


def _hash(digest: str) -> "HashType":
    from cyclonedx.model import HashAlgorithm, HashType

    return HashType(alg=HashAlgorithm.SHA_256, content=digest.removeprefix(PREFIX))


def _without_chance(document: Mapping[str, Any]) -> bytes:
    metadata = {k: v for k, v in document["metadata"].items() if k != "timestamp"}
    kept = {**document, "metadata": metadata}
    kept.pop("serialNumber", None)
    kept["serialNumber"] = uuid5(NAMESPACE_URL, canonical_json(kept).decode()).urn
    return canonical_json(kept)
