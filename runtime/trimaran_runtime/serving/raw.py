"""Values as they were given, made when somebody looks at them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

Columns = Sequence[list[Any]]


class Raw(Sequence[list[Any]]):
    """Values by column in the signature's order, made on the first look.

    A request does not pay for lists that only its record needs, and a request that is not
    recorded never makes them.

    Args:
        make: makes the lists; called once, by the thread that looks first.
        width: how many columns.
    """

    __slots__ = ("_made", "_make", "_width")

    def __init__(self, make: Callable[[], Columns], width: int) -> None:
        self._make, self._width = make, width
        self._made: Columns | None = None

    def __len__(self) -> int:
        return self._width

    def __iter__(self) -> Iterator[list[Any]]:
        return iter(self._columns())

    @overload
    def __getitem__(self, index: int) -> list[Any]: ...
    @overload
    def __getitem__(self, index: slice) -> Columns: ...
    def __getitem__(self, index: int | slice) -> list[Any] | Columns:
        return self._columns()[index]

    def _columns(self) -> Columns:
        if self._made is None:
            self._made = self._make()
        return self._made
