"""The command starts at once: nothing is loaded that a verb does not need."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("pulumi", "pandas", "sklearn", "pyarrow", "grpc", "apprise", "aiohttp", "granian")


def loaded_by(*arguments: str, folder: Path) -> set[str]:
    """Top-level modules that a call of the command has loaded at its end."""
    program = (
        "import sys\n"
        "from trimaran.cli.app import run\n"
        f"run({list(arguments)!r})\n"
        "print('LOADED', *{name.partition('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=folder, check=True
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("LOADED"))
    return set(line.split()[1:])


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("status", "--help"),
        ("--version",),
        ("validate", "-s", "prod"),
        ("schema",),
        ("status",),
        ("releases",),
    ],
)
def test_no_verb_that_only_looks_loads_pulumi_or_data_science(
    project: Path, arguments: tuple[str, ...]
) -> None:
    assert not loaded_by(*arguments, folder=project) & set(HEAVY)


def test_help_loads_neither_the_spec_nor_rich(project: Path) -> None:
    loaded = loaded_by("--help", folder=project)
    assert "typer" in loaded
    assert not loaded & {"pydantic", "rich", "numpy", "obstore", "ruamel"}


def test_importing_the_package_loads_nothing() -> None:
    program = "import sys, trimaran; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert not {"pulumi", "pydantic", "typer", "numpy"} & set(done.stdout.split())
