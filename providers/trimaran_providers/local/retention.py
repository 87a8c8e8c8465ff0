"""Deletes what is older than the store keeps: traffic, run files, reports; never a release."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

_AGING_FILES = ("capture",)
_AGING_FOLDERS = ("runs", "monitor")


def delete_old(store: Path, now: datetime | None = None) -> int:
    """Delete what is too old; returns how many files and folders went.

    Args:
        store: directory of the artifact store; its marker says how long things are kept.
        now: UTC; None: the clock.
    """
    days = json.loads((store / "store.json").read_bytes())["retention_days"]
    if days is None:
        return 0
    limit = ((now or datetime.now(UTC)) - timedelta(days=days)).timestamp()
    old = [
        path
        for name in _AGING_FILES
        for path in (store / name).rglob("*")
        if path.is_file() and path.stat().st_mtime < limit
    ]
    for path in old:
        path.unlink()
    folders = [
        path
        for name in _AGING_FOLDERS
        for path in (store / name).glob("*/")
        if path.is_dir() and path.stat().st_mtime < limit
    ]
    for path in folders:
        shutil.rmtree(path)
    return len(old) + len(folders)
