"""Every command of `trimaran` with its options, and the exit statuses."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import typer

from tools.reference.shape import member_docs
from tools.reference.table import MADE, head, row, said
from trimaran.cli.app import app
from trimaran.cli.exit import Exit


def cli_page() -> str:
    """Every command with its options, and the exit statuses."""
    group = typer.main.get_command(app)
    lines = [
        MADE,
        "# The command `trimaran`\n",
        "It looks at what `pulumi up` made and moves releases; infrastructure is changed by",
        "`pulumi` alone. Run it in the project's folder, or anywhere with `-C FOLDER`.\n",
        "## Exit status\n",
        *_exit_table(),
        "\n## For every command\n",
        *_parameters(group),
    ]
    commands: Mapping[str, Any] = getattr(group, "commands", {})
    for name, command in commands.items():
        lines += [f"\n## trimaran {name}\n", f"{inspect.cleandoc(command.help or '')}\n"]
        lines += _parameters(command)
    return "\n".join(lines) + "\n"


def _exit_table() -> Iterator[str]:
    docs = member_docs(Exit)
    yield from head("status", "meaning")
    for member in Exit:
        yield row(f"`{member.value}`", said(docs[member.name]))


def _parameters(command: Any) -> Iterator[str]:
    found = [p for p in command.params if p.name not in {"install_completion", "show_completion"}]
    yield from head("argument or option", "what it does")
    for parameter in found:
        names = ", ".join(f"`{option}`" for option in parameter.opts)
        if parameter.param_type_name == "argument":
            names = f"`{(parameter.name or '').upper()}`"
        elif not getattr(parameter, "is_flag", False):
            names += f" {(parameter.name or '').upper()}"
        yield row(names, said(getattr(parameter, "help", "")))
    yield row("`-h`, `--help`", "Show the help and exit.")
