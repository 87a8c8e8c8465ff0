"""What AWS cannot do beyond single fields: combinations, limits, names; asked before `up`."""

from collections.abc import Iterator

from pydantic import BaseModel

from trimaran_providers.contract.errors import Problem
from trimaran_providers.contract.spec import PlatformSpec


def problems_of(spec: BaseModel, platform: PlatformSpec) -> Iterator[Problem]:
    """Every problem of a section of the spec, or of the whole spec; paths are the whole spec's."""
    yield from ()
