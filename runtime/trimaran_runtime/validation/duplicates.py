"""Rows that occur twice: within the table, and across its splits."""

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.validation.columns import Columns
from trimaran_runtime.validation.config import ValidationConfig
from trimaran_runtime.validation.finding import Finding, Severity
from trimaran_runtime.validation.parts import Parts
from trimaran_runtime.validation.row_keys import Keys, distinct_values, repeats, row_keys

_TELLING = 0.99
"""Distinct values of a column, as a share of the different rows, from which on it tells them
apart."""


def duplicates(
    columns: Columns,
    features: list[str],
    data: DataConfig,
    config: ValidationConfig,
    parts: Parts | None,
) -> list[Finding]:
    """Rows that repeat another row, and rows of the test split that the model was trained on."""
    content = [*features, data.target]
    others = [n for n in columns.table.column_names if n not in content and n != data.id]
    keys = row_keys(columns, content)
    if not repeats(np.sort(keys)):
        # No two rows agree in the features and the target: no rows can agree in more.
        return []
    found = [] if parts is None else _overlap(columns, features, keys, parts, config)
    return _repeated(keys + row_keys(columns, others), config) + found


def _repeated(keys: Keys, config: ValidationConfig) -> list[Finding]:
    rows, repeated = len(keys), repeats(np.sort(keys))
    if not repeated:
        return []
    share = repeated / rows
    over = share > config.max_duplicates
    return [
        Finding(
            severity=Severity.error if over else Severity.note,
            check="duplicates",
            column=None,
            evidence=f"{repeated} of {rows} rows ({share:.2%}) repeat another row "
            f"exactly; at most {config.max_duplicates:.1%} are allowed",
            advice="drop them, or raise validation.max_duplicates" if over else "",
        )
    ]


def _overlap(
    columns: Columns, features: list[str], keys: Keys, parts: Parts, config: ValidationConfig
) -> list[Finding]:
    """Test rows that training rows repeat, beyond what repeats within the training rows.

    Where few combinations of values exist, honest test rows repeat training rows as often as those
    repeat one another; only what exceeds that share was copied. Where one column has (almost) as
    many values as there are different rows, no row repeats another by chance: all were copied.
    """
    train, test = keys[parts.span("train")], keys[parts.span("test")]
    if not len(train) or not len(test):
        return []
    known = np.sort(train)
    shared = int(_occurs(test, known).sum())
    same = known[1:] == known[:-1]
    natural = float((np.r_[False, same] | np.r_[same, False]).mean())
    share = shared / len(test)
    if share <= config.max_overlap:
        return []
    if natural and _tells_apart(columns, features, distinct=len(keys) - repeats(np.sort(keys))):
        natural = 0.0
    if share - natural <= config.max_overlap:
        return []
    return [
        Finding(
            severity=Severity.error,
            check="overlap",
            column=None,
            evidence=f"{shared} of {len(test)} test rows ({share:.2%}) repeat a training row in "
            f"every feature and the target, and {natural:.2%} of the training rows one another; "
            f"at most {config.max_overlap:.1%} more are allowed",
            advice="drop repeated rows before returning the table, keep copies of one thing "
            "together (data.group), or raise validation.max_overlap",
        )
    ]


def _tells_apart(columns: Columns, features: list[str], distinct: int) -> bool:
    """Whether a column has a value of its own in almost each of the different rows."""
    least = _TELLING * distinct
    return any(distinct_values(columns, name) >= least for name in features)


def _occurs(values: Keys, known: Keys) -> NDArray[np.bool_]:
    place = np.minimum(np.searchsorted(known, values), len(known) - 1)
    found: NDArray[np.bool_] = known[place] == values
    return found
