"""Checks of what a model costs to serve: size and time.

The size is a property of the file. A wall time is not: two runs of the same inputs differ in it.
So the verdict, which is in the release's digest, says only whether it kept to its limit, and the
times stay in the run's `latency.json`.
"""

from collections.abc import Iterator

from trimaran_runtime.evaluation.evaluation import Evaluation
from trimaran_runtime.evaluation.latency import LATENCY, Latency
from trimaran_runtime.gate.config import GateConfig
from trimaran_runtime.registry.release import Check

_MIB = 1 << 20


def size(evaluation: Evaluation, config: GateConfig) -> Iterator[Check]:
    """The model file is no larger than allowed."""
    limit = config.max_size_mib
    if limit is None:
        return
    found = evaluation.size_bytes / _MIB
    passed = found <= limit
    yield Check(
        name="size",
        passed=passed,
        detail=f"model file {found:.3g} MiB {'<=' if passed else '>'} {limit:g}",
        value=found,
        limit=limit,
    )


def latency(found: Latency | None, config: GateConfig) -> Iterator[Check]:
    """One row is answered in time, 99 times of 100."""
    limit = config.max_latency_ms
    if limit is None:
        return
    passed = found is not None and found.batches[1].p99_ms <= limit
    kept = "within" if passed else "not within"
    yield Check(
        name="latency",
        passed=passed,
        detail=f"99 of 100 single rows {kept} {limit:g} ms; the times are in {LATENCY} of the run",
        limit=limit,
    )
