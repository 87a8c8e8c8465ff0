"""`trimaran:local:Store`: a directory that is an artifact store."""

import json
from pathlib import Path
from typing import Literal

from trimaran_providers.contract.errors import CorruptedError, ResourceError
from trimaran_providers.contract.handler import Created, Reporter, ResourceModel
from trimaran_providers.local.atomic import write_atomic
from trimaran_providers.local.layout import owner_of
from trimaran_providers.local.leftovers import sweep
from trimaran_providers.local.removal import remove_empty, remove_tree
from trimaran_runtime.storage.digest import canonical_json

_MARKER = "store.json"
_FORMAT = 1


class StoreInputs(ResourceModel):
    """A directory that is an artifact store."""

    path: str
    """Absolute path of the directory."""
    retention_days: int | None = None
    """Age after which traffic, run files and reports are deleted; None: never."""
    keep_on_destroy: bool = False
    """Whether destroying leaves the content in place."""


class StoreOutputs(StoreInputs):
    """An artifact store."""

    uri: str
    """Root URI."""
    state: Literal["ready", "corrupted"] = "ready"
    """`corrupted`: the directory is there, but its marker does not read back."""


class StoreHandler:
    """CRUD of a store; its id is its path."""

    token = "trimaran:local:Store"
    inputs = StoreInputs
    outputs = StoreOutputs
    replace_on = frozenset({"path"})

    def create(self, inputs: StoreInputs, report: Reporter) -> Created[StoreOutputs]:
        path = Path(inputs.path)
        owner_of(path)
        if path.exists() and not path.is_dir():
            raise ResourceError("is a file", where=inputs.path, allowed="a directory, or nothing")
        if path.is_dir() and any(path.iterdir()) and not (path / _MARKER).exists():
            raise ResourceError(
                "the directory has content that is not an artifact store's",
                where=inputs.path,
                next_step="move it away, or rename the stack",
            )
        return Created(id=inputs.path, outputs=_write(inputs))

    def read(self, resource_id: str) -> tuple[StoreInputs, StoreOutputs] | None:
        path = Path(resource_id)
        if not path.is_dir():
            return None
        try:
            marker = json.loads((path / _MARKER).read_bytes())
            inputs = StoreInputs(
                path=resource_id,
                retention_days=marker["retention_days"],
                keep_on_destroy=marker["keep_on_destroy"],
            )
        except (OSError, ValueError, KeyError):
            inputs = StoreInputs(path=resource_id)
            return inputs, _outputs(inputs).model_copy(update={"state": "corrupted"})
        return inputs, _outputs(inputs)

    def drifted(self, outputs: StoreOutputs) -> frozenset[str]:
        return frozenset({"state"}) if outputs.state != "ready" else frozenset()

    def update(
        self, resource_id: str, old: StoreOutputs, new: StoreInputs, report: Reporter
    ) -> StoreOutputs:
        if not Path(resource_id).is_dir():
            raise CorruptedError(
                "the directory is gone, and its releases with it",
                where=resource_id,
                next_step="restore it, or run `pulumi up --refresh` to start a new one",
            )
        if old.state == "corrupted":
            report.warning(f"wrote the marker of {resource_id} again")
        return _write(new)

    def delete(self, resource_id: str, old: StoreOutputs, report: Reporter) -> None:
        path = Path(resource_id)
        sweep(path)
        if old.keep_on_destroy:
            report.info(f"kept {path}")
            return
        remove_tree(path)
        remove_empty(path.parent, owner_of(path).root)


def _write(inputs: StoreInputs) -> StoreOutputs:
    marker = {
        "format": _FORMAT,
        "retention_days": inputs.retention_days,
        "keep_on_destroy": inputs.keep_on_destroy,
    }
    write_atomic(Path(inputs.path) / _MARKER, canonical_json(marker))
    return _outputs(inputs)


def _outputs(inputs: StoreInputs) -> StoreOutputs:
    return StoreOutputs(**inputs.model_dump(), uri=Path(inputs.path).as_uri())
