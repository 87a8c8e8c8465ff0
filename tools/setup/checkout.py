"""The checkout as a whole: what there is to set up, in order."""

import os
import sys
from pathlib import Path

from tools.setup import engine
from tools.setup.command import locked
from tools.setup.environment import Environment
from tools.setup.failure import SetupError

ROOT = Path(__file__).resolve().parents[2]


def cache_folder() -> Path:
    """The per-user cache, shared by every checkout."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "trimaran"


def set_up(root: Path, cache: Path) -> None:
    """Bring the environment and the engine into place, doing only what is missing."""
    environment = Environment(root)
    pins = engine.Pins.of(root / "tools" / "pulumi")
    if environment.ready() and engine.linked(environment.folder, pins):
        return
    with locked(root / "requirements.lock"):
        if not environment.ready():
            environment.install(cache)
        if not engine.linked(environment.folder, pins):
            engine.link(environment.folder, pins, engine.sources(environment.python, pins, cache))


def main() -> int:
    """Set up this checkout; 0 when all is in place."""
    try:
        set_up(ROOT, cache_folder())
    except SetupError as error:
        print(f"setup: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
