"""Options that several verbs take."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Stack = Annotated[
    str | None, typer.Option("--stack", "-s", help="Pulumi stack; needed when several are up.")
]
Model = Annotated[
    str | None, typer.Option("--name", "-n", help="Model; needed when several are up.")
]
Because = Annotated[str, typer.Option("--because", help="Reason, for the audit log.")]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Do not wait until the endpoint serves it.")
]
SpecFile = Annotated[
    Path | None, typer.Argument(help="The spec; none: the one beside Pulumi.yaml.")
]
Overlay = Annotated[
    str | None, typer.Option("--stack", "-s", help="Lay Pulumi.<stack>.yaml over it.")
]
