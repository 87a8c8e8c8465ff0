"""How much machine a step or a replica gets."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from trimaran_runtime.section import Section


class GpuKind(StrEnum):
    """GPU models; a cloud that lacks one rejects it by name."""

    t4 = "t4"
    l4 = "l4"
    a10 = "a10"
    a100 = "a100"
    h100 = "h100"
    h200 = "h200"


class Gpu(Section):
    """GPUs of one machine."""

    kind: GpuKind
    """GPU model."""
    count: Annotated[int, Field(ge=1, le=16)] = 1
    """GPUs per machine."""


class Compute(Section):
    """What one machine offers; the cloud's smallest instance that has it is taken."""

    cpu: Annotated[float, Field(gt=0, le=192)] = 2
    """Virtual CPUs."""
    memory_gib: Annotated[float, Field(gt=0, le=3072)] = 8
    """Memory, GiB."""
    disk_gib: Annotated[int, Field(ge=1, le=16_384)] = 30
    """Disk, GiB."""
    gpu: Gpu | None = None
    """GPUs; None: none."""
    instance: str | None = None
    """The cloud's own instance type; replaces the choice by size."""
    spot: bool = False
    """Whether interruptible capacity is used (steps only)."""
