"""A release: the immutable, content-addressed unit that is gated, approved, served, rolled back."""

from datetime import datetime
from typing import Literal

from pydantic import ValidationError

from trimaran_runtime.errors import AlreadyExists, Corrupted, NotFound, RegistryError
from trimaran_runtime.section import Section
from trimaran_runtime.storage.digest import PREFIX, canonical_json, digest_of
from trimaran_runtime.storage.store import Store
from trimaran_runtime.training.config import Scalar

SHORT = 12
"""Digits of a release id that people see."""


class File(Section):
    """One file of a release, stored as a blob."""

    digest: str
    """`sha256:` and 64 hexadecimal digits."""
    size_bytes: int
    """Size, bytes."""


class Feature(Section):
    """One input column of the model, in order."""

    name: str
    """Column name."""
    type: Literal["number", "integer", "category", "boolean", "timestamp", "text"]
    """Logical type."""
    nullable: bool
    """Whether missing values occurred in training."""
    example: Scalar | None = None
    """A value from the training data."""


class Signature(Section):
    """What the model takes and gives."""

    features: tuple[Feature, ...]
    """Input columns, in the order the model was fitted on."""
    target: str
    """Name of the predicted column."""
    task: Literal["classification", "regression"]
    """What is predicted."""
    classes: tuple[Scalar, ...] = ()
    """Class labels, in the order of the probabilities; empty for regression."""


class ModelFile(Section):
    """The fitted model."""

    format: Literal["skops"]
    """File format."""
    file: File
    """The model's bytes."""
    trusted_types: tuple[str, ...]
    """Types beside scikit-learn's defaults that loading may build; anything else is refused."""


class Check(Section):
    """One check of the gate, with its numbers, passed or not."""

    name: str
    """Stable name, e.g. `floor`, `champion`, `segment carrier=HA`."""
    passed: bool
    """Whether it holds."""
    judged: bool = True
    """False: reported only (too few rows, no champion); never refuses."""
    detail: str
    """One sentence with the numbers."""
    value: float | None = None
    """The measured quantity."""
    limit: float | None = None
    """What it was compared with."""
    rows: int | None = None
    """Test rows it was measured on."""


class Override(Section):
    """A refused check that a person let pass."""

    release: str
    """Full id of the release."""
    check: str
    """Name of the check."""
    who: str
    """User and host."""
    because: str
    """Reason given."""
    when: datetime
    """UTC."""


class Verdict(Section):
    """The gate's answer."""

    accepted: bool
    """Whether every judged check passed."""
    metric: str
    """The metric that decided."""
    value: float | None
    """Its value on the test rows; None: undefined (predictions that are not finite, say)."""
    interval: tuple[float, float] | None
    """95 % confidence interval of the value; None: undefined."""
    checks: tuple[Check, ...]
    """Every check, passed or not."""
    champion: str | None = None
    """Release it was compared with; None: there was none."""


class Lineage(Section):
    """What a release was made from."""

    config: str
    """Digest of the run's configuration."""
    code: str
    """Digest of the code bundle."""
    data: str
    """Fingerprint of the data."""
    environment: str
    """Digest of the installed distributions."""
    rows: dict[str, int]
    """Rows by split: train, validation, test."""
    parameters: dict[str, Scalar]
    """Hyperparameters."""
    seed: int
    """Seed."""
    source: str = ""
    """Where the data came from: `data.source`."""
    versions: dict[str, str] = {}
    """Versions of Python and of the libraries the model was fitted with."""


class Release(Section):
    """The manifest. Its id is the digest of its canonical bytes: no clock, host or user in it."""

    schema_version: Literal[1] = 1
    model_name: str
    """Name of the model."""
    model: ModelFile
    signature: Signature
    verdict: Verdict
    metrics: dict[str, float]
    """Metrics on the test rows, by name."""
    lineage: Lineage
    files: dict[str, File]
    """Other files by role: `evaluation`, `findings`, `reference_profile`, `model_card`, ..."""

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return canonical_json(self.model_dump(mode="json"))

    @property
    def id(self) -> str:
        """64 hexadecimal digits."""
        return digest_of(self.to_bytes()).removeprefix(PREFIX)


def release_key(release_id: str) -> str:
    """Key of a manifest."""
    return f"releases/{release_id}/manifest.json"


def write_release(store: Store, release: Release) -> str:
    """Write the manifest; every file it names must be stored already. Returns the id.

    Raises:
        RegistryError: a file that it names is not in the store.
    """
    named = {"model": release.model.file, **release.files}
    for role, file in named.items():
        if not store.has_blob(file.digest):
            raise RegistryError(f"release names {role} {file.digest}, which is not stored")
    content = release.to_bytes()
    try:
        store.create(release_key(release.id), content)
    except AlreadyExists:
        # The id is the digest: only these bytes belong there, whatever became of them.
        if store.read(release_key(release.id)) != content:
            store.write(release_key(release.id), content)
    return release.id


def read_release(store: Store, release_id: str) -> Release:
    """Read and verify a manifest by its full id; raises NotFound, Corrupted."""
    content = store.read(release_key(release_id))
    if digest_of(content) != PREFIX + release_id:
        raise Corrupted(
            f"manifest of release {release_id[:SHORT]} does not match its id",
            where="registry",
            next_step="restore it from a backup, or roll back to another release",
        )
    try:
        return Release.model_validate_json(content)
    except ValidationError as exc:
        raise Corrupted(
            f"manifest of release {release_id[:SHORT]} cannot be read: {exc}", where="registry"
        ) from exc


def find_release(store: Store, text: str) -> str:
    """Full id of the release whose id starts with `text`; raises NotFound, RegistryError."""
    ids = [i for i in list_releases(store) if text and i.startswith(text.lower())]
    if not ids:
        raise NotFound(
            f"no release {text!r}", where="registry", next_step="see `trimaran releases`"
        )
    if len(ids) > 1:
        short = ", ".join(i[:SHORT] for i in ids[:5])
        raise RegistryError(f"{text!r} is ambiguous: {short}", where="registry")
    return ids[0]


def list_releases(store: Store) -> list[str]:
    """Full ids of every release, in order of writing."""
    entries = [e for e in store.list("releases") if e.key.endswith("/manifest.json")]
    return [e.key.split("/")[1] for e in sorted(entries, key=lambda e: (e.modified, e.key))]
