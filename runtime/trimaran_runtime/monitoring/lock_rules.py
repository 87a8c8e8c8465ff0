"""Rules of the lock, judged: each breach is told, and alerts where surely too many rows break it.

A rule alerts when the lower confidence bound of the share of rows that break it is beyond what the
lock allows: its `max_missing` for missing values where it has one, else its `max_unknown`. The
breaches of a check share its risk (Bonferroni over the lock's columns).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from trimaran_runtime.drift import bound
from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.drift.integrity import Breach, Rule, breaches
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.validation.lock import TableLock

_RULES = len(Rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVerdict:
    """A rule that traffic broke, judged.

    Attributes:
        breach: what was broken.
        share: of the rows, at least, 0 to 1.
        lower: lower confidence bound of the share.
        allowed: share that may break it.
        alert: whether the bound is beyond it.
    """

    breach: Breach
    share: float
    lower: float
    allowed: float
    alert: bool

    @property
    def sentence(self) -> str:
        """The breach in words, with its share."""
        return f"{self.breach.sentence} ({self.share:.2%} of the rows, {self.allowed:.2%} may be)"

    def document(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        return {
            "column": self.breach.column,
            "rule": self.breach.rule,
            "rows": self.breach.rows,
            "share": self.share,
            "lower": self.lower,
            "allowed": self.allowed,
            "alert": self.alert,
            "sentence": self.sentence,
        }


def judge_rules(lock: TableLock, current: Profile, config: DriftConfig) -> tuple[RuleVerdict, ...]:
    """The broken rules, those that alert first.

    Args:
        lock: the lock of the release's run.
        current: profile of the traffic.
        config: the risk, and columns that are not watched.
    """
    if not current.rows:
        return ()
    z = bound.quantile(config.alpha / max(1, len(lock.columns) * _RULES))
    limits = {column.name: column.max_missing for column in lock.columns}
    found = [
        _judged(breach, current.rows, z, _allowed(breach, lock, limits[breach.column]))
        for breach in breaches(lock, current)
        if breach.column not in config.ignore
    ]
    return tuple(sorted(found, key=lambda one: not one.alert))


def _allowed(breach: Breach, lock: TableLock, max_missing: float | None) -> float:
    if breach.rule is Rule.missing and max_missing is not None:
        return max_missing
    return lock.max_unknown


def _judged(breach: Breach, rows: int, z: float, allowed: float) -> RuleVerdict:
    low, _ = bound.share(np.array([float(breach.rows)]), rows, z)
    lower = float(low[0])
    return RuleVerdict(
        breach=breach,
        share=breach.rows / rows,
        lower=lower,
        allowed=allowed,
        alert=lower > allowed,
    )
