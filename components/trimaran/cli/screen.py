"""Everything the command prints: in colour and to the width of a terminal, plain elsewhere."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, JustifyMethod

Cell = tuple[str, str] | str
"""Text, or text and its style."""
_GAP = "   "
STYLES = {
    "ok": "green",
    "warn": "yellow",
    "bad": "red",
    "dim": "dim",
    "strong": "bold",
}


def show(*cells: Cell) -> None:
    """Print one line of pieces."""
    if interactive():
        _console().print(_text(cells), soft_wrap=True)
    else:
        _write(_plain(cells))


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, right: str = "", wraps: str = ""
) -> None:
    """Print a table without lines; where a terminal is too narrow, the last column wraps.

    Args:
        columns: headings.
        rows: cells.
        right: headings of right-aligned columns, separated by spaces.
        wraps: heading of another column that may wrap; empty: none.
    """
    to_the_right = [column in right.split() for column in columns]
    if not interactive():
        _write_aligned([columns, *rows], to_the_right)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, (column, is_right) in enumerate(zip(columns, to_the_right, strict=True), start=1):
        fixed = number < len(columns) and column != wraps
        justify: JustifyMethod = "right" if is_right else "left"
        table.add_column(column, justify=justify, no_wrap=fixed, overflow="fold")
    for row in rows:
        table.add_row(*(_text((cell,)) for cell in row))
    _console().print(table)


def show_fields(fields: Iterable[tuple[str, Sequence[Cell]]]) -> None:
    """Print labelled lines, indented; on a terminal a value wraps beside its label."""
    if not interactive():
        _write_aligned([(f"  {label}", _plain(cells)) for label, cells in fields], [False, False])
        return
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for label, cells in fields:
        table.add_row(f"  {label}", _text(cells))
    _console().print(table)


def show_json(document: Any) -> None:
    """Print JSON; the values are plain already."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def complain(text: str) -> None:
    """Print an error: `error: …`, to the standard error stream."""
    if sys.stderr.isatty():
        _console(stderr=True).print(_text((("error: ", "bold red"), text)), soft_wrap=True)
    else:
        sys.stderr.write(f"error: {text}\n")


def interactive() -> bool:
    """Whether a person is watching the output."""
    return sys.stdout.isatty()


@contextmanager
def progress(text: str) -> "Iterator[Callable[[str], None]]":
    """Show what is going on: one line that changes on a terminal, else a line per change."""
    if interactive():
        with _console().status(_text((text,))) as status:
            yield lambda line: status.update(_text((line,)))
    else:
        yield _Changes()


class _Changes:
    """Prints, of growing lines, what is new: a log needs no line twice."""

    def __init__(self) -> None:
        self._before = ""

    def __call__(self, line: str) -> None:
        new = line.removeprefix(self._before).strip() if self._before else line
        if new:
            _write(new)
        self._before = line


def _write(line: str) -> None:
    sys.stdout.write(f"{line.rstrip()}\n")
    sys.stdout.flush()


def _write_aligned(rows: Iterable[Sequence[Cell]], to_the_right: Sequence[bool]) -> None:
    # Nothing is cut or wrapped for a program that reads it.
    lines = [[_plain((cell,)) for cell in row] for row in rows]
    widths = [max((len(line[at]) for line in lines), default=0) for at in range(len(to_the_right))]
    for line in lines:
        cells = zip(line, widths, to_the_right, strict=True)
        _write(_GAP.join(c.rjust(width) if right else c.ljust(width) for c, width, right in cells))


def _plain(cells: Iterable[Cell]) -> str:
    return "".join(cell if isinstance(cell, str) else cell[0] for cell in cells)


def _console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    # Values hold brackets and colons: they are data, not markup.
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def _text(cells: Iterable[Cell]) -> Any:
    from rich.text import Text

    text = Text()
    for cell in cells:
        content, style = (cell, "") if isinstance(cell, str) else cell
        text.append(content, style=STYLES.get(style, style))
    return text
