"""The columns of a source that comes in parts: one set of names, one type each, or an error."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.normal_form import is_vector, normal_type, normalise
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

MOST_COLUMNS = 5_000
"""Most columns of a source. Beyond, a table is wide where it should be long, or misread."""


def columns_of(parts: "Iterable[tuple[str, pa.Schema]]") -> dict[str, Any]:
    """Type in normal form by column, over all parts of a source.

    Parts have the same names, in any order. Where one part holds whole numbers and another
    fractions, the column is float64; a column that is empty in one part takes its type from the
    others. A column of a type that no model takes (lists, structs, bytes) keeps its own: who reads
    says whether it is refused (`normal_form.refuse_unmodelled`).

    Args:
        parts: name and schema of each file.

    Raises:
        DataError: a name occurs twice, a part lacks a column or has one more, two parts differ in
            a column's type, or there are more than `MOST_COLUMNS`.
    """
    import pyarrow as pa

    found: dict[str, Any] = {}
    first = ""
    for part, schema in parts:
        refuse_repeated(list(schema.names), part)
        refuse_too_many(len(schema.names), part)
        if not first:
            first = part
            found = {field.name: _own(field) for field in schema}
            continue
        refuse_other_names(list(schema.names), list(found), part, first)
        for field in schema:
            wide = _wider(found[field.name], _own(field))
            if wide is None:
                raise _differing(field.name, _own(field), found[field.name], part, first)
            found[field.name] = wide
    return {name: pa.float64() if pa.types.is_null(kind) else kind for name, kind in found.items()}


def conform(table: "pa.Table", types: dict[str, Any], origin: str, first: str) -> "pa.Table":
    """Bring a part into the normal form that `columns_of` found for the whole.

    Raises:
        DataError: it has other columns, or a column of a type that does not fit.
    """
    if table.column_names != list(types):
        refuse_repeated(list(table.column_names), origin)
        refuse_other_names(list(table.column_names), list(types), origin, first)
        table = table.select(list(types))
    for field in table.schema:
        own = _own(field)
        if own != types[field.name] and _wider(types[field.name], own) != types[field.name]:
            raise _differing(field.name, own, types[field.name], origin, first)
    return normalise(table, origin, types)


def refuse_repeated(names: list[str], source: str) -> None:
    """Raise DataError when a column name occurs twice."""
    if len(set(names)) == len(names):
        return
    repeated = sorted({name for name in names if names.count(name) > 1})
    raise DataError(
        f"column names occur more than once: {_some(repeated)}",
        where=source,
        next_step="rename or drop one of each",
    )


def refuse_too_many(count: int, source: str) -> None:
    """Raise DataError when there are more columns than `MOST_COLUMNS`."""
    if count > MOST_COLUMNS:
        raise DataError(
            f"has {count:,} columns",
            where=source,
            allowed=f"at most {MOST_COLUMNS:,}",
            next_step="select the columns with data.query, or reshape the table",
        )


def refuse_other_names(given: list[str], wanted: list[str], part: str, first: str) -> None:
    """Raise DataError when two parts of a source differ in the names of their columns."""
    lacking, more = set(wanted) - set(given), set(given) - set(wanted)
    if not lacking and not more:
        return
    what = [f"lacks {_some(sorted(lacking))}"] if lacking else []
    what += [f"has also {_some(sorted(more))}"] if more else []
    raise DataError(
        f"its columns differ from those of {first}: it {' and '.join(what)}",
        where=part,
        next_step="give every part of the source the same columns",
    )


def _own(field: Any) -> Any:
    import pyarrow as pa

    return field.type if pa.types.is_null(field.type) else normal_type(field.type) or field.type


def _wider(one: Any, two: Any) -> Any:
    """The type that holds both; None: there is none."""
    import pyarrow as pa

    if one == two or pa.types.is_null(two):
        return one
    if pa.types.is_null(one):
        return two
    if {one, two} == {pa.int64(), pa.float64()}:
        return pa.float64()
    return pa.list_(pa.float64()) if is_vector(one) and is_vector(two) else None


def _differing(name: str, own: Any, other: Any, part: str, first: str) -> DataError:
    return DataError(
        f"column {name!r} is {own} here and {other} in {first}",
        where=part,
        next_step="give the column one type in every part of the source",
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more
