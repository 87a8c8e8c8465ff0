"""What is told of one run: the document that waits in the store until MLflow has it."""

from datetime import datetime
from enum import StrEnum
from typing import Literal, Self

from pydantic import ValidationError

from trimaran_runtime.errors import Corrupted
from trimaran_runtime.section import Section
from trimaran_runtime.storage.digest import canonical_json, digest_of
from trimaran_runtime.training.config import Scalar


class RunStatus(StrEnum):
    """How a run ended, in MLflow's words."""

    FINISHED = "FINISHED"
    """It came to a verdict, accepted or refused."""
    FAILED = "FAILED"
    """A step failed, or validation refused the data."""
    KILLED = "KILLED"
    """Its process was killed."""


class Measure(Section):
    """One value of a metric."""

    name: str
    """Name, with `/` between its parts."""
    value: float | None
    """The value; None: undefined, which MLflow shows as NaN."""
    step: int = 0
    """Place in a series, e.g. the number of a trial."""


class TrackedData(Section):
    """The data that a run read."""

    name: str
    """Name of the model that they are for."""
    source: str
    """`data.source`."""
    fingerprint: str
    """Digest of the content."""
    rows: int
    """Number of rows."""
    columns: dict[str, str]
    """Arrow type by column."""


class Artifact(Section):
    """A file of the release."""

    path: str
    """Name under which MLflow gets it."""
    digest: str
    """Digest of the blob."""
    size_bytes: int
    """Size, bytes."""


class TrackedRun(Section):
    """One run. The times and what starts with `system/` aside, the same run gives the same."""

    schema_version: Literal[1] = 1
    run: str
    """Id of the run."""
    experiment: str
    """Name of MLflow's experiment."""
    destination: str | None = None
    """Address of the MLflow server that it is meant for; None: none is configured."""
    status: RunStatus
    """How it ended."""
    message: str = ""
    """Why it did not come to an accepted release."""
    started: datetime
    """When its first step started, UTC."""
    ended: datetime
    """When this was written, UTC."""
    parameters: dict[str, Scalar] = {}
    """What was set: hyperparameters under their own names, all else under `section.name`."""
    measures: tuple[Measure, ...] = ()
    """What was measured."""
    tags: dict[str, str] = {}
    """What it was made from and what it made, by name."""
    data: TrackedData | None = None
    """What it read; None: it did not get that far."""
    artifacts: tuple[Artifact, ...] = ()
    """Files of the release for a person to look at."""

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """Read it back; raises Corrupted."""
        try:
            return cls.model_validate_json(document)
        except ValidationError as exc:
            first = exc.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Corrupted(f"a tracked run cannot be read: {where}: {first['msg']}") from exc

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return canonical_json(self.model_dump(mode="json"))

    @property
    def digest(self) -> str:
        """Digest of its canonical bytes."""
        return digest_of(self.to_bytes())
