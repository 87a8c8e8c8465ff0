"""`python -m trimaran_runtime.tracking --store URI --to URI`: sends what waits, says what came."""

import argparse
import sys
from collections.abc import Sequence

from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.storage.store import Store
from trimaran_runtime.tracking.send import send


def main(arguments: Sequence[str] | None = None) -> int:
    """Send; 1 when something goes on waiting."""
    parser = argparse.ArgumentParser(prog="python -m trimaran_runtime.tracking")
    parser.add_argument("--store", required=True, help="URI of the artifact store")
    parser.add_argument("--to", required=True, help="address of the MLflow server")
    given = parser.parse_args(arguments)
    try:
        outcome = send(Store(given.store), to=given.to)
    except RuntimeFault as exc:
        sys.stdout.write(f"warning: not tracked: {' '.join(str(exc).split())}\n")
        return 1
    sys.stdout.write(f"{outcome}\n")
    return 1 if outcome.waiting else 0


if __name__ == "__main__":
    sys.exit(main())
