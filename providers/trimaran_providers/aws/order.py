"""Outputs that wait for more than their own resource."""

from collections.abc import Awaitable, Sequence
from typing import TypeVar, cast

import pulumi

T = TypeVar("T")


def settled(output: pulumi.Output[T], resources: Sequence[pulumi.Resource]) -> pulumi.Output[T]:
    """The same output, whose readers also come after `resources`.

    A component is linked to the next by an output alone, and the next one must not write into a
    bucket before it is closed to the public. `Output.all` would order them too, and make the value
    unknown to a preview whenever one of the resources is new.

    Only for resources that live and die with the output's own: where one is replaced, the engine
    asks of every reader whether that replaces it as well.
    """

    async def behind() -> set[pulumi.Resource]:
        return {*await output.resources(), *resources}

    # `future` says None for a value that is not known yet, which its type owns up to.
    value = cast("Awaitable[T]", output.future())
    return pulumi.Output(behind(), value, output.is_known(), output.is_secret())
