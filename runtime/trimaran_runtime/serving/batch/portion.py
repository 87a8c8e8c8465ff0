"""Portions of equal size: what the model gets at a time, however the files were cut."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trimaran_runtime.serving.batch.feed import Part

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of a portion that stand one after the other in one file.

    Attributes:
        begin: place of the first one in the portion, from 0.
        rows: how many.
        origin: the file.
        first_row: number of the first one in it, from 1.
    """

    begin: int
    rows: int
    origin: str
    first_row: int


@dataclass(frozen=True, slots=True)
class Portion:
    """Rows that are predicted together.

    Attributes:
        features: the model's columns.
        kept: the columns that go along.
        stretches: where the rows come from, in order.
    """

    features: "pa.Table"
    kept: "pa.Table"
    stretches: tuple[Stretch, ...]

    def place(self, row: int) -> tuple[str, int]:
        """File and number, from 1, of a row of the portion, from 0."""
        found = next(s for s in self.stretches if row < s.begin + s.rows)
        return found.origin, found.first_row + row - found.begin


def portions_of(parts: Iterable[Part], rows: int) -> Iterator[Portion]:
    """Cut parts into portions of so many rows, but for the last; nothing is copied.

    The borders depend on the rows and their order alone, so that predictions do as well: a model's
    last bit can depend on which rows share a call.
    """
    held: list[Part] = []
    waiting = 0
    for part in parts:
        rest: Part | None = part
        while rest is not None:
            taken, rest = _cut(rest, rows - waiting)
            held.append(taken)
            waiting += taken.features.num_rows
            if waiting == rows:
                yield _joined(held)
                held, waiting = [], 0
    if waiting:
        yield _joined(held)


def _cut(part: Part, rows: int) -> tuple[Part, Part | None]:
    """The first rows of a part, and the others; None: there are none."""
    if part.features.num_rows <= rows:
        return part, None
    return _slice(part, 0, rows), _slice(part, rows, part.features.num_rows - rows)


def _slice(part: Part, begin: int, rows: int) -> Part:
    return Part(
        features=part.features.slice(begin, rows),
        kept=part.kept.slice(begin, rows),
        origin=part.origin,
        first_row=part.first_row + begin,
    )


def _joined(parts: list[Part]) -> Portion:
    import pyarrow as pa

    stretches, begin = [], 0
    for part in parts:
        rows = part.features.num_rows
        stretches.append(Stretch(begin, rows, part.origin, part.first_row))
        begin += rows
    return Portion(
        pa.concat_tables([part.features for part in parts]),
        pa.concat_tables([part.kept for part in parts]),
        tuple(stretches),
    )
