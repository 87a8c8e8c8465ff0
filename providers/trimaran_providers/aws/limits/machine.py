"""Limits of the `compute` sections."""

import re
from collections.abc import Iterator

from trimaran_providers.aws.instance import Use, instance_type
from trimaran_providers.contract.errors import Problem, UnsupportedError
from trimaran_providers.contract.spec import Compute

_INSTANCE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9-]+")


def machine_problems(path: str, compute: Compute, use: Use) -> Iterator[Problem]:
    """What AWS cannot do of the section at `path`, for one use of it."""
    if compute.instance is not None and not _INSTANCE.fullmatch(compute.instance):
        yield Problem(
            path=f"{path}.instance",
            what=f"{compute.instance!r} is no instance type of SageMaker",
            allowed="ml.FAMILY.SIZE, e.g. ml.m5.large",
        )
    try:
        instance_type(compute, use, path=path)
    except UnsupportedError as exc:
        yield Problem(path=path, what=exc.reason, allowed=exc.next_step)
