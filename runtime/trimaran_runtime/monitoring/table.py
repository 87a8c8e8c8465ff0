"""Captured values as columns of the kinds that the reference profile has."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.drift.level_name import text_of
from trimaran_runtime.drift.summary import Kind

if TYPE_CHECKING:
    import pyarrow as pa


def table_of(
    columns: Mapping[str, Sequence[Any]], kinds: Mapping[str, Kind], unread: Counter[str]
) -> "pa.Table":
    """An Arrow table of captured values.

    Args:
        columns: values by column, as JSON gave them.
        kinds: kind of each column in the reference profile.
        unread: gets, by column, how many values could not be read as that kind; they are
            missing values in the table.
    """
    import pyarrow as pa

    arrays = {}
    for name, values in columns.items():
        match kinds[name]:
            case "number":
                array = _numbers(values)
            case "timestamp":
                array = pa.array([_moment(value) for value in values], pa.timestamp("us"))
            case "vector":
                array = _vectors(values)
            case _:
                array = _levels(values)
        given = sum(value is not None for value in values)
        if lost := given - (len(array) - array.null_count):
            unread[name] += lost
        arrays[name] = array
    return pa.table(arrays)


def _numbers(values: Sequence[Any]) -> "pa.Array":
    import pyarrow as pa

    types = set(map(type, values)) - {type(None)}
    if types <= {int}:
        try:
            return pa.array(values, pa.int64())
        except OverflowError:
            pass  # beyond 64 bits: as a float
    return pa.array([_number(value) for value in values], pa.float64())


def _number(value: Any) -> float | None:
    if isinstance(value, (int, float, str)):
        try:
            return float(value)
        except (ValueError, OverflowError):
            return None
    return None


def _moment(value: Any) -> np.datetime64 | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(moment, "us")


def _vectors(values: Sequence[Any]) -> "pa.Array":
    import pyarrow as pa

    lists = [[_number(x) for x in v] if isinstance(v, list) else None for v in values]
    return pa.array(lists, pa.list_(pa.float64()))


def _levels(values: Sequence[Any]) -> "pa.Array":
    import pyarrow as pa

    if set(map(type, values)) <= {str, type(None)}:
        return pa.array(values, pa.string())
    texts = [None if value is None else text_of(value) for value in values]
    return pa.array(texts, pa.string())
