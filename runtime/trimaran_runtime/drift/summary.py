"""Summaries of one column: counts only, so they add up exactly in any order."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from trimaran_runtime.drift.binary import Reader, Writer, count
from trimaran_runtime.drift.level import MAX_LEVELS, LevelSummary
from trimaran_runtime.drift.level_name import BUCKETS, bucket
from trimaran_runtime.drift.number import NumberSummary
from trimaran_runtime.drift.text import TextSummary
from trimaran_runtime.drift.vector import VectorSummary
from trimaran_runtime.errors import DataError

__all__ = [
    "BUCKETS",
    "MAX_LEVELS",
    "EmptySummary",
    "Kind",
    "LevelSummary",
    "NumberSummary",
    "Summary",
    "TextSummary",
    "VectorSummary",
    "bucket",
    "merge",
    "restore",
]

Kind = Literal["number", "timestamp", "level", "text", "vector", "empty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptySummary:
    """A column without a type: every value seen so far is missing."""

    missing: int

    @property
    def kind(self) -> Literal["empty"]:
        """`empty`: takes the kind of whatever it is merged with."""
        return "empty"

    @property
    def rows(self) -> int:
        """All rows, which are all missing."""
        return self.missing

    def describe(self, writer: Writer) -> dict[str, Any]:
        """The number of rows, as JSON."""
        return {"kind": "empty", "missing": self.missing}

    def check(self) -> str:
        """Nothing can be wrong."""
        return ""


Summary = NumberSummary | LevelSummary | TextSummary | VectorSummary | EmptySummary


def merge(one: Summary, other: Summary) -> Summary:
    """Summary of the rows of both.

    Raises:
        DataError: the kinds or the centres differ.
    """
    if isinstance(one, EmptySummary) and isinstance(other, EmptySummary):
        return EmptySummary(missing=one.missing + other.missing)
    if isinstance(one, EmptySummary):
        return _with_missing(other, one.missing)
    if isinstance(other, EmptySummary):
        return _with_missing(one, other.missing)
    if one.kind == other.kind:
        if isinstance(one, NumberSummary) and isinstance(other, NumberSummary):
            return one.merge(other)
        if isinstance(one, LevelSummary) and isinstance(other, LevelSummary):
            return one.merge(other)
        if isinstance(one, TextSummary) and isinstance(other, TextSummary):
            return one.merge(other)
        if isinstance(one, VectorSummary) and isinstance(other, VectorSummary):
            return one.merge(other)
    raise DataError(
        f"a {one.kind} and a {other.kind} column cannot be merged",
        next_step="profile every part with the same `reference`",
    )


def restore(described: Mapping[str, Any], reader: Reader) -> Summary:
    """A summary that described itself; raises ValueError, KeyError or TypeError on others."""
    match described["kind"]:
        case "empty":
            return EmptySummary(missing=count(described["missing"]))
        case "level":
            return LevelSummary.restore(described, reader)
        case "number" | "timestamp":
            return NumberSummary.restore(described, reader)
        case "text":
            return TextSummary.restore(described, reader)
        case "vector":
            return VectorSummary.restore(described, reader)
        case kind:
            raise ValueError(f"kind {kind!r:.40}")


def _with_missing(summary: Summary, missing: int) -> Summary:
    return replace(summary, missing=summary.missing + missing)
