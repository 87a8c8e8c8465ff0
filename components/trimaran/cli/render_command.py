"""`trimaran render`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trimaran.cli.exit import Exit
from trimaran.cli.options import AsJson, Overlay, SpecFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trimaran.recorder import Rendered
    from trimaran_providers.contract.errors import Problem

_INDENT = "  "


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("render")(_render)


def _render(
    file: SpecFile = None,
    cloud: Annotated[
        str | None, typer.Option("--cloud", "-c", help="Render for this cloud instead.")
    ] = None,
    stack: Overlay = None,
    as_json: AsJson = False,
) -> None:
    """Show every resource that `pulumi up` would bring, with its inputs; asks no cloud.

    Needs neither the Pulumi engine nor credentials nor a network. Secrets are shown as [secret],
    and what only the cloud can tell as <known after up>.
    """
    from trimaran.cli.screen import complain, show_json
    from trimaran.cli.spec_report import find_spec

    problems, resources = _rendered(file or find_spec(Path.cwd()), stack, cloud)
    if problems:
        for problem in problems:
            complain(str(problem))
        raise typer.Exit(Exit.PROBLEM)
    if as_json:
        show_json([_document(resource) for resource in resources])
    else:
        _show(resources)


def _rendered(
    file: Path, stack: str | None, cloud: str | None
) -> "tuple[Sequence[Problem], Sequence[Rendered]]":
    import gc

    # The cloud's package has a million objects that live as long as this process: looking for
    # garbage among them, while they come and when it ends, takes a third of the time.
    gc.disable()
    try:
        from trimaran.cli.spec_report import examine
        from trimaran.render import render_stack
        from trimaran_providers.contract.errors import SpecError

        problems = examine(file, stack, cloud).problems
        return problems, () if problems else render_stack(file, stack, cloud)
    except SpecError as exc:
        return exc.problems, ()
    finally:
        gc.freeze()
        gc.enable()


def _document(resource: "Rendered") -> dict[str, Any]:
    return {
        "type": resource.type,
        "name": resource.name,
        "urn": resource.urn,
        "parent": resource.parent,
        "custom": resource.custom,
        "inputs": dict(resource.inputs),
    }


def _show(resources: "Sequence[Rendered]") -> None:
    from trimaran.cli.screen import show

    depth: dict[str, int] = {}
    for resource in resources:
        level = depth.get(resource.parent, -1) + 1
        depth[resource.urn] = level
        margin = _INDENT * level
        show(margin, (resource.type, "strong"), f" {resource.name}")
        for line in _lines(resource.inputs):
            show((f"{margin}{_INDENT * 2}{line}", "dim"))
    custom = sum(resource.custom for resource in resources)
    show()
    show(f"{custom} resources in {len(resources) - custom} components")


def _lines(value: Any) -> "Iterator[str]":
    """A value as an outline; JSON inside of text is laid open."""
    from collections.abc import Mapping

    pairs = value.items() if isinstance(value, Mapping) else (("-", item) for item in value)
    for key, item in pairs:
        item = _opened(item)
        label = key if key == "-" else f"{key}:"
        if isinstance(item, (Mapping, list)) and item:
            yield label
            yield from (f"{_INDENT}{line}" for line in _lines(item))
        else:
            yield from _leaf(label, item)


def _leaf(label: str, value: Any) -> "Iterator[str]":
    import json

    text = value if isinstance(value, str) and value else json.dumps(value)
    first, *others = text.splitlines() or [""]
    yield f"{label} {first}"
    yield from (f"{_INDENT}{line}" for line in others)


def _opened(value: Any) -> Any:
    import json

    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
