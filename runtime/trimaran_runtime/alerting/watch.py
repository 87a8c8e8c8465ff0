"""One evaluation: observations through the rules into the book, and out to the channels."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from trimaran_runtime.alerting.book import AlertBook
from trimaran_runtime.alerting.config import AlertRules
from trimaran_runtime.alerting.destination import Destination
from trimaran_runtime.alerting.rules import Observation, evaluate
from trimaran_runtime.alerting.send import Delivery, deliver
from trimaran_runtime.storage.store import Store


def watch(
    store: Store,
    rules: AlertRules,
    destinations: Sequence[Destination],
    observations: Iterable[Observation],
    *,
    now: datetime | None = None,
) -> tuple[Delivery, ...]:
    """Judge observations, record what is new, and deliver what is due.

    Args:
        store: the artifact store; keeps the log.
        rules: what is worth a message.
        destinations: where messages go.
        observations: what was seen; none: only deliveries that failed before are tried again.
        now: UTC; None: the clock.

    Raises:
        Corrupted, StoreError: the log cannot be read or written.
    """
    moment = now or datetime.now(UTC)
    book = AlertBook(store, repeat_hours=rules.repeat_hours)
    decisions = [d for seen in observations for d in evaluate(rules, seen, moment)]
    book.record(decisions, moment)
    return deliver(book, destinations, now=moment)
