"""The page of the docs that shows what the servers were measured at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Self

from tests.benchmarks.serving.server import Measured

PAGE = Path(__file__).parents[3] / "docs" / "serving-benchmarks.md"
_HEAD = """\
# Serving beside other servers

Written by `make servers` and then `TRIMARAN_SWEEP=full pytest -m bench tests/benchmarks/serving`.
Every server serves the same fitted scikit-learn model of 30 numbers with one worker, started as its
guide says and with its calls home off, on one machine of two cores that the load shares. Ours is
measured before each peer and again after it, so that rates compare within a run; "times" is the mean
of ours, lowered, over the peer's. Latencies are of all requests of three seconds; processor time is of all the server's
processes; memory is proportional (PSS) after the load; the start is from its command to the first
right prediction.
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
    def mean(cls, rows: Sequence[Self]) -> Self:
        """One row of several of one server and load."""
        found = [row.measured for row in rows]
        return replace(
            rows[0],
            measured=Measured(
                per_second=mean(each.per_second for each in found),
                p50_ms=mean(each.p50_ms for each in found),
                p99_ms=mean(each.p99_ms for each in found),
                cpu_us=mean(each.cpu_us for each in found),
            ),
            times=mean(row.times for row in rows),
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
            f"{found.p50_ms:.2f}",
            f"{found.p99_ms:.1f}",
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
