"""Removing files and folders, also where processes were killed or still write."""

import shutil
import time
from pathlib import Path

_SECONDS = 5.0


def remove_tree(folder: Path) -> None:
    """Remove a folder with all it holds; no error when it is gone.

    Raises:
        OSError: it cannot be removed, also not after five seconds.
    """
    deadline = time.monotonic() + _SECONDS
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def remove_atomic(path: Path) -> None:
    """Remove a file, and what killed writers (`write_atomic`) left of it; no error without it."""
    path.unlink(missing_ok=True)
    for part in path.parent.glob(f".{path.name}.*"):
        part.unlink(missing_ok=True)


def remove_empty(folder: Path, root: Path) -> None:
    """Remove a folder and those above it, up to and with `root`, as long as they are empty."""
    while folder.is_relative_to(root) and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
