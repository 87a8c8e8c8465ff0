"""Parts of a profile that look at several columns: what each of them can do, and its home."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol, Self, TypeVar, cast

from trimaran_runtime.drift.binary import Reader, Writer
from trimaran_runtime.errors import DataError

HOME: dict[str, str] = {
    "correlation": "trimaran_runtime.drift.correlation:NormalScores",
    "sample": "trimaran_runtime.drift.row_sample:RowSample",
    "scores": "trimaran_runtime.drift.score_table:ScoreTable",
}
"""`module:class` by the part's field in `Profile`; a part is loaded when a profile has it."""


class Part(Protocol):
    """A part: whole numbers only, so that it adds up to the same bits in any order."""

    def merge(self, other: Self) -> Self:
        """The part of the rows of both; raises DataError when they do not fit."""

    def describe(self, writer: Writer) -> dict[str, Any]:
        """What is small, as JSON values; arrays go into `writer`."""

    @classmethod
    def restore(cls, described: Mapping[str, Any], reader: Reader) -> Self:
        """What `describe` told; ValueError, KeyError or TypeError on anything impossible."""


_P = TypeVar("_P", bound=Part)


def merge_parts(name: str, one: "_P | None", other: "_P | None") -> "_P | None":
    """One part of two profiles; raises DataError when only one of them has it."""
    if one is None and other is None:
        return None
    if one is None or other is None:
        raise DataError(
            f"only one of two profiles to be merged has the part {name!r}",
            next_step="profile every part of the table with the same options",
        )
    return one.merge(other)


def restore_part(name: str, described: Mapping[str, Any], reader: Reader) -> Part:
    """A part that described itself; raises ValueError on one that this version does not know."""
    if name not in HOME:
        raise ValueError(f"part {name!r:.40} is not known to this version")
    module, kind = HOME[name].split(":")
    home = cast("type[Part]", getattr(import_module(module), kind))
    return home.restore(described, reader)
