"""Building the engine with Go, where nothing ready-made can be fetched."""

import os
import re
import shutil
from pathlib import Path

from tools.setup.command import Command, run, say
from tools.setup.failure import Unavailable

_SDK = "github.com/pulumi/pulumi/sdk/v3"
# Folder of the module in tools/pulumi, program it makes, package of that program. Three modules,
# because they need different versions of the SDK; the quick ones first, so mistakes show early.
_PROGRAMS = (
    ("python", "pulumi-language-python", f"{_SDK}/python/cmd/pulumi-language-python"),
    ("yaml", "pulumi-language-yaml", "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"),
    ("cli", "pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"),
)
# Scripts of the CLI's SDK module that belong beside the programs.
SCRIPTS = (
    "python/cmd/pulumi-language-python-exec",
    "python/dist/pulumi-resource-pulumi-python",
)


def build(modules: Path, version: str, target: Path) -> None:
    """Build the three programs and add their scripts.

    Args:
        modules: Folder of the pinned Go modules.
        version: Version of the CLI, which it is told at link time.
        target: Folder to make.

    Raises:
        Unavailable: There is no Go, or it could not build; the message has its last lines.
    """
    go = shutil.which("go")
    if go is None:
        raise Unavailable("no `go` on PATH")
    say(f"building Pulumi {version} with Go, once for this user; it may take 6 to 10 minutes")
    # GOWORK: a workspace of the user's must not replace the pins.
    env = os.environ | {"GOWORK": "off"}
    stripped = "-s -w"
    flags = {"cli": f"{stripped} -X {_SDK}/go/common/version.Version=v{version}"}
    for number, (module, program, package) in enumerate(_PROGRAMS, start=1):
        options = ["-mod=readonly", "-buildvcs=false", "-trimpath"]
        linker = ["-ldflags", flags.get(module, stripped)]
        command: Command = [go, "build", *options, *linker, "-o", target / program, package]
        label = f"building {program} ({number} of {len(_PROGRAMS)})"
        run(command, label, cwd=modules / module, env=env)
    where = [go, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", _SDK]
    sdk = Path(run(where, "finding the SDK's scripts", cwd=modules / "cli", env=env).strip())
    for script in SCRIPTS:
        copy = target / Path(script).name
        shutil.copyfile(sdk / script, copy)
        copy.chmod(0o755)


def go_version(modules: Path) -> str:
    """The oldest Go that builds the engine, from the CLI's go.mod."""
    found = re.search(r"^go (\S+)$", (modules / "cli" / "go.mod").read_text(), re.MULTILINE)
    return found.group(1) if found else "1.25"
