"""What a batch job wrote: a small JSON file beside the predictions, written last."""

from typing import Literal

from trimaran_runtime.section import Section
from trimaran_runtime.storage.digest import canonical_json


class InputFile(Section):
    """One file that was read."""

    name: str
    """As errors name it."""
    rows: int
    """Rows in it."""
    refused: int
    """Rows of these that the signature refused; their predictions are null."""


class RefusedRow(Section):
    """A row that the signature refused."""

    file: str
    """The file."""
    row: int
    """Number of the row in it, from 1."""
    column: str
    """Column whose value the model does not take."""


class OutputFile(Section):
    """The file of predictions."""

    name: str
    """Its name; it stands beside the manifest."""
    size_bytes: int
    """Its size."""
    digest: str
    """`sha256:` and 64 hexadecimal digits."""
    columns: dict[str, str]
    """Arrow type by column."""


class BatchManifest(Section):
    """What was predicted, with which release, and into what; no clock, host or user."""

    schema_version: Literal[1] = 1
    release: str
    """Full id of the release."""
    model_name: str
    """Name of the model."""
    input: str
    """What was read, as it was named."""
    files: tuple[InputFile, ...]
    """Its files, in the order they were read."""
    rows: int
    """Rows predicted, refused ones included."""
    refused: int
    """Rows that the signature refused."""
    first_refused: RefusedRow | None
    """The first of them; None: there is none."""
    rows_per_batch: int
    """Rows that the model got at a time."""
    output: OutputFile
    """The predictions."""

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return canonical_json(self.model_dump(mode="json"))


def manifest_name(output: str) -> str:
    """Name of the manifest of a file: readers of a folder leave out what starts with `_`."""
    return f"_{output}.manifest.json"
