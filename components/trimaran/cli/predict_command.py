"""`trimaran predict`: asks the endpoint, over HTTP like everybody else."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trimaran.cli.options import AsJson, Model, Stack

if TYPE_CHECKING:
    from trimaran_providers.contract.deployment import Deployment

_CHOICE = "one of --file, --row and --example"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("predict")(_predict)


def _predict(
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="Rows: .json (a list of objects) or .csv (with header)."),
    ] = None,
    row: Annotated[
        list[str] | None,
        typer.Option("--row", "-r", help="column=value of one row; give it for every column."),
    ] = None,
    example: Annotated[
        bool,
        typer.Option("--example", help="Send the release's example row; --row changes columns."),
    ] = False,
    stack: Stack = None,
    name: Model = None,
    as_json: AsJson = False,
) -> None:
    """Ask the endpoint for predictions."""
    from trimaran.cli.screen import show_json
    from trimaran.cli.selection import select
    from trimaran.cli.server import Server, rows_of_file

    if (file is None) == (not row and not example):
        raise typer.BadParameter(_CHOICE, param_hint="rows")
    deployment = select(stack, name)
    server = Server(_address(deployment))
    if file is not None:
        answer = server.predict(rows_of_file(file))
    else:
        cells = _cells(row or [])
        if example:
            answer = server.predict([{**server.example(), **server.typed(cells)}])
        else:
            answer = server.predict_cells(cells)
    if as_json:
        show_json(answer)
    else:
        _show(answer)


def _address(deployment: "Deployment") -> str:
    from trimaran_providers.contract.errors import ProjectError, ResourceError

    if deployment.cloud != "local":
        raise ProjectError(
            f"the endpoint is on {deployment.cloud}, which takes signed requests alone",
            next_step=f"ask it with {deployment.cloud}'s SDK or command; the guide shows how",
        )
    endpoint = deployment.endpoint()
    if endpoint.phase == "stopped":
        raise ResourceError(f"the endpoint is down: {endpoint.problem}")
    if endpoint.phase == "waiting":
        raise ProjectError(
            "the endpoint waits for its first release",
            next_step="see `trimaran status`",
        )
    return endpoint.url


def _cells(rows: list[str]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for cell in rows:
        column, equals, value = cell.partition("=")
        if not equals or not column:
            raise typer.BadParameter(f"{cell!r} is not column=value", param_hint="--row")
        if column in cells:
            raise typer.BadParameter(f"column {column} is given twice", param_hint="--row")
        cells[column] = value
    return cells


def _show(answer: dict[str, Any]) -> None:
    from trimaran.cli.screen import show, show_table
    from trimaran.cli.status_command import short

    predictions = answer["predictions"]
    if predictions and isinstance(predictions[0], dict):
        columns = list(predictions[0])
        rows = [[_cell(prediction.get(c)) for c in columns] for prediction in predictions]
    else:
        columns, rows = ["prediction"], [[_cell(value)] for value in predictions]
    numbered = [[str(number), *row] for number, row in enumerate(rows, start=1)]
    show_table(("row", *columns), numbered, right=" ".join(["row", *columns]))
    show((f"release {short(str(answer.get('release', '')))}", "dim"))


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
