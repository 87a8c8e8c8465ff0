"""Delivery of messages: every outcome is recorded, and nothing is lost or raised.

A message stays in the book's outbox until every destination has it, refuses it for good, or a
week has passed. A process first records that it is sending, so that two do not send the same; if
it is killed, the message is due again after a minute: delivered at least once.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trimaran_runtime.alerting.book import AlertBook, Draft
from trimaran_runtime.alerting.destination import Destination
from trimaran_runtime.alerting.event import Kind, Level, Message

LOG = logging.getLogger(__name__)
_LEASE = timedelta(minutes=1)
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
_GIVE_UP = timedelta(days=7)
_MAX_REASON = 200

Send = Callable[[Destination, Message], str]
"""Sends one message; returns why it was not delivered, empty when it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of one message at one destination.

    Attributes:
        message: id of the message.
        destination: its name.
        reason: why it was not delivered; empty: it was.
        final: whether it is not tried again.
    """

    message: str
    destination: str
    reason: str
    final: bool


def deliver(
    book: AlertBook,
    destinations: Sequence[Destination],
    *,
    now: datetime | None = None,
    send: Send | None = None,
) -> tuple[Delivery, ...]:
    """Deliver what is due; call it after every evaluation.

    Args:
        book: the alert book.
        destinations: where to; none: the log alone, and it says so.
        now: UTC; None: the clock.
        send: how; None: through Apprise.

    Raises:
        StoreError: the book cannot be read or written; messages stay due.
    """
    moment = now or datetime.now(UTC)
    taken = _take(book, moment)
    if not taken:
        return ()
    deliveries = [
        _attempt(message, destination, moment, send or send_by_apprise)
        for message in taken
        for destination in destinations
        if destination.name not in message.done
    ]
    _settle(book, taken, deliveries, moment)
    return tuple(deliveries)


def _take(book: AlertBook, now: datetime) -> list[Message]:
    """Claim what is due, for a minute."""
    latest = book.latest()
    if latest is None or not any(message.due <= now for message in latest.outbox):
        return []
    taken: list[Message] = []

    def claim(draft: Draft) -> None:
        taken.clear()
        for place, message in enumerate(draft.outbox):
            if message.due <= now:
                taken.append(message)
                lease = {"due": now + _LEASE, "attempts": message.attempts + 1}
                draft.outbox[place] = message.model_copy(update=lease)
        if taken:
            draft.note(Kind.sending, ", ".join(message.id for message in taken))

    book.append(claim, now)
    return taken


def _attempt(message: Message, destination: Destination, now: datetime, send: Send) -> Delivery:
    reason = destination.problem
    final = bool(reason) or now - message.when >= _GIVE_UP
    if not destination.problem:
        reason = send(destination, message)
    return Delivery(
        message=message.id,
        destination=destination.name,
        reason=reason,
        final=final or not reason,
    )


def _settle(
    book: AlertBook, taken: Sequence[Message], deliveries: Sequence[Delivery], now: datetime
) -> None:
    ids = {message.id for message in taken}

    def settle(draft: Draft) -> None:
        kept = []
        for message in draft.outbox:
            outcome = [d for d in deliveries if d.message == message.id]
            if message.id not in ids or any(not d.final for d in outcome):
                kept.append(_later(message, outcome, now) if message.id in ids else message)
        draft.outbox[:] = kept
        for message in taken:
            for line in _lines(message, [d for d in deliveries if d.message == message.id]):
                draft.note(Kind.delivered, line)

    book.append(settle, now)


def _later(message: Message, outcome: Sequence[Delivery], now: datetime) -> Message:
    pause = min(_FIRST_PAUSE * 2 ** min(message.attempts, 20), _LONGEST_PAUSE)
    done = {*message.done, *(d.destination for d in outcome if d.final)}
    return message.model_copy(update={"done": tuple(sorted(done)), "due": now + pause})


def _lines(message: Message, outcome: Sequence[Delivery]) -> list[str]:
    if not outcome and not message.done:
        return [f"{message.id}: kept in this log only: no channel is configured"]
    lines = []
    for delivery in outcome:
        if not delivery.reason:
            lines.append(f"{message.id}: delivered to {delivery.destination}")
            continue
        again = "" if delivery.final else "; it is tried again"
        lines.append(
            f"{message.id}: not delivered to {delivery.destination}: {delivery.reason}{again}"
        )
    return lines or [f"{message.id}: nothing left to deliver to"]


def send_by_apprise(destination: Destination, message: Message) -> str:
    """Send one message; returns why it was not delivered, empty when it was. Never raises."""
    try:
        return _notify(destination.url, message)
    except ImportError:
        return "the package apprise is not installed (trimaran-runtime[alerts])"
    except Exception as exc:  # noqa: BLE001  a plugin of Apprise may raise anything
        LOG.warning("sending to %s raised %s", destination.name, type(exc).__name__)
        return f"{type(exc).__name__} while sending"


def _notify(url: str, message: Message) -> str:
    import apprise

    kinds = {Level.warning: apprise.NotifyType.WARNING, Level.critical: apprise.NotifyType.FAILURE}
    resolved = message.kind is Kind.resolved
    asset = apprise.AppriseAsset(app_id="Trimaran", app_desc="Trimaran", async_mode=False)
    sender = apprise.Apprise(asset=asset)
    if not sender.add(url):
        return "Apprise does not understand the address"
    capture = apprise.LogCapture(level=logging.WARNING, fmt="%(message)s")  # type: ignore[no-untyped-call]
    with capture as said:
        delivered = sender.notify(
            title=message.title,
            body=message.text,
            notify_type=apprise.NotifyType.SUCCESS if resolved else kinds[message.alert.level],
        )
        reason = said.getvalue().strip().splitlines()
    if delivered:
        return ""
    return reason[0][:_MAX_REASON] if reason else "Apprise could not deliver it"
