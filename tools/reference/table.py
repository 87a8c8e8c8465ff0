"""Lines of Markdown tables."""

from collections.abc import Iterator

MADE = "<!-- Made from the code by `tools/run python -m tools.reference`. -->\n"
"""First line of every page."""


def head(*cells: str) -> Iterator[str]:
    """The first two lines of a table."""
    yield row(*cells)
    yield row(*("---" for _ in cells))


def row(*cells: str) -> str:
    """One line of a table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def said(text: str | None) -> str:
    """A docstring as one line, in the words of YAML."""
    words = " ".join((text or "").split())
    return words.replace("None (null):", "null:").replace("None:", "null:")
