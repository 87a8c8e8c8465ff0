"""Which releases a server answers with, and how requests are shared among them."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from trimaran_runtime.config_document import ConfigDocument
from trimaran_runtime.section import Section

_RELEASE = r"^[0-9a-f]{64}$"
_NAME = r"^[A-Za-z0-9][\w.-]*$"


class VariantConfig(Section):
    """One release that answers."""

    name: Annotated[str, Field(pattern=_NAME)]
    """Name of the variant: in metrics, and a folder of the captured traffic."""
    release: Annotated[str, Field(pattern=_RELEASE)]
    """Full id of its release."""
    weight: Annotated[float, Field(ge=0)] = 1.0
    """Its share of the traffic is its weight of the sum of weights. 0: it is loaded, and waits."""


class ShadowConfig(Section):
    """A release that is asked too, and whose answers nobody gets."""

    name: Annotated[str, Field(pattern=_NAME)] = "shadow"
    """Name of the variant."""
    release: Annotated[str, Field(pattern=_RELEASE)]
    """Full id of its release."""
    fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the requests that it is asked too, 0 to 1."""


class TrafficConfig(ConfigDocument):
    """All of a server's releases. A changed document is read while the server runs."""

    variants: Annotated[tuple[VariantConfig, ...], Field(min_length=1, max_length=16)]
    """The releases that answer; a key's variant stays when a later one's weight grows."""
    shadow: ShadowConfig | None = None
    """A release that only watches; None: none."""
    sticky_header: str | None = None
    """Header of requests whose value decides on the variant, such as a customer's id: the same
    value gets the same variant. None, and requests without it: each request on its own."""

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        names = [v.name for v in self.variants] + ([self.shadow.name] if self.shadow else [])
        if len(set(names)) != len(names):
            raise ValueError("two variants have one name")
        if not any(variant.weight for variant in self.variants):
            raise ValueError("every weight is 0: nothing would answer")
        return self
