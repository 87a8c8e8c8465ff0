"""Profiles by level of a column: whether drift is everywhere, or in one place."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from trimaran_runtime.drift.arrow import is_text
from trimaran_runtime.drift.level_name import text_of
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from trimaran_runtime.drift.profile import Profile

MAX_SEGMENTS = 20
"""Levels of a segment column with a profile of their own, the most frequent first."""
OTHER = "(other)"
"""Segment of the rows of every other level, and of no level."""

Segments = Mapping[str, Mapping[str, "Profile"]]
"""Profile of the rows by segment column and level; every column has `OTHER`."""


def top_levels(name: str, column: "pa.ChunkedArray") -> tuple[str, ...]:
    """The most frequent levels of a column, up to 20, in order of their names.

    Raises:
        DataError: the column has no levels: it is neither text, category, boolean nor whole.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as is_a

    if is_a.is_string_view(column.type):
        column = column.cast(pa.large_string())
    kind = column.type.value_type if is_a.is_dictionary(column.type) else column.type
    whole = is_a.is_integer(kind) or is_a.is_boolean(kind) or is_a.is_null(kind)
    if not (whole or is_text(kind)):
        raise DataError(
            f"a column of type {column.type} has no segments",
            where=f"segment column {name}",
            allowed="text, categories, booleans, whole numbers",
        )
    counted = pc.value_counts(column.drop_null())
    values, counts = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
    rows = {text_of(v): n for v, n in zip(values, counts, strict=True) if v is not None}
    rows.pop(OTHER, None)
    ranked = sorted(rows, key=lambda level: (-rows[level], level))
    return tuple(sorted(ranked[:MAX_SEGMENTS]))


def split(table: "pa.Table", column: str, levels: Iterable[str]) -> "dict[str, pa.Table]":
    """The rows by level of a column: each of those given, and `OTHER`."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as is_a

    wanted = [*levels]
    values = table[column]
    if is_a.is_string_view(values.type):
        values = values.cast(pa.large_string())
    codes = pc.dictionary_encode(values).combine_chunks()
    place = {level: number for number, level in enumerate(wanted)}
    names = codes.dictionary.to_pylist()
    target = [-1 if name is None else place.get(text_of(name), -1) for name in names]
    places = pc.fill_null(pc.take(pa.array(target, pa.int32()), codes.indices), -1)
    numbers = {**place, OTHER: -1}
    return {level: table.filter(pc.equal(places, numbers[level])) for level in [*wanted, OTHER]}


def merge_segments(one: Segments, other: Segments) -> Segments:
    """Segments of the rows of both; raises DataError when they were divided in another way."""
    divided = [{name: set(levels) for name, levels in side.items()} for side in (one, other)]
    if divided[0] != divided[1]:
        raise DataError(
            "two profiles with different segments cannot be merged",
            next_step="profile every part with the same `reference`",
        )
    return {
        name: {level: profile.merge(other[name][level]) for level, profile in levels.items()}
        for name, levels in one.items()
    }
