"""What each cloud does with each field, and why."""

from tools.reference.table import MADE, head, row
from trimaran.cli.parity import Row, clouds_and_rows


def parity_page() -> str:
    """What each cloud does with each field, and why."""
    clouds, rows = clouds_and_rows()
    notes: list[str] = []
    table = [row(f"`{r.field}`", *(_cell(r, cloud, notes) for cloud in clouds)) for r in rows]
    lines = [
        MADE,
        "# What each cloud does with each field\n",
        "The table of `trimaran parity`. `native`: by a feature of the cloud that means the same;",
        "`emulated`: by our own code, or with the stated difference; `rejected`: not at all, and",
        "setting it stops the preview. A row speaks of everything below its path; the longest path",
        "that fits wins.\n",
        "Clouds that are not columns are not part of this version.\n",
        *head("field", *clouds),
        *table,
        "",
        *(f"{number}. {note}" for number, note in enumerate(notes, start=1)),
    ]
    return "\n".join(lines) + "\n"


def _cell(found: Row, cloud: str, notes: list[str]) -> str:
    capability = found.cells.get(cloud)
    if capability is None:
        return "not mentioned"
    if not capability.how:
        return str(capability.support)
    instead = f" Instead: {capability.instead}." if capability.instead else ""
    note = f"{capability.how}.{instead}"
    if note not in notes:
        notes.append(note)
    return f"{capability.support} ({notes.index(note) + 1})"
