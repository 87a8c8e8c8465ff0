"""The table that the benchmarks write and the docs show."""

import json
import os
from pathlib import Path

RESULTS = Path(__file__).parent.parent.parent / "docs" / "benchmarks.md"
_HEAD = """\
# Benchmarks

Written by `make bench`. Ratios are of two things measured in turn in one run on one machine:
they hold where seconds do not. Smaller than 1 means that ours took less.

| what | ours | against | theirs | ratio |
|---|---|---|---|---|
"""


def record(what: str, ours: float, against: str, theirs: float, unit: str = "s") -> float:
    """Write one row of the table, replacing the row of the same name; returns the ratio."""
    rows = _rows()
    ratio = ours / theirs
    rows[what] = f"| {what} | {ours:.3g} {unit} | {against} | {theirs:.3g} {unit} | {ratio:.2g} |"
    RESULTS.write_text(_HEAD + "\n".join(rows[name] for name in sorted(rows)) + "\n")
    print(json.dumps({"what": what, "ratio": round(ratio, 3), "cores": os.cpu_count()}))
    return ratio


def _rows() -> dict[str, str]:
    if not RESULTS.exists():
        return {}
    lines = [line for line in RESULTS.read_text().splitlines() if line.startswith("| ")]
    return {line.split("|")[1].strip(): line for line in lines[1:]}
