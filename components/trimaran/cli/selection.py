"""Which deployment a verb is about."""

from collections.abc import Sequence
from pathlib import Path

from trimaran.spec.problems import closest
from trimaran.spec.stack_file import project_of, read_stack
from trimaran_providers.contract.deployment import Deployment
from trimaran_providers.contract.errors import ProjectError, SpecError

LOCAL = "local"
"""The cloud whose deployments are found by the files of this machine."""


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
    project = project_of(start or Path.cwd())
    cloud = _cloud_of(project, stack)
    found = _deployments(project, stack, cloud)
    if not found:
        where = f"on {cloud}" if cloud != LOCAL else "on this machine"
        raise ProjectError(
            f"nothing is deployed {where}{f' by stack {stack}' if stack else ''}",
            next_step=f"run `pulumi up -s {stack or LOCAL}` first",
        )
    chosen = [d for d in found if stack in (None, d.stack) and model in (None, d.model)]
    if not chosen:
        raise _nothing_fits(found, stack, model, cloud)
    if len(chosen) > 1:
        raise AmbiguousError(
            f"{len(chosen)} deployments are up: {_listed(chosen)}",
            next_step="say which one with --stack and --name",
        )
    return chosen[0]


def _cloud_of(project: Path, stack: str | None) -> str:
    """The cloud of a stack: what its file, or a spec of the project, says; else this machine."""
    if stack is None or not (project / f"Pulumi.{stack}.yaml").is_file():
        return LOCAL
    return read_stack(project, stack).cloud or _in_spec(project) or LOCAL


def _in_spec(project: Path) -> str | None:
    from trimaran.cli.spec_report import find_spec
    from trimaran.spec.yaml_reader import read_yaml

    try:
        found = read_yaml(find_spec(project)).value.get("cloud")
    except (ProjectError, SpecError):
        # Several specs, or one that does not read: then the stack's file alone can say it.
        return None
    return found if isinstance(found, str) else None


def _deployments(project: Path, stack: str | None, cloud: str) -> list[Deployment]:
    if cloud == LOCAL or stack is None:
        from trimaran_providers.local.deployment import find_deployments

        return [*find_deployments(project)]
    if cloud == "aws":
        from trimaran_providers.aws.deployment import find_deployments as find_on_aws

        return [*find_on_aws(project, stack)]
    raise ProjectError(
        f"stack {stack} is on {cloud}, which this command cannot look into",
        allowed="local, aws",
        next_step=f"see what it has with `pulumi stack -s {stack}`",
    )


def _nothing_fits(
    found: Sequence[Deployment], stack: str | None, model: str | None, cloud: str
) -> ProjectError:
    asked = [f"stack {stack}"] if stack else []
    stacks = tuple(d.stack for d in found)
    hint = closest(stack, stacks) if stack and stack not in stacks else ""
    if model:
        asked.append(f"model {model}")
        hint = hint or closest(model, tuple(d.model for d in found))
    return ProjectError(
        f"no deployment of {' and '.join(asked)} on "
        f"{'this machine' if cloud == LOCAL else cloud}{hint}",
        allowed=_listed(found),
        next_step=f"run `pulumi up -s {stack}` first" if stack else "",
    )


def _listed(deployments: Sequence[Deployment]) -> str:
    return ", ".join(f"{d.model} ({d.stack})" for d in deployments)
