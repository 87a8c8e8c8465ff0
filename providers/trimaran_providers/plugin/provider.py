"""The provider of the components: what the SDK's own service of components asks."""

from collections.abc import Callable, Mapping
from functools import cached_property
from importlib.metadata import version
from typing import Any

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult, Provider
from pydantic.alias_generators import to_camel

from trimaran_providers.contract.errors import Problem, SpecError, TrimaranError
from trimaran_providers.plugin.components import ComponentClass
from trimaran_providers.plugin.construct import Given, SpecReader, wire_path


class TrimaranProvider(Provider):
    """Makes components for programs in every Pulumi language.

    Args:
        components: gives the components when the first of them is needed.
    """

    def __init__(self, components: Callable[[], Mapping[str, ComponentClass]]) -> None:
        super().__init__(version("trimaran"))
        self._load_components = components

    @cached_property
    def components(self) -> Mapping[str, ComponentClass]:
        """Components by type token."""
        return self._load_components()

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: Mapping[str, Any],
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Make a component.

        Args:
            name: logical name.
            resource_type: type token.
            inputs: `Given` values by their names at the engine.
            options: Pulumi's resource options.

        Raises:
            InputPropertiesError: the inputs are wrong; lists every problem.
            TrimaranError: the component cannot be made.
        """
        component = self.components.get(resource_type)
        if component is None:
            raise TrimaranError(
                f"there is no component {resource_type!r}", allowed=", ".join(self.components)
            )
        given: dict[str, Given] = dict(inputs)
        reader = SpecReader()
        args = reader.record(component.args_model, given)
        if reader.problems:
            raise _refusal(name, reader.problems)
        try:
            made = component(name, args, options)
        except pulumi.RunError as error:
            if isinstance(error.__cause__, TrimaranError):
                raise _translated(name, error.__cause__, component) from error
            raise
        except TrimaranError as error:
            raise _translated(name, error, component) from error
        state = {to_camel(output): getattr(made, output) for output in component.outputs}
        return ConstructResult(urn=made.urn, state=state)


def _translated(name: str, error: TrimaranError, component: ComponentClass) -> Exception:
    """The error in the words of the engine's user: camelCase paths."""
    if not isinstance(error, SpecError):
        return error
    return _refusal(
        name,
        [
            Problem(
                path=wire_path(component.args_model, problem.path),
                what=problem.what,
                allowed=problem.allowed,
            )
            for problem in error.problems
        ],
    )


def _refusal(name: str, problems: list[Problem]) -> InputPropertiesError:
    return InputPropertiesError(
        f"the inputs of {name} are wrong",
        [
            {
                "property_path": problem.path,
                "reason": problem.what
                + (f"; allowed: {problem.allowed}" if problem.allowed else ""),
            }
            for problem in problems
        ],
    )
