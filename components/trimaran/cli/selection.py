"""Which deployment a verb is about."""

from collections.abc import Sequence
from pathlib import Path

from trimaran.spec.problems import closest
from trimaran.spec.stack_file import project_of
from trimaran_providers.contract.deployment import Deployment
from trimaran_providers.contract.errors import ProjectError


class AmbiguousError(ProjectError):
    """Several deployments fit what was asked."""


def select(stack: str | None, model: str | None, start: Path | None = None) -> Deployment:
    """The one deployment that is meant.

    Args:
        stack: name of the Pulumi stack; None: any.
        model: name of the model; None: any.
        start: a folder of the project; None: the working directory.

    Raises:
        ProjectError: no project, or nothing of it is deployed that fits.
        AmbiguousError: several fit.
    """
    from trimaran_providers.local.deployment import find_deployments

    found: list[Deployment] = [*find_deployments(project_of(start or Path.cwd()))]
    if not found:
        raise ProjectError(
            f"nothing is deployed on this machine{f' by stack {stack}' if stack else ''}",
            next_step=f"run `pulumi up -s {stack or 'local'}` first",
        )
    chosen = [d for d in found if stack in (None, d.stack) and model in (None, d.model)]
    if not chosen:
        raise _nothing_fits(found, stack, model)
    if len(chosen) > 1:
        raise AmbiguousError(
            f"{len(chosen)} deployments are up: {_listed(chosen)}",
            next_step="say which one with --stack and --name",
        )
    return chosen[0]


def _nothing_fits(
    found: Sequence[Deployment], stack: str | None, model: str | None
) -> ProjectError:
    asked = [f"stack {stack}"] if stack else []
    hint = closest(stack, tuple(d.stack for d in found)) if stack else ""
    if model:
        asked.append(f"model {model}")
        hint = hint or closest(model, tuple(d.model for d in found))
    return ProjectError(
        f"no deployment of {' and '.join(asked)} on this machine{hint}",
        allowed=_listed(found),
        next_step=f"run `pulumi up -s {stack}` first" if stack else "",
    )


def _listed(deployments: Sequence[Deployment]) -> str:
    return ", ".join(f"{d.model} ({d.stack})" for d in deployments)
