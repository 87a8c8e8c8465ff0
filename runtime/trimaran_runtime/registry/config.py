"""The `registry` section: who lets a model into production."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from trimaran_runtime.section import Section


class Approval(StrEnum):
    """Who lets an accepted release into production."""

    automatic = "automatic"
    """The pipeline, as soon as the gate accepts."""
    manual = "manual"
    """A person, with `trimaran approve`."""


class RegistryConfig(Section):
    """Who lets a model into production, and how many releases are kept."""

    approval: Approval = Approval.automatic
    """`automatic` or `manual`."""
    keep_releases: Annotated[int, Field(ge=2)] | None = None
    """Releases kept beside those in a channel; None: all."""
    model_card: bool = False
    """Whether each release has a model card in the cloud's registry, beside our own."""
