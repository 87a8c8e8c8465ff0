"""Whether a new release answers worse than the one before, by more than chance.

Both tests are exact, so they hold for three requests as for three million. A rollout is looked at
again and again, hence the small level: over a thousand looks, a release that is as good as the old
one is sent back in fewer than one rollout in ten, in practice far fewer, as looks are correlated.
"""

import math
from collections.abc import Iterable

from trimaran_providers.contract.spec.endpoint import RollbackSignal
from trimaran_providers.local.gateway.definition import RolloutDefinition
from trimaran_providers.local.gateway.traffic import Tally

LEVEL = 1e-4
"""Chance of one look to find a difference where there is none."""
_SLOWER = 2.0
"""Times the old release's 99th percentile that counts as slow."""
_TAIL = 0.01
_MIN_OLD = 100
"""Fewer requests do not tell the old release's 99th percentile."""


def reason_to_roll_back(new: Tally, old: Tally, rollout: RolloutDefinition) -> str:
    """Why traffic must go back to the old release; empty: it need not.

    Args:
        new: answers of the new release since it got traffic.
        old: answers of the old release in the same time.
        rollout: signals and limits.
    """
    if RollbackSignal.errors in rollout.rollback_on and (reason := _errors(new, old, rollout)):
        return reason
    if RollbackSignal.latency in rollout.rollback_on:
        return _latency(new, old, rollout)
    return ""


def _errors(new: Tally, old: Tally, rollout: RolloutDefinition) -> str:
    if not new.errors:
        return ""
    share = new.errors / new.requests
    found = f"{new.errors} of {new.requests} requests answered 5xx"
    limit = rollout.error_rate
    if limit is not None and new.requests >= rollout.min_requests and share > limit:
        return f"{found}, more than {limit:.1%}"
    if fisher_more(new.errors, new.requests, old.errors, old.requests) < LEVEL:
        return f"{found}, against {old.errors} of {old.requests} by the release before"
    return ""


def _latency(new: Tally, old: Tally, rollout: RolloutDefinition) -> str:
    if new.requests < rollout.min_requests:
        return ""
    limits = [(rollout.latency_p99_ms, "the limit")]
    if old.requests >= _MIN_OLD and (p99 := old.quantile_ms(0.99)) is not None:
        limits.append((p99 * _SLOWER, "twice the release before"))
    for limit, name in limits:
        if limit is None:
            continue
        slow = new.slower_than(limit)
        if binomial_at_least(slow, new.requests, _TAIL) < LEVEL:
            return f"{slow} of {new.requests} requests took over {limit:.0f} ms ({name} at p99)"
    return ""


def fisher_more(bad: int, total: int, other_bad: int, other_total: int) -> float:
    """P value of Fisher's exact test, one-sided: is `bad` of `total` more than the others' share?

    Hypergeometric: the chance of at least `bad` among `total` drawn from all, of which
    `bad + other_bad` are bad.
    """
    everything, all_bad = total + other_total, bad + other_bad
    base = _log_choose(everything, total)
    return _capped(
        math.exp(_log_choose(all_bad, k) + _log_choose(everything - all_bad, total - k) - base)
        for k in range(bad, min(total, all_bad) + 1)
    )


def binomial_at_least(hits: int, trials: int, chance: float) -> float:
    """Chance of at least `hits` in `trials` when each hits with `chance` (between 0 and 1)."""
    return _capped(
        math.exp(_log_choose(trials, k) + k * math.log(chance) + (trials - k) * math.log1p(-chance))
        for k in range(hits, trials + 1)
    )


def _capped(terms: Iterable[float]) -> float:
    return min(1.0, math.fsum(terms))


def _log_choose(n: int, k: int) -> float:
    if not 0 <= k <= n:
        return -math.inf
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
