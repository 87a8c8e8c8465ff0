"""The columns of a source in parts: one set of names, one type each."""

import pyarrow as pa
import pytest

from trimaran_runtime.data.columns import columns_of
from trimaran_runtime.errors import DataError

INT, FLOAT, TEXT, EMPTY = pa.int64(), pa.float64(), pa.string(), pa.null()
VECTOR = pa.list_(pa.float32(), 3)


def typed(*kinds: pa.DataType) -> pa.DataType:
    """The type of a column that has these types in the parts of a source."""
    return columns_of((f"part {i}", pa.schema([("x", kind)])) for i, kind in enumerate(kinds))["x"]


@pytest.mark.parametrize(
    ("kinds", "found"),
    [
        ((INT, FLOAT), FLOAT),
        ((FLOAT, INT), FLOAT),
        ((EMPTY, TEXT), TEXT),
        ((TEXT, EMPTY), TEXT),
        ((EMPTY, EMPTY), FLOAT),
        ((pa.int32(), pa.uint8()), INT),
        ((pa.uint64(), INT), FLOAT),
        ((pa.decimal128(9, 2),), FLOAT),
        ((pa.string_view(), pa.large_string()), TEXT),
        ((pa.date32(), pa.timestamp("ns", "UTC")), pa.timestamp("us")),
        ((VECTOR, VECTOR), VECTOR),
        ((VECTOR, pa.list_(pa.int8()), pa.large_list(FLOAT)), pa.list_(FLOAT)),
        ((EMPTY, pa.struct([("a", INT)])), pa.struct([("a", INT)])),
    ],
)
def test_a_column_has_the_type_that_holds_every_part(
    kinds: tuple[pa.DataType, ...], found: pa.DataType
) -> None:
    assert typed(*kinds) == found


def test_types_that_nothing_holds_name_the_parts() -> None:
    with pytest.raises(DataError, match="part 2: column 'x' is string here and double in part 0"):
        typed(INT, FLOAT, TEXT)
    with pytest.raises(DataError, match=r"column 'x' is list.* here and fixed_size_list.* in part"):
        typed(VECTOR, pa.list_(TEXT))


def test_a_name_that_occurs_twice_is_told_before_a_row_is_read() -> None:
    twice = pa.schema([("x", INT), ("y", INT), ("x", INT)])
    with pytest.raises(DataError, match="rows: column names occur more than once: x"):
        columns_of([("rows", twice)])


def test_the_columns_stand_in_the_order_of_the_first_part() -> None:
    one, two = pa.schema([("x", INT), ("y", TEXT)]), pa.schema([("y", TEXT), ("x", FLOAT)])
    assert columns_of([("one", one), ("two", two)]) == {"x": FLOAT, "y": TEXT}
    assert list(columns_of([("one", one), ("two", two)])) == ["x", "y"]
