"""Files of captured traffic: `<folder>/yyyy/mm/dd/hh/<worker>-<seq>.jsonl`.

Which folder is said by the format; ours is `capture/<endpoint>/<variant>`.
A file that is listed under its final name is closed and never changes. In a directory it grows
as `.part` and is renamed; in an object store it is kept in memory and written whole. Lost
requests are told in `<worker>-drops.json` of the same hour, in our folder whatever the format.
"""

import logging
import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

from trimaran_runtime.serving.capture_format import CaptureFormat, root_of
from trimaran_runtime.storage.store import Store

LOG = logging.getLogger(__name__)
PART = ".part"
"""Suffix of a file that still grows."""
_MAX_FILE_BYTES = 64 << 20
_BUDGET_SECONDS = 60.0
"""Time between two looks at how much the endpoint's capture takes up."""
_ABANDONED_SECONDS = 120.0
"""A growing file that did not grow for so long belongs to a process that was killed."""


@dataclass(slots=True)
class Counts:
    """What became of the requests of one hour."""

    written: int = 0
    sampled_out: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    """Requests that should have been recorded and were not, by reason."""

    def drop(self, reason: str, number: int = 1) -> None:
        """Count dropped requests."""
        name = str(reason)  # a plain text: JSON keys are of no other type
        self.dropped[name] = self.dropped.get(name, 0) + number


class CaptureFiles:
    """The files of one server process; used by one thread.

    Args:
        store: the artifact store.
        endpoint: name of the endpoint.
        variant: name of the variant.
        rotate_seconds: longest time a file grows, seconds.
        max_bytes: budget of the endpoint's capture, in all formats together, bytes.

    Attributes:
        endpoint: name of the endpoint.
    """

    def __init__(
        self, store: Store, endpoint: str, variant: str, *, rotate_seconds: float, max_bytes: float
    ) -> None:
        self._store, self.endpoint = store, endpoint
        self._roots = [f"{root_of(form)}/{endpoint}" for form in CaptureFormat]
        self._told = f"{root_of(CaptureFormat.trimaran)}/{endpoint}/{variant}"
        self._worker = uuid4().hex[:12]
        self._rotate_seconds, self._max_bytes = rotate_seconds, max_bytes
        self._sequence = 0
        self._hour = ""
        self._parts: dict[str, _DirectoryPart | _ObjectPart] = {}
        self._drops_told: dict[str, int] = {}
        self._drops_due = 0.0
        self._used_bytes = 0
        self._used_at = float("-inf")
        self.counts = Counts()
        """Of the current hour."""

    @property
    def is_over_budget(self) -> bool:
        """Whether the endpoint's capture takes up its budget."""
        now = time.monotonic()
        if now - self._used_at > _BUDGET_SECONDS:
            self._used_at = now
            self._used_bytes = sum(
                entry.size_bytes for root in self._roots for entry in self._store.list(root)
            )
        return self._used_bytes >= self._max_bytes

    def turn_hour(self, when: float) -> None:
        """Begin the hour that a time falls in, if it is another than the current one."""
        hour = datetime.fromtimestamp(when, UTC).strftime("%Y/%m/%d/%H")
        # A record that was queued before the hour turned stays with the hour that is open.
        if hour > self._hour:
            self.flush(close=True)
            self._hour, self.counts, self._drops_told = hour, Counts(), {}

    def append(self, when: float, lines: Mapping[str, bytes]) -> None:
        """Add what was captured at a time; raises OSError.

        Args:
            when: seconds since the epoch.
            lines: lines by the folder, above the hours, that they go to.
        """
        self.turn_hour(when)
        for folder, line in lines.items():
            self._part_of(folder).write(line)
            self._used_bytes += len(line)
        if any(part.size_bytes >= _MAX_FILE_BYTES for part in self._parts.values()):
            self._close_parts()

    def flush(self, *, close: bool = False) -> None:
        """Close the growing file and tell the drops, when it is time or when asked to."""
        now = time.monotonic()
        for part in self._parts.values():
            part.flush()
        opened = min((part.opened for part in self._parts.values()), default=now)
        if close or now - opened >= self._rotate_seconds:
            self._close_parts()
        if self.counts.dropped != self._drops_told and (close or now >= self._drops_due):
            self._drops_due = now + self._rotate_seconds
            self._drops_told = dict(self.counts.dropped)
            self._tell_drops()

    def adopt_abandoned(self) -> None:
        """Close the files that a killed process of this endpoint left growing."""
        if self._store.path is None:
            return
        for root in self._roots:
            for path in (self._store.path / root).glob(f"**/*{PART}"):
                try:
                    if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                        _close_abandoned(path)
                except FileNotFoundError:
                    continue  # another server adopted it first

    def _part_of(self, folder: str) -> "_DirectoryPart | _ObjectPart":
        """The growing file of a folder; files that grow together have one name."""
        part = self._parts.get(folder)
        if part is None:
            self._sequence += not self._parts
            key = f"{folder}/{self._hour}/{self._worker}-{self._sequence:06d}.jsonl"
            path = self._store.path
            part = _ObjectPart(self._store, key) if path is None else _DirectoryPart(path / key)
            self._parts[folder] = part
        return part

    def _close_parts(self) -> None:
        # What fails to close is lost, and its neighbours are not.
        parts, self._parts = self._parts, {}
        with ExitStack() as closing:
            for part in parts.values():
                closing.callback(part.close)

    def _tell_drops(self) -> None:
        key = f"{self._told}/{self._hour}/{self._worker}-drops.json"
        document = {
            "written": self.counts.written,
            "sampled_out": self.counts.sampled_out,
            "dropped": self.counts.dropped,
        }
        self._store.write_json(key, document)


class _DirectoryPart:
    """A file that grows under another name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.opened = time.monotonic()
        self.size_bytes = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream: IO[bytes] = path.with_name(path.name + PART).open("xb")

    def write(self, line: bytes) -> None:
        self._stream.write(line)
        self.size_bytes += len(line)

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()
        self._path.with_name(self._path.name + PART).rename(self._path)


class _ObjectPart:
    """An object that is written when it is complete."""

    def __init__(self, store: Store, key: str) -> None:
        self._store, self._key = store, key
        self.opened = time.monotonic()
        self._lines: list[bytes] = []
        self.size_bytes = 0

    def write(self, line: bytes) -> None:
        self._lines.append(line)
        self.size_bytes += len(line)

    def flush(self) -> None:
        """Nothing is written before the object is complete."""

    def close(self) -> None:
        self._store.create(self._key, b"".join(self._lines))


def _close_abandoned(path: Path) -> None:
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
    path.rename(path.with_name(path.name.removesuffix(PART)))
    LOG.info("closed %s, which a killed server had left", path.name)
