"""Tables of many shapes of column, drawn from one distribution per seed."""

import numpy as np
import pyarrow as pa


def table_of(rows: int, seed: int) -> pa.Table:
    """Rows of 20 columns: normal, skewed, heavy-tailed, whole, zero-inflated, missing, levels."""
    draw = np.random.default_rng(seed)
    columns: dict[str, object] = {
        "normal": draw.normal(0, 1, rows),
        "far": draw.normal(1e6, 2, rows),
        "skewed": draw.lognormal(3, 1.5, rows),
        "heavy": draw.standard_t(2, rows),
        "count": draw.poisson(2, rows),
        "rare_count": draw.poisson(0.05, rows),
        "hour": draw.integers(0, 24, rows),
        "minute": draw.integers(0, 1440, rows),
        "inflated": np.where(draw.random(rows) < 0.6, 0, draw.exponential(3, rows)),
        "constant": np.full(rows, 7.0),
        "sparse": np.where(draw.random(rows) < 0.15, np.nan, draw.normal(0, 1, rows)),
        "rarely_infinite": np.where(draw.random(rows) < 0.0003, np.inf, draw.normal(0, 1, rows)),
        "when": np.datetime64("2013-01-01") + draw.integers(0, 10**6, rows).astype("m8[s]"),
        "flag": draw.random(rows) < 0.3,
    }
    for levels in (2, 5, 20, 100, 1000, 10_000):
        weight = 1 / np.arange(1, levels + 1)
        drawn = draw.choice(levels, rows, p=weight / weight.sum())
        columns[f"levels_{levels}"] = pa.array(drawn.astype(str))
    return pa.table(columns)


def replaced(table: pa.Table, name: str, values: object) -> pa.Table:
    """The table with other values in one column."""
    return table.set_column(
        table.column_names.index(name), name, pa.array(values, from_pandas=False)
    )
