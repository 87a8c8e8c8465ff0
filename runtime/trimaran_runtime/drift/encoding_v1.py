"""Reads version 1 of the format: levels in the header, histograms of eight bytes a count."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from trimaran_runtime.drift.binary import MAX_COUNT, Reader, count, number
from trimaran_runtime.drift.key import KEYS, Counts
from trimaran_runtime.drift.level import LevelSummary
from trimaran_runtime.drift.level_name import BUCKETS
from trimaran_runtime.drift.number import NumberSummary, exact
from trimaran_runtime.drift.summary import EmptySummary, Summary

VERSION = b"\x01"


def restore(header: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    """The fields of a profile; raises ValueError, KeyError or TypeError on others."""
    columns = header["columns"]
    return {
        "rows": count(header["rows"]),
        "columns": {name: _summary(columns[name], reader) for name in sorted(columns)},
    }


def _summary(described: Mapping[str, Any], reader: Reader) -> Summary:
    kind, missing = described["kind"], count(described["missing"])
    if kind == "empty":
        return EmptySummary(missing=missing)
    if kind == "level":
        levels = {name: count(rows) for name, rows in described["levels"].items()}
        buckets = _integers(BUCKETS, reader) if described["pooled"] is True else None
        return LevelSummary(missing=missing, levels=levels, buckets=buckets)
    if kind not in {"number", "timestamp"}:
        raise ValueError(f"kind {kind!r:.40}")
    size = count(described["keys"], KEYS + 1)
    return NumberSummary(
        kind=kind,
        missing=missing,
        centre=float(described["centre"]),
        above=count(described["above"]),
        below=count(described["below"]),
        zeros=count(described["zeros"]),
        minimum=exact(number(described["minimum"])),
        maximum=exact(number(described["maximum"])),
        keys=np.frombuffer(reader.take(2 * size), "<u2").astype(np.uint16),
        counts=_integers(size, reader),
    )


def _integers(size: int, reader: Reader) -> Counts:
    numbers = np.frombuffer(reader.take(8 * size), "<i8").astype(np.int64)
    if len(numbers) and not 0 <= int(numbers.min()) <= int(numbers.max()) < MAX_COUNT:
        raise ValueError("a count out of range")
    return numbers
