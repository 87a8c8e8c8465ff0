"""What the head of a CSV file tells: its delimiter and the names of its columns."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trimaran_runtime.errors import DataError

DELIMITERS = (",", ";", "\t", "|")
"""What is looked for."""
HEAD_BYTES = 64 << 10
_OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\x1f\x8b": "gzip"}
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a CSV file is written."""

    delimiter: str
    names: tuple[str, ...]


def dialect_of(head: bytes, name: str, delimiter: str | None) -> Dialect:
    """Find out how a file is written from its first bytes.

    A delimiter is taken when the first line has it and every line seen then has as many fields.

    Args:
        head: the first `HEAD_BYTES` bytes.
        name: the file, for errors.
        delimiter: as the user gave it; None: found out.

    Raises:
        DataError: two delimiters fit, it has no header, or it is no text.
    """
    for mark, kind in _OTHER_ENCODINGS.items():
        if head.startswith(mark):
            raise DataError(
                f"is {kind}, not UTF-8 text",
                where=name,
                next_step="write it as UTF-8" if kind != "gzip" else "name it .csv.gz",
            )
    if not head.strip():
        raise DataError("is empty: it has no header", where=name, next_step="write it again")
    lines = head.decode("utf-8", "replace").removeprefix(_BOM)
    if len(head) >= HEAD_BYTES:
        lines = lines[: lines.rfind("\n") + 1] or lines
    used = delimiter or _found(lines, name)
    names = next(_rows(lines, used), [])
    return Dialect(delimiter=used, names=tuple(names))


def _found(lines: str, name: str) -> str:
    fields = {mark: [len(row) for row in _rows(lines, mark)] for mark in DELIMITERS}
    several = {mark: counts for mark, counts in fields.items() if counts[0] > 1}
    even = [mark for mark, counts in several.items() if len(set(counts)) == 1]
    if len(even) == 1:
        return even[0]
    if len(even) > 1:
        raise DataError(
            f"may be delimited by {' or '.join(repr(mark) for mark in even)}",
            where=name,
            next_step="set data.delimiter",
        )
    # Uneven rows: the reader tells which; a table of one column has no delimiter at all.
    return max(several, key=lambda mark: several[mark][0], default=",")


def _rows(lines: str, delimiter: str) -> Iterator[Sequence[str]]:
    """Rows of the head; a last one that the head cuts within quotes is left out."""
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter)
    try:
        yield from (row for row in reader if row)
    except csv.Error:
        return
