"""Removing folders, also while a process that was told to end still writes into them."""

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


def remove_empty(folder: Path, root: Path) -> None:
    """Remove a folder and those above it, up to and with `root`, as long as they are empty."""
    while folder.is_relative_to(root) and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
