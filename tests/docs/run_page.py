"""Runs the Python blocks of one page as a Pulumi program without an engine; a test calls it."""

import os
import sys
from pathlib import Path
from typing import Any

import pulumi

from tests.docs.pages import run_here


class Resources(pulumi.runtime.Mocks):
    """Every resource comes to be as it is asked for, and a store has its address."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        made = {"url": "", "release": "", "run": "", "production": "", **args.inputs}
        if args.typ == "trimaran:local:Store":
            made["uri"] = Path(made["path"]).as_uri()
        return f"{args.name}-id", made

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        return {}


def main(page: Path, folder: Path) -> None:
    """Run every block of the page in one namespace, in a folder, and wait for its resources."""
    os.chdir(folder)
    pulumi.runtime.set_mocks(Resources(), project="docs", stack="local")
    pulumi.runtime.set_config("trimaran:cloud", "local")
    namespace: dict[str, Any] = {"__name__": "__main__"}

    @pulumi.runtime.test
    def program() -> None:
        for block in run_here("python"):
            if block.page == page:
                exec(compile(block.text, str(block), "exec"), namespace)

    program()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
