"""Which layer catches which mistake in a spec for AWS: what the tests seed, and what is said."""

from tests.aws.mistakes import MISTAKES, Layer, Mistake, findings
from tools.reference.table import MADE, head, row

_SHOWN = 160
"""Characters of a message's line that are shown."""


def mistakes_page() -> str:
    """Which layer catches which mistake in a spec for AWS."""
    counts = {layer: sum(m.layer is layer for m in MISTAKES) for layer in Layer}
    lines = [
        MADE,
        "# Mistakes in a spec for AWS, and what catches them\n",
        f"{len(MISTAKES)} mistakes that `tests/aws/test_aws_problems.py` seeds, one by one, into a",
        "spec that is right. Each is caught before the first resource, by the first layer that can",
        "know: " + ", ".join(f"{layer} ({counts[layer]})" for layer in Layer) + ".\n",
        *head("mistake", "caught by", "what is said"),
        *(row(m.what, m.layer, _said(m)) for m in MISTAKES),
    ]
    return "\n".join(lines) + "\n"


def _said(mistake: Mistake) -> str:
    text = next(f.text for f in findings(mistake.changes) if mistake.says in f.text)
    return " ".join(f"`{_short(line)}`" for line in text.splitlines())


def _short(line: str) -> str:
    """A line of a message, so that it can stand between backticks in a table."""
    text = " ".join(line.split()).replace("`", "'")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
