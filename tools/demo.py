"""`make demo`: the whole loop on this machine, from nothing to a drift report, on real flights.

`make down` takes it all away again.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STACKS = ROOT / "stacks"
STACK = "local"
TESTED_DAYS, LATER_DAYS = ("2013-05-27", "2013-06-30"), ("2013-11-25", "2013-12-30")
ROWS = 20_000
ROWS_PER_REQUEST = 200
STEPS_IMPORT = "import pandas, pyarrow.parquet, skops.io, sklearn.compose, sklearn.ensemble"
DRIFT = 1
"""Exit status of `trimaran monitor` when it found drift."""


def up() -> None:
    """Bring the stack up, ask it, show drift, and say what to look at."""
    started = time.monotonic()
    # In a new checkout these are compiled first; the other core does it while Pulumi starts.
    compiling = subprocess.Popen([sys.executable, "-c", STEPS_IMPORT])
    say("pulumi up: store, pipeline, registry, endpoint, monitor and alerts from one spec")
    run("pulumi", "login", environment()["PULUMI_BACKEND_URL"], quiet=True)
    run("pulumi", "stack", "select", "--create", STACK, quiet=True)
    run("pulumi", "up", "--yes", "--skip-preview", "--stack", STACK)
    compiling.wait()
    say("one prediction: will this flight of December be late?")
    later = rows(*LATER_DAYS)
    given = [f"--row={name}={'' if value is None else value}" for name, value in later[0].items()]
    run("trimaran", "predict", *given)
    say(f"{ROWS:,} flights of June, as the model was tested on; then the monitor looks")
    send(rows(*TESTED_DAYS))
    run("trimaran", "monitor", good=(0, DRIFT))
    say(f"{ROWS:,} flights half a year later; then the monitor looks again")
    send(later)
    run("trimaran", "monitor", good=(0, DRIFT))
    say("trimaran status")
    run("trimaran", "status")
    say(f"done in {time.monotonic() - started:.0f} s. What to look at")
    print(
        "  cd stacks\n"
        "  ../tools/run trimaran report drift    the drift report\n"
        "  ../tools/run trimaran report          the model card\n"
        "  flights.yaml, flights.py              the spec and your code: change them, and\n"
        "  make demo                             brings the change up; make down takes all away"
    )


def down() -> None:
    """Destroy the stack, and forget it."""
    run("pulumi", "login", environment()["PULUMI_BACKEND_URL"], quiet=True)
    run("pulumi", "stack", "select", "--create", STACK, quiet=True)
    run("pulumi", "destroy", "--yes", "--skip-preview", "--stack", STACK)
    run("pulumi", "stack", "rm", "--yes", "--preserve-config", STACK, quiet=True)


def environment() -> dict[str, str]:
    """Settings of the engine: state in stacks/.pulumi, unless the user has chosen a backend."""
    return {
        "PULUMI_BACKEND_URL": STACKS.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "",
        **os.environ,
    }


def rows(first_day: str, last_day: str) -> list[dict[str, Any]]:
    """Rows of requests, drawn from real flights of these days."""
    sys.path.insert(0, str(STACKS))
    from flights import traffic

    return traffic(first_day, last_day, ROWS, seed=1)


def send(given: list[dict[str, Any]]) -> None:
    """Ask the endpoint over HTTP, some rows at a time."""
    found = subprocess.run(
        ["pulumi", "stack", "output", "endpoint", "--stack", STACK],
        cwd=STACKS,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    started = time.monotonic()
    for first in range(0, len(given), ROWS_PER_REQUEST):
        body = json.dumps({"instances": given[first : first + ROWS_PER_REQUEST]}).encode()
        request = urllib.request.Request(
            found.stdout.strip() + "/invocations", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            answer.read()
    print(f"sent {len(given)} rows in {time.monotonic() - started:.1f} s")


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n\033[1m> {text}\033[0m" if sys.stdout.isatty() else f"\n> {text}", flush=True)


def run(*command: str, quiet: bool = False, good: tuple[int, ...] = (0,)) -> None:
    """Run a command in stacks/; ends the program when it fails."""
    done = subprocess.run(command, cwd=STACKS, env=environment(), capture_output=quiet, text=True)
    if done.returncode not in good:
        shown = f"\n{done.stdout}{done.stderr}" if quiet else ""
        sys.exit(f"`{' '.join(command[:3])}` ended with status {done.returncode}{shown}")


if __name__ == "__main__":
    {"up": up, "down": down}[sys.argv[1] if len(sys.argv) > 1 else "up"]()
