"""What a step used: time, processor and memory, in a file beside what it wrote; in no digest."""

import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from trimaran_runtime.section import Section
from trimaran_runtime.storage.digest import canonical_json

USAGE = "usage.json"
"""Name of the file, in each folder that a step writes."""
_KIB = 1024


class Usage(Section):
    """What one step used."""

    step: str
    """Its name."""
    started: datetime
    """When, UTC."""
    seconds: float
    """Wall time, seconds."""
    cpu_seconds: float
    """Time of processors, its own and of the processes it started, seconds."""
    peak_memory_bytes: int
    """Largest resident memory of one of its processes, bytes."""


class Meter:
    """Measures from when it is made.

    Args:
        step: name of the step.
    """

    def __init__(self, step: str) -> None:
        self._step, self._started = step, datetime.now(UTC)
        self._wall, self._cpu = time.monotonic(), _cpu_seconds()

    def read(self) -> Usage:
        """What was used so far."""
        kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        # Linux counts in KiB (getrusage(2)).
        peak = max(resource.getrusage(kind).ru_maxrss for kind in kinds) * _KIB
        return Usage(
            step=self._step,
            started=self._started,
            seconds=round(time.monotonic() - self._wall, 3),
            cpu_seconds=round(_cpu_seconds() - self._cpu, 3),
            peak_memory_bytes=peak,
        )


@contextmanager
def metered(step: str, outputs: Mapping[str, Path]) -> Iterator[None]:
    """Write what the block used into each output's folder; nothing when it raises."""
    meter = Meter(step)
    yield
    content = canonical_json(meter.read().model_dump(mode="json"))
    for folder in outputs.values():
        (folder / USAGE).write_bytes(content)


def usage_of(folders: Mapping[str, Path]) -> tuple[Usage, ...]:
    """What the steps before used, as far as their folders say so, in order of their start."""
    found = {}
    for folder in folders.values():
        path = folder / USAGE
        if path.is_file():
            try:
                usage = Usage.model_validate_json(path.read_bytes())
            except ValidationError:
                # Written by another version: a measurement that nobody decides by.
                continue
            found[usage.step] = usage
    return tuple(sorted(found.values(), key=lambda usage: usage.started))


def _cpu_seconds() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(kind) for kind in kinds]
    return sum(each.ru_utime + each.ru_stime for each in used)
