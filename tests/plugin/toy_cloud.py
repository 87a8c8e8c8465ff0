"""A cloud of text files: the smallest handlers that can create, drift, tear and fail."""

import json
import time
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from trimaran_providers.contract.errors import PartiallyCreatedError, ResourceError
from trimaran_providers.contract.handler import Created, Reporter, ResourceModel


class Label(ResourceModel):
    """A label with a colour."""

    text_colour: str = "black"
    """Colour of the text."""


class NoteInputs(ResourceModel):
    """A note in a file."""

    path: str
    """Absolute path of the file."""
    text: str
    """What it says."""
    line_count: int = Field(default=1, ge=1, le=9)
    """How many times it says so."""
    marks: dict[str, str] = {}
    """Marks by name."""
    label: Label | None = None
    """Label on the note."""
    pass_phrase: str | None = Field(default=None, json_schema_extra={"secret": True})
    """A declared secret."""
    fail: Literal["", "before", "half", "bug"] = ""
    """How creating and updating fails."""
    seconds: float = 0
    """How long creating and updating takes."""

    @model_validator(mode="after")
    def _short(self) -> "NoteInputs":
        if len(self.text) * self.line_count > 100:
            raise ValueError("the note is longer than 100 characters")
        return self


class NoteOutputs(NoteInputs):
    """A note in a file."""

    revision: int
    """How often it was written."""
    state: Literal["good", "torn"]
    """`torn`: the file does not read back."""
    seal: str = Field(default="made by the cloud", json_schema_extra={"secret": True})
    """A secret that only the cloud knows."""


class NoteHandler:
    """CRUD of a note; its id is its path."""

    token = "trimaran:toy:Note"
    inputs = NoteInputs
    outputs = NoteOutputs
    replace_on = frozenset({"path"})

    def create(self, inputs: NoteInputs, report: Reporter) -> Created[NoteOutputs]:
        return Created(id=inputs.path, outputs=self._write(inputs, 1, report))

    def read(self, resource_id: str) -> tuple[NoteInputs, NoteOutputs] | None:
        path = Path(resource_id)
        if not path.exists():
            return None
        try:
            kept = json.loads(path.read_text())
        except json.JSONDecodeError:
            lost = NoteInputs(path=resource_id, text="?")
            return lost, NoteOutputs(**lost.model_dump(), revision=0, state="torn")
        inputs = NoteInputs.model_validate(kept["inputs"])
        return inputs, NoteOutputs(**inputs.model_dump(), revision=kept["revision"], state="good")

    def drifted(self, outputs: NoteOutputs) -> frozenset[str]:
        return frozenset({"state"} if outputs.state == "torn" else ())

    def update(
        self, resource_id: str, old: NoteOutputs, new: NoteInputs, report: Reporter
    ) -> NoteOutputs:
        return self._write(new, old.revision + 1, report)

    def delete(self, resource_id: str, old: NoteOutputs, report: Reporter) -> None:
        Path(resource_id).unlink(missing_ok=True)

    def _write(self, inputs: NoteInputs, revision: int, report: Reporter) -> NoteOutputs:
        report.progress(f"writing {inputs.text}")
        if inputs.fail == "before":
            raise ResourceError("the disk is full", where=inputs.path, next_step="empty it")
        if inputs.fail == "bug":
            raise ZeroDivisionError("a bug in the toy")
        for passed in range(int(inputs.seconds * 20)):
            time.sleep(0.05)
            report.progress(f"writing {inputs.text} ({passed})")
        document = {"inputs": inputs.model_dump(exclude={"fail"}), "revision": revision}
        Path(inputs.path).write_text(json.dumps(document))
        if inputs.fail == "half":
            known = {"revision": revision, "marks": inputs.marks}
            reasons = ["the ink ran out", "so did the paper"]
            raise PartiallyCreatedError(inputs.path, known, reasons)
        report.info(f"wrote {inputs.text}")
        if inputs.line_count > 5:
            report.warning("that is a lot of lines")
        return NoteOutputs(**inputs.model_dump(), revision=revision, state="good")
