"""The page of the docs that shows what the servers were measured at."""

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from statistics import fmean
from typing import Self

from tests.benchmarks.serving.measured import Measured

PAGE = Path(__file__).parents[3] / "docs" / "serving-benchmarks.md"
_HEAD = """\
# Serving beside other servers

Written by `make servers` and then `TRIMARAN_SWEEP=full pytest -m bench tests/benchmarks/serving`.
Every server serves one scikit-learn model of 30 numbers with one worker, started as its guide says,
without calls home, lines for each request (where it can be told so) and threads of OpenMP, on one
machine of two cores that the load shares. Each connection asks about rows of its own, and all
answers are held against the model's. Ours is measured before each peer and again after it; "times"
is the rate of ours, lowered, over the server's. Processor time and memory (PSS, after the load) are
of all the server's processes, the start is from its command to the first right answer. MLServer
runs in one process, as its worker processes do not start beside the uvloop of today; Azure ML's
server and KServe listen on all addresses and cannot be told otherwise.
"""
_COLUMNS = (
    "server", "requests/s", "times", "p50 ms", "p99 ms", "processor µs", "start s", "memory MB",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Row:
    """One server under one load.

    Attributes:
        case: the model's name.
        rows: of a request.
        connections: at a time.
        server: its name.
        times: ours, lowered, over it in requests a second.
        beside: the peer that was measured in the same minute.
    """

    case: str
    rows: int
    connections: int
    server: str
    measured: Measured
    times: float
    cold_seconds: float
    pss_mb: float
    beside: str

    @classmethod
    def joined(cls, rows: Sequence[Self]) -> Self:
        """One row of several of one server and load."""
        return replace(
            rows[0],
            measured=reduce(operator.add, (row.measured for row in rows)),
            times=fmean(row.times for row in rows),
            pss_mb=max(row.pss_mb for row in rows),
        )

    @property
    def load(self) -> str:
        """The heading of its table."""
        rows = "1 row" if self.rows == 1 else f"{self.rows} rows"
        connections = "1 connection" if self.connections == 1 else f"{self.connections} connections"
        return f"{self.case.capitalize()}, {rows}, {connections}"

    @property
    def line(self) -> str:
        """The row of the table."""
        found = self.measured
        cells = (
            self.server,
            f"{found.per_second:,.0f}",
            f"{self.times:.1f}",
            f"{found.percentile_ms(50):.2f}",
            f"{found.percentile_ms(99):.1f}",
            f"{found.cpu_us:,.0f}",
            f"{self.cold_seconds:.1f}",
            f"{self.pss_mb:.0f}",
        )
        return "| " + " | ".join(cells) + " |"


def write(rows: Iterable[Row]) -> None:
    """Write the page, fastest first."""
    tables: dict[str, list[Row]] = {}
    for row in rows:
        tables.setdefault(row.load, []).append(row)
    text = [_HEAD]
    for load, found in tables.items():
        text.append(f"## {load}\n")
        text.append("| " + " | ".join(_COLUMNS) + " |\n|" + "---|" * len(_COLUMNS))
        text += [row.line for row in sorted(found, key=lambda row: row.times)]
        text.append("")
    PAGE.write_text("\n".join(text))
