"""A component of toy resources: a notebook of notes."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

import pulumi
from pydantic import ValidationError, model_validator

from tests.plugin.toy_cloud import NoteOutputs
from trimaran_providers.contract.errors import Problem, SpecError
from trimaran_providers.contract.spec.linkable import Linkable
from trimaran_providers.plugin.resource import PluginResource
from trimaran_runtime.section import Section


class Binding(StrEnum):
    """How pages hold together."""

    glue = "glue"
    wire_o = "wire-o"


class PageSpec(Section):
    """One page."""

    first_line: Linkable
    """What it says."""
    line_count: int = 1
    """How often it says so."""


class NotebookArgs(Section):
    """A notebook: notes in a folder."""

    folder: str
    """Folder of the notes."""
    cover_text: Linkable | None = None
    """Text on the cover; None: no cover."""
    binding: Binding = Binding.glue
    """How pages hold together."""
    pages: tuple[PageSpec, ...] = ()
    """The pages."""
    labels: dict[str, str] = {}
    """Labels on every page."""
    settings: dict[str, int | float | str] = {}
    """Anything else."""

    @model_validator(mode="after")
    def _not_empty(self) -> "NotebookArgs":
        if not self.pages:
            raise ValueError("a notebook needs pages")
        return self


class Notebook(pulumi.ComponentResource):
    """A notebook: notes in a folder."""

    token: ClassVar[str] = "trimaran:index:Notebook"
    args_model = NotebookArgs
    outputs: ClassVar[tuple[str, ...]] = ("last_text", "seen_settings", "working_folder")

    def __init__(
        self,
        name: str,
        args: NotebookArgs | Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(self.token, name, {}, opts)
        try:
            spec = NotebookArgs.model_validate(args)
        except ValidationError as error:
            raise SpecError(
                [Problem(path=".".join(map(str, e["loc"])), what=e["msg"]) for e in error.errors()]
            ) from error
        inputs = [
            {
                "text": page.first_line,
                "line_count": page.line_count,
                "path": f"{spec.folder}/{name}-{number}.json",
                "marks": spec.labels,
            }
            for number, page in enumerate(spec.pages)
        ]
        if spec.cover_text is not None:
            inputs.append({"text": spec.cover_text, "path": f"{spec.folder}/{name}-cover.json"})
        opts = pulumi.ResourceOptions(parent=self)
        notes = [
            PluginResource("trimaran:toy:Note", f"{name}-{number}", given, NoteOutputs, opts)
            for number, given in enumerate(inputs)
        ]
        self.last_text = notes[-1].output("text")
        self.seen_settings = pulumi.Output.from_input(repr(dict(sorted(spec.settings.items()))))
        self.working_folder = pulumi.Output.from_input(str(Path.cwd()))
        self.register_outputs({"last_text": self.last_text})
