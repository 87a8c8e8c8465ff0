"""Tables for the tests of validation, and what it finds in them."""

from typing import Any

import numpy as np
import pyarrow as pa

from trimaran_runtime.config import RunConfig
from trimaran_runtime.validation.catalogue import CATALOGUE
from trimaran_runtime.validation.columns import Columns
from trimaran_runtime.validation.finding import Finding, Findings
from trimaran_runtime.validation.infer import inferred
from trimaran_runtime.validation.lock import TableLock
from trimaran_runtime.validation.parts import Parts
from trimaran_runtime.validation.validate import validate


def run_config(data: dict[str, Any] | None = None, **validation: Any) -> RunConfig:
    """A run's configuration whose target is `y`."""
    return RunConfig.model_validate(
        {
            "model": "m",
            "data": {"source": "a:b", "target": "y", **(data or {})},
            "training": {"train": "a:b"},
            "validation": validation,
        }
    )


def parts_of(rows: int) -> Parts:
    """60, 20 and 20 % of the rows."""
    train, validation = int(0.6 * rows), int(0.2 * rows)
    sizes = {"train": train, "validation": validation, "test": rows - train - validation}
    return Parts(sizes=sizes)


def found_in(
    columns: dict[str, Any], data: dict[str, Any] | None = None, **validation: Any
) -> Findings:
    """What is found in a table whose splits follow one another."""
    table = pa.table(columns)
    found = validate(table, run_config(data, **validation), parts=parts_of(table.num_rows))
    assert {finding.check for finding in found.findings} <= {entry.name for entry in CATALOGUE}
    return found


def lock_of(columns: dict[str, Any], data: dict[str, Any] | None = None) -> TableLock:
    """The lock of a table."""
    return inferred(Columns(pa.table(columns)), run_config(data).data)


def named(found: Findings, check: str) -> list[Finding]:
    """The findings of a check."""
    return [finding for finding in found.findings if finding.check == check]


def clean(seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """An honest table, of a shape drawn by the seed, and its `data` section.

    Features of every kind, some strong, some with gaps that are missing at random, some repeated
    values, levels of uneven frequency; two or three classes, rare ones too, or a number.
    """
    generator = np.random.default_rng(seed)
    rows = int(generator.integers(500, 6000))
    columns: dict[str, Any] = {}
    score = np.zeros(rows)
    for i in range(int(generator.integers(2, 12))):
        values = generator.normal(size=rows) * 10.0 ** generator.integers(-3, 4)
        if generator.random() < 0.3:
            values = np.exp(generator.normal(size=rows))
        weight = generator.normal() * (generator.random() < 0.6)
        score += weight * (values - values.mean()) / values.std()
        mask = generator.random(rows) < generator.choice([0, 0, 0.05, 0.3])
        columns[f"x{i}"] = pa.array(values, mask=mask)
    for i in range(int(generator.integers(0, 4))):
        levels = int(generator.integers(2, 60))
        weights = generator.dirichlet(np.ones(levels))
        codes = generator.choice(levels, rows, p=weights)
        score += generator.normal(0, 0.5, levels)[codes]
        columns[f"c{i}"] = np.array([f"level {n}" for n in range(levels)])[codes]
    columns["count"] = generator.poisson(3, rows)
    columns["flag"] = generator.random(rows) < 0.4
    data: dict[str, Any] = {"min_rows": 1}
    if generator.random() < 0.5:
        columns["at"] = pa.array(np.arange(rows) * 60_000_000, pa.timestamp("us"))
        columns["before"] = pa.array(
            np.arange(rows) * 60_000_000 - generator.integers(0, 10**9, rows), pa.timestamp("us")
        )
        data["time"] = "at"
    score += generator.logistic(size=rows) * generator.uniform(0.7, 3)
    task = int(generator.integers(3))
    if task == 0:
        columns["y"] = score > np.quantile(score, generator.uniform(0.5, 0.9))
    elif task == 1:
        cuts = np.quantile(score, (0.4, 0.8))
        columns["y"] = np.array(["low", "middle", "high"])[np.searchsorted(cuts, score)]
    else:
        columns["y"], data["task"] = score, "regression"
    return columns, data
