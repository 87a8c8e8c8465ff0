"""Change over repeated checks: evidence that adds up, with a stated time between false alarms.

An e-detector (Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential
change detection", arXiv 2203.03532, section 2: the sum over all possible times of change of an
e-process that starts there) for each watched quantity: a mean of values between 0 and 1. Each
window multiplies in `exp(n (l x - log(1 - m + m exp(l))))`, which has mean at most 1 while the
quantity's true mean is at most m (Hoeffding, JASA 58 (1963) 13, equation 4.1), for three sizes of
bet l and for both directions; m lies an indifference zone beyond the reference's mean. The sum of
all detectors stays below `quantities x run length` for `run length` checks on average.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from trimaran_runtime.config_document import ConfigDocument
from trimaran_runtime.drift.bound import quantile
from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.drift.history import History
from trimaran_runtime.drift.verdict import Severity
from trimaran_runtime.drift.watched import Mean
from trimaran_runtime.section import Section

INDIFFERENT = 0.01
"""Change of a mean that is no change."""
SIZES = (0.01, 0.03, 0.1)
"""Changes beyond the indifference zone that the bets are made for."""
RECENT_WINDOWS = 32
"""Windows kept, so that one that comes late can still be put in its place."""
_OVERLAP = 0.01
"""Share of a window that may overlap another: schedules are not exact."""
_REFERENCE_RISK = 1e-4
_HEADROOM = 3.0
"""Nats above the threshold at which evidence stops to grow: it has to be able to fall again."""
_NONE = -math.inf

Logs = tuple[float, ...]


class Window(Section):
    """A window that was seen: what each quantity's bets gained in it, in nats."""

    since: datetime
    until: datetime
    gains: dict[str, Logs]


class DetectorState(ConfigDocument):
    """What is known of all windows so far; plain JSON, a few kilobytes."""

    release: str
    """Full id of the release whose traffic it is; another one starts anew."""
    seen_until: datetime | None = None
    """End of the newest window that `settled` holds; earlier ones can no longer be added."""
    settled: dict[str, tuple[float | None, ...]] = {}
    """Logarithm of the evidence of each bet before `recent`; null: none yet."""
    recent: tuple[Window, ...] = ()
    """The newest windows, oldest first."""

    @classmethod
    def begin(cls, release: str) -> Self:
        """State before the first window of a release."""
        return cls(release=release)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A quantity whose evidence of a change is beyond the threshold.

    Attributes:
        quantity: column and what of it (`place`, `missing`), e.g. `distance:missing`.
        evidence: logarithm of the evidence, in nats.
        threshold: logarithm of the threshold.
        sentence: the alarm in words.
    """

    quantity: str
    evidence: float
    threshold: float
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The detector's word after a window.

    Attributes:
        severity: `warn` with an alarm, `ok` without: a change that only many checks together show
            is beyond the indifference zone, and may be within every tolerance of a single check.
        alarms: most evidence first.
        run_length_checks: mean number of checks between two false alarms, at least.
        windows: windows that the evidence rests on.
    """

    severity: Severity
    alarms: tuple[Alarm, ...]
    run_length_checks: float
    windows: int


def update(
    state: DetectorState,
    means: Mapping[str, Mean],
    *,
    release: str,
    since: datetime,
    until: datetime,
    config: DriftConfig,
    history: History | None = None,
) -> tuple[DetectorState, Watch]:
    """Add a window.

    A window that was seen, or that overlaps one (rows would be bet on twice), changes nothing: a
    check may be repeated, and checks of a sliding window count once a window's length. Missed
    checks leave no trace: the evidence stays as it is. A late window is put where it belongs, up
    to 32 windows back; one from before is left out. A window of another release starts anew.

    Args:
        state: after the windows before.
        means: `watched.means` of features and predictions in the window; a quantity that is
            absent, or has no rows, is not bet on.
        release: full id of the release whose traffic it is.
        since: beginning of the window, UTC.
        until: end of the window, UTC.
        config: wanted run length and ignored columns.
        history: of the reference; rows that resemble their neighbours count for less.
    """
    if state.release != release:
        state = DetectorState.begin(release)
    if not _taken(state, since, until):
        gains = {
            name: _gains(mean, (history or History()).inflation.get(_column(name), 1.0))
            for name, mean in sorted(means.items())
            if mean.rows and _column(name) not in config.ignore
        }
        window = Window(since=since, until=until, gains=gains)
        recent = sorted([*state.recent, window], key=lambda w: (w.since, w.until))
        state = state.model_copy(update={"recent": tuple(recent)})
    state = _settle(state, config)
    return state, _watch(state, config)


def _column(quantity: str) -> str:
    return quantity.rpartition(":")[0]


def _taken(state: DetectorState, since: datetime, until: datetime) -> bool:
    allowed = (until - since) * _OVERLAP
    if state.seen_until is not None and since < state.seen_until - allowed:
        return True
    return any(since < w.until - allowed and w.since < until - allowed for w in state.recent)


def _gains(mean: Mean, inflation: float) -> Logs:
    """What each bet gains in a window: three upwards, three downwards, in nats."""
    rows = mean.rows / inflation
    # The reference's own mean is known to that.
    known = mean.reference_rows / inflation
    slack = quantile(_REFERENCE_RISK) * math.sqrt(max(mean.variance, 1 / known) / known)
    zone = INDIFFERENT + slack
    upwards = [_gain(mean.value, mean.expected + zone, size, rows) for size in SIZES]
    # A fall of x is a rise of 1 - x.
    downwards = [_gain(1 - mean.value, 1 - mean.expected + zone, size, rows) for size in SIZES]
    return (*upwards, *downwards)


def _gain(value: float, most: float, size: float, rows: float) -> float:
    if most >= 1:
        return 0.0
    # The bet that gains most when the mean is `most + size`.
    target = min(most + size, (1 + most) / 2)
    bet = math.log(target * (1 - most) / (most * (1 - target)))
    return rows * (bet * value - math.log1p(most * math.expm1(bet)))


def _settle(state: DetectorState, config: DriftConfig) -> DetectorState:
    """Put windows beyond the newest 32 into the evidence before them."""
    old, recent = state.recent[:-RECENT_WINDOWS], state.recent[-RECENT_WINDOWS:]
    if not old:
        return state
    evidence = _evidence(_opened(state), old, _threshold(state, config))
    return state.model_copy(
        update={
            "seen_until": max(window.until for window in old),
            "settled": {
                name: tuple(None if log == _NONE else log for log in logs)
                for name, logs in evidence.items()
            },
            "recent": recent,
        }
    )


def _opened(state: DetectorState) -> dict[str, Logs]:
    return {
        name: tuple(_NONE if log is None else log for log in logs)
        for name, logs in state.settled.items()
    }


def _quantities(state: DetectorState) -> int:
    names = set(state.settled)
    return max(1, len(names.union(*(window.gains for window in state.recent))))


def _threshold(state: DetectorState, config: DriftConfig) -> float:
    return math.log(_quantities(state) * config.run_length_checks)


def _evidence(
    before: Mapping[str, Logs], windows: tuple[Window, ...], threshold: float
) -> dict[str, Logs]:
    """The Shiryaev-Roberts sum `R = (R + 1) e` of each bet, over windows in order."""
    found = dict(before)
    for window in windows:
        for name, gains in window.gains.items():
            logs = found.get(name, (_NONE,) * len(gains))
            found[name] = tuple(
                min(_log_add(log, 0.0) + gain, threshold + _HEADROOM)
                for log, gain in zip(logs, gains, strict=True)
            )
    return found


def _watch(state: DetectorState, config: DriftConfig) -> Watch:
    threshold = _threshold(state, config)
    alarms = []
    for name, logs in _evidence(_opened(state), state.recent, threshold).items():
        total = _NONE
        for log in logs:
            total = _log_add(total, log)
        evidence = total - math.log(len(logs))
        if evidence > threshold:
            column, _, what = name.rpartition(":")
            what = "missing values" if what == "missing" else "values"
            alarms.append(
                Alarm(
                    quantity=name,
                    evidence=evidence,
                    threshold=threshold,
                    sentence=f"the {what} of {column} have changed: the checks so far together "
                    f"are evidence of {math.exp(min(evidence - threshold, 50)):.1f} times what "
                    f"one false alarm in {config.run_length_checks:,.0f} checks takes",
                )
            )
    alarms.sort(key=lambda alarm: (-alarm.evidence, alarm.quantity))
    return Watch(
        severity=Severity.warn if alarms else Severity.ok,
        alarms=tuple(alarms),
        run_length_checks=config.run_length_checks,
        windows=len(state.recent),
    )


def _log_add(one: float, other: float) -> float:
    """log(exp(one) + exp(other))."""
    high, low = max(one, other), min(one, other)
    return high if low == _NONE else high + math.log1p(math.exp(low - high))
