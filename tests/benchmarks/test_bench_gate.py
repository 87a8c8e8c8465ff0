"""How often the gate is wrong: 200 simulated pairs at three sizes of the test split."""

from pathlib import Path

import pytest

from tests.runtime.gate_simulation import (
    ALPHA,
    BETTER,
    EQUAL,
    SEGMENTS,
    SIZES,
    WORSE,
    Rates,
    area,
    most,
    simulate,
)

PAGE = Path(__file__).parents[2] / "docs" / "gate-rates.md"
PAIRS = 200
HEAD = f"""\
# How often the gate is wrong

Written by `make bench`: {PAIRS} seeded pairs of a simulated champion and challenger per line,
each measured and judged by the gate itself at `alpha` {ALPHA:g}, with {SEGMENTS} segments and the
default `max_drop`. The champion's true AUC is {area(EQUAL):.3f}. Accepting a challenger that is
worse or equal is an error, and so is a segment that refuses an equal one: each may happen in
{ALPHA:.0%} of the pairs, which is in up to {most(PAIRS, ALPHA)} of {PAIRS} with luck as bad as one
in a hundred. A better challenger that is refused needs more test rows, or a larger gain.

| challenger | its true AUC | test rows | champion passed | a segment refused | accepted |
|---|---|---|---|---|---|
"""


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_the_gate_is_wrong_no_oftener_than_it_says() -> None:
    kinds = {"worse": WORSE, "equal": EQUAL, "better": BETTER}
    found = {
        (kind, rows): simulate(noise, rows, PAIRS)
        for kind, noise in kinds.items()
        for rows in SIZES
    }
    lines = [row(kind, kinds[kind], rows, rates) for (kind, rows), rates in found.items()]
    PAGE.write_text(HEAD + "\n".join(lines) + "\n")
    for rows in SIZES:
        assert found["worse", rows].accepted <= most(PAIRS, ALPHA)
        assert found["equal", rows].accepted <= most(PAIRS, ALPHA)
        assert found["equal", rows].segments <= most(PAIRS, ALPHA)
    assert found["better", SIZES[-1]].accepted >= 0.95 * PAIRS


def row(kind: str, noise: float, rows: int, rates: Rates) -> str:
    """One line of the table."""
    shares = " | ".join(
        f"{count / rates.pairs:.1%}" for count in (rates.better, rates.segments, rates.accepted)
    )
    return f"| {kind} | {area(noise):.3f} | {rows:,} | {shares} |"
