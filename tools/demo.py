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
TRAINING_MONTHS, LATER_MONTHS = range(1, 7), range(12, 13)
ROWS = 4000
ROWS_PER_REQUEST = 50


def up() -> None:
    """Bring the stack up, ask it, show drift, and say what to look at."""
    started = time.monotonic()
    say("pulumi up: store, pipeline, registry, endpoint, monitor and alerts from one spec")
    run("pulumi", "login", environment()["PULUMI_BACKEND_URL"], quiet=True)
    run("pulumi", "stack", "select", "--create", STACK, quiet=True)
    run("pulumi", "up", "--yes", "--skip-preview", "--stack", STACK)
    say("one prediction: will this flight of December be late?")
    later = rows(LATER_MONTHS)
    given = [option for name, value in later[0].items() for option in ("--row", f"{name}={value}")]
    run("trimaran", "predict", *given)
    say(f"{ROWS} flights of January to June, as in training; then the monitor looks at the traffic")
    send(rows(TRAINING_MONTHS))
    run("trimaran", "monitor")
    say(f"{ROWS} flights of December; then the monitor looks again")
    send(later)
    run("trimaran", "monitor")
    say("trimaran status")
    run("trimaran", "status")
    say(f"done in {time.monotonic() - started:.0f} s. What to look at")
    print(
        "  the drift report    tools/run trimaran report drift --project stacks\n"
        "  the model card      tools/run trimaran report --project stacks\n"
        "  the spec            stacks/flights.yaml, your code stacks/flights.py\n"
        "  change either, then `make demo` again; `make down` takes everything away"
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


def rows(months: range) -> list[dict[str, Any]]:
    """Rows of requests, drawn from real flights of these months."""
    sys.path.insert(0, str(STACKS))
    from flights import traffic

    return traffic(months, ROWS, seed=1)


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


def run(*command: str, quiet: bool = False) -> None:
    """Run a command in stacks/; ends the program when it fails."""
    done = subprocess.run(command, cwd=STACKS, env=environment(), capture_output=quiet, text=True)
    if done.returncode != 0:
        shown = f"\n{done.stdout}{done.stderr}" if quiet else ""
        sys.exit(f"`{' '.join(command[:3])}` ended with status {done.returncode}{shown}")


if __name__ == "__main__":
    {"up": up, "down": down}[sys.argv[1] if len(sys.argv) > 1 else "up"]()
