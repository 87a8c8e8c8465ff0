"""Leaks by parts: two or three columns that give the target exactly when put together."""

from dataclasses import dataclass

import numpy as np

from trimaran_runtime.validation.columns import Columns, Floats
from trimaran_runtime.validation.config import ValidationConfig
from trimaran_runtime.validation.finding import Finding, Severity
from trimaran_runtime.validation.leakage import PERFECT, Labels, leak
from trimaran_runtime.validation.separation import rank_auc

ROWS = 20_000
"""Rows that combinations are sought on; half of them to fit, half to judge."""
MOST_COLUMNS = 200
"""Columns put together at once; of more, those that go best with the target alone."""
_MOST_PARTS = 3
_FEWEST_ROWS = 200


@dataclass(frozen=True, slots=True)
class _Sample:
    """Standardised columns, shape `(n, d)`, and the target, shape `(n,)`."""

    names: list[str]
    features: Floats
    target: Floats
    is_class: bool

    def score(self, chosen: list[int]) -> tuple[float, Floats]:
        """How well least squares over some columns tell the other half: R² or AUC; coefficients."""
        design = np.c_[self.features[:, chosen], np.ones(len(self.target))]
        fitted, judged = design[::2], design[1::2]
        weights = np.linalg.lstsq(fitted, self.target[::2], rcond=None)[0]
        told, target = judged @ weights, self.target[1::2]
        if self.is_class:
            return rank_auc(told, target > 0.5), weights[:-1]
        rest = np.sum((target - told) ** 2) / max(np.sum((target - target.mean()) ** 2), 1e-300)
        return float(1 - rest), weights[:-1]


def combinations(
    columns: Columns,
    features: list[str],
    labels: Labels,
    config: ValidationConfig,
) -> list[Finding]:
    """Two or three numbers whose sum, difference, product or ratio is the target.

    A linear fit to all numbers tells first whether there can be such a sum; the columns of largest
    weight are then tried alone. Products and ratios are sums of logarithms, tried for regression
    where values are positive. Columns that are leaks alone are to be left out of `features`.
    """
    if labels.classes not in {0, 2}:
        return []
    plain = _sample(columns, features, labels)
    if plain is None:
        return []
    found = _of(plain, config, "a sum")
    if not found and not plain.is_class and (plain.target > 0).all():
        logs = _sample(columns, features, labels, logarithms=True)
        found = [] if logs is None else _of(logs, config, "a product")
    return found


def _of(sample: _Sample, config: ValidationConfig, word: str) -> list[Finding]:
    everything, weights = sample.score(list(range(len(sample.names))))
    if not everything >= PERFECT:
        return []
    ranked = [int(place) for place in np.argsort(-np.abs(weights), kind="stable")]
    measure = "AUC" if sample.is_class else "R²"
    for count in range(2, min(_MOST_PARTS, len(ranked)) + 1):
        chosen = ranked[:count]
        score, _ = sample.score(chosen)
        if score >= PERFECT:
            names = [sample.names[place] for place in chosen]
            named = next((name for name in names if name not in config.allow), names[0])
            others = " and ".join(name for name in names if name != named)
            evidence = f"with {others} gives the target as {word} ({measure} {score:.4f} together)"
            return [leak(named, config, evidence, "combination")]
    return [
        Finding(
            severity=Severity.warning,
            check="combination",
            column=None,
            evidence=f"{len(ranked)} numbers together give the target exactly, as {word} "
            f"({measure} {everything:.4f})",
            advice="see whether the target is computed from them; then no model is needed",
        )
    ]


def _sample(
    columns: Columns, features: list[str], labels: Labels, *, logarithms: bool = False
) -> _Sample | None:
    """Numbers at some rows, standardised, missing values at the mean; None: too little to judge."""
    rows = labels.drawn(ROWS)
    if len(rows) < _FEWEST_ROWS:
        return None
    # The halves must not follow the order of the classes.
    rows = np.random.default_rng(0).permutation(rows)
    order = np.argsort(rows)
    target = labels.values[rows].astype(np.float64)
    if logarithms:
        target = np.log(target)
    kept: list[tuple[float, str, Floats]] = []
    for name in features:
        if columns.is_text(name):
            continue
        values: Floats = np.empty(len(rows))
        values[order] = columns.numbers(name, rows[order])
        if logarithms:
            if not np.nanmin(values, initial=np.inf) > 0:
                continue
            values = np.log(values)
        standard = _standardised(values)
        if standard is not None:
            kept.append((abs(float(standard @ (target - target.mean()))), name, standard))
            if len(kept) > 2 * MOST_COLUMNS:
                kept = _strongest(kept)
    kept = _strongest(kept)
    if len(kept) < 2:
        return None
    matrix = np.column_stack([values for _, _, values in kept])
    return _Sample([name for _, name, _ in kept], matrix, target, labels.classes == 2)


def _strongest(kept: list[tuple[float, str, Floats]]) -> list[tuple[float, str, Floats]]:
    if len(kept) <= MOST_COLUMNS:
        return kept
    return sorted(kept, key=lambda entry: (-entry[0], entry[1]))[:MOST_COLUMNS]


def _standardised(values: Floats) -> Floats | None:
    """Mean 0, deviation 1; None: constant, infinite or empty."""
    present = values[~np.isnan(values)]
    if not len(present) or not np.isfinite(present).all():
        return None
    mean, deviation = present.mean(), present.std()
    if not deviation > 0:
        return None
    standard: Floats = np.nan_to_num((values - mean) / deviation, nan=0.0)
    return standard
