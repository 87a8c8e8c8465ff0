"""What the rows of a body must have."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from trimaran_runtime.serving.column import Column
from trimaran_runtime.serving.message import Refusal


class Expected:
    """The columns of a release, and how many rows one request may have.

    Args:
        columns: the columns, in the signature's order.
        max_rows: most rows in one request.

    Attributes:
        names: the columns' names.
        is_numeric: whether every column is a number, so that the rows are one matrix.
    """

    def __init__(self, columns: Sequence[Column], max_rows: int) -> None:
        self.columns, self.max_rows = tuple(columns), max_rows
        self.names = [column.name for column in columns]
        self.is_numeric = all(column.type == "number" for column in columns)
        self._known = frozenset(self.names)
        getter = itemgetter(*self.names) if self.names else tuple
        # Of one name, itemgetter gives the value itself.
        self._ordered: Callable[[Any], Any] = (
            getter if len(self.names) != 1 else lambda row: (getter(row),)
        )

    def ordered(self, rows: Sequence[Mapping[str, Any]]) -> list[Sequence[Any]]:
        """Values of objects in the columns' order; raises KeyError where one is missing."""
        return list(map(self._ordered, rows))

    def is_known(self, name: object) -> bool:
        """Whether a column has that name."""
        return name in self._known

    def check_count(self, rows: Any, where: str) -> None:
        """Refuse what is no list of rows, has none, or too many."""
        if not isinstance(rows, list):
            raise Refusal(
                400, "the rows must be a list", where=where, given=rows, allowed="a list of rows"
            )
        self.check_number(len(rows), where)

    def check_number(self, count: int, where: str) -> None:
        """Refuse no row, and too many."""
        if not count:
            raise Refusal(400, "there is no row", where=where, allowed="at least one row")
        if count > self.max_rows:
            raise Refusal(
                413,
                "too many rows in one request",
                where=where,
                given=count,
                allowed=f"at most {self.max_rows}",
            )

    def check_width(self, rows: Sequence[Any], where: str) -> None:
        """Refuse rows that are not lists of one value for every column."""
        width = len(self.names)
        # Two sets decide at C speed; only what is wrong is looked for row by row.
        if set(map(type, rows)) == {list} and set(map(len, rows)) == {width}:
            return
        for number, row in enumerate(rows):
            if not isinstance(row, list) or len(row) != width:
                raise Refusal(
                    400,
                    f"row {number} does not have {width} values",
                    where=where,
                    given=len(row) if isinstance(row, list) else row,
                    allowed=f"{width} values: {', '.join(self.names)}",
                )

    def check_names(self, names: Sequence[str], where: str) -> None:
        """Refuse names that are not exactly the columns', in any order."""
        for name in names:
            if name not in self._known:
                raise Refusal(
                    400,
                    f"unknown column {name!r} in {where}",
                    where=name,
                    allowed=", ".join(self.names),
                )
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise Refusal(400, f"column {twice!r} is given twice in {where}", where=twice)
        missing = [name for name in self.names if name not in set(names)]
        if missing:
            raise Refusal(
                400,
                f"column {missing[0]!r} is missing in {where}"
                + (f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""),
                where=missing[0],
                allowed="every column; null where a value is missing and may be",
            )
