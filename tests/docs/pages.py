"""The fenced blocks of the documentation, each with the comment that says how it is held."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
_FENCE = re.compile(
    r"(?:^<!-- (?P<marker>.+?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_NEEDS = "needs a stack: "
_WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block.

    Attributes:
        page: file it is in.
        line: line of its fence, 1 for the first.
        language: what follows the fence.
        text: what is in it.
        marker: the comment right before it; empty: none.
    """

    page: Path
    line: int
    language: str
    text: str
    marker: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def held_by(self) -> str:
        """The test that does what it shows, `file` or `file::test`; empty: it is run here."""
        return self.marker.removeprefix(_NEEDS) if self.marker.startswith(_NEEDS) else ""

    @property
    def is_wrong(self) -> bool:
        """Whether it is a mistake, of which the next block is the message."""
        return self.marker.partition(":")[0] == _WRONG

    @property
    def wrong_file(self) -> str:
        """Name of the file that a mistake is in."""
        return self.marker.partition(":")[2].strip() or "churn.yaml"


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of a page, from the top."""
    text = page.read_text()
    for found in _FENCE.finditer(text):
        yield Block(
            page=page,
            line=text.count("\n", 0, found.start("language")) + 1,
            language=found["language"],
            text=found["text"],
            marker=found["marker"] or "",
        )


BLOCKS = tuple(block for page in PAGES for block in blocks_of(page))


def run_here(language: str) -> list[Block]:
    """Blocks of a language that no other test is named for."""
    return [b for b in BLOCKS if b.language == language and not b.held_by and not b.is_wrong]
