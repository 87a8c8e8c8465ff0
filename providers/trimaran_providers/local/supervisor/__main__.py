"""`python -m trimaran_providers.local.supervisor --project DIR`: runs a project's jobs."""

import argparse
import logging
import sys
from pathlib import Path

from trimaran_providers.local.layout import Layout
from trimaran_providers.local.supervisor.daemon import Supervisor


def main() -> int:
    """Run until the last job is gone, or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # Every ten seconds a line that says nothing happened would hide the ones that matter.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    return Supervisor(Layout(arguments.project)).run()


if __name__ == "__main__":
    sys.exit(main())
