"""Writes docs/reference/ from the code; `tests/docs` fails when a page is stale."""

import sys
from pathlib import Path

from tools.reference.attacks_page import attacks_page
from tools.reference.cli_page import cli_page
from tools.reference.components_page import components_page
from tools.reference.findings_page import findings_page
from tools.reference.mistakes_page import mistakes_page
from tools.reference.parity_page import parity_page
from tools.reference.policy_file import deployer_file, operator_file
from tools.reference.spec_page import spec_page

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGES = {
    "spec.md": spec_page,
    "cli.md": cli_page,
    "components.md": components_page,
    "findings.md": findings_page,
    "parity.md": parity_page,
    "aws-mistakes.md": mistakes_page,
    "attacks.md": attacks_page,
    "aws-deployer.json": deployer_file,
    "aws-operator.json": operator_file,
}


def main() -> int:
    """Write the pages; says which ones changed."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        path, text = FOLDER / name, page()
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
            print(f"wrote {path.relative_to(FOLDER.parents[1])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
