"""The components that the plugin serves to every Pulumi language.

They live above this package and make themselves known by entry points, so that nothing here imports
upwards.
"""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any, ClassVar, Protocol

import pulumi
from pydantic import BaseModel

GROUP = "trimaran.components"
"""Entry points: `MLStack = "trimaran.stack:MLStack"`."""


class ComponentClass(Protocol):
    """What a class must have to be served."""

    token: ClassVar[str]
    """Type token, `trimaran:index:<Noun>`."""
    args_model: ClassVar[type[BaseModel]]
    """What it takes."""
    outputs: ClassVar[tuple[str, ...]]
    """Names of its outputs, each an attribute of the component."""

    def __call__(
        self, name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None
    ) -> pulumi.ComponentResource:
        """Make one."""


def installed() -> dict[str, ComponentClass]:
    """The components of every installed distribution, by type token."""
    loaded = [point.load() for point in entry_points(group=GROUP)]
    return {component.token: component for component in sorted(loaded, key=lambda c: c.token)}
