"""The problem that is attacked: small loans, of which some are repaid."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

CODE = Path(__file__).parents[1] / "projects" / "loans"
NOW = "2026-06-01T00:00:00+00:00"
"""The time that ages are measured at."""
ROWS = 4000
SHARES = {"north": 0.5, "south": 0.3, "west": 0.2}
BRANCHES = 40
CONFIG: dict[str, Any] = {
    "model": "loans",
    "data": {
        "source": "rows.parquet",
        "target": "repaid",
        "id": "loan",
        "exclude": ["at"],
        "segments": ["region"],
    },
    "validation": {},
    "training": {"train": "fits:sound"},
    "evaluation": {},
    "gate": {"floor": 0.6, "segments": {"max_drop": 0.02, "min_rows": 100}},
    "registry": {},
}
"""The run's configuration; `data.source` is replaced by where the rows are."""
TIMED = {"data.time": "at", "data.exclude": ()}
"""Split in the order of time."""


def loans(rows: int = ROWS, seed: int = 1) -> pd.DataFrame:
    """Loans, one a day-quarter from the start of 2024: all regions depend on the same columns."""
    generator = np.random.default_rng(seed)
    table = pd.DataFrame({"loan": [f"L{place:06d}" for place in range(rows)]})
    table["at"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows) * 5, unit="h")
    table["region"] = generator.choice(list(SHARES), size=rows, p=list(SHARES.values()))
    table["branch"] = generator.integers(0, BRANCHES, rows)
    table["branch"] = "B" + table["branch"].astype(str)
    for name in ("income", "debt", "age", "noise"):
        table[name] = generator.normal(size=rows)
    table["years"] = generator.poisson(4, size=rows)
    score = table["income"] - 0.9 * table["debt"] + 0.4 * (table["years"] - 4)
    score += 0.08 * table["age"] + generator.logistic(size=rows)
    return table.assign(repaid=score > 0)


def configured(changes: dict[str, Any]) -> dict[str, Any]:
    """The configuration with values replaced by dotted path, e.g. `gate.floor`."""
    config = {name: dict(part) if isinstance(part, dict) else part for name, part in CONFIG.items()}
    for path, value in changes.items():
        *above, name = path.split(".")
        part = config
        for step in above:
            part[step] = dict(part.get(step, {}))
            part = part[step]
        part[name] = value
    return config
