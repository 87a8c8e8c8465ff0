"""The alert book: an append-only log in the store, from whose newest record the state is read.

Records are created under the next number with a conditional write, so two processes cannot both
append to the same state, and a killed one leaves the book as it was before or after, never
between. Every record carries the whole state (open alerts, messages not yet delivered): reading
is one object, and old records can be deleted.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import ValidationError

from trimaran_runtime.alerting.event import (
    Alert,
    Decision,
    Kind,
    Message,
    Raise,
    Record,
    Resolve,
)
from trimaran_runtime.errors import AlreadyExists, Corrupted, StoreError
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.storage.store import Store

FOLDER = "alerts/log"
_ATTEMPTS = 50
"""Lost races for a number before giving up; each one means that another process got further."""


@dataclass(kw_only=True)
class Draft:
    """The next record while it is decided; nothing is appended when no line was written."""

    when: datetime
    number: int
    open: dict[tuple[str, str], Alert]
    outbox: list[Message]
    lines: list[tuple[Kind, str]] = field(default_factory=list)

    def note(self, kind: Kind, line: str) -> None:
        """Add a line to the record."""
        self.lines.append((kind, line))

    def announce(self, kind: Kind, alert: Alert, sentence: str) -> None:
        """Add a line, and a message of it."""
        self.note(kind, f"{alert.key}: {alert.rule}: {sentence}")
        message = Message(
            id=f"{self.number}.{len(self.lines)}",
            kind=kind,
            alert=alert,
            sentence=sentence,
            when=self.when,
            due=self.when,
        )
        self.outbox.append(message)


class AlertBook:
    """Alerts of everything that keeps its state in one store.

    Args:
        store: the artifact store.
        repeat_hours: an alert that stays open is announced again after so long, hours.
    """

    def __init__(self, store: Store, *, repeat_hours: float = 24.0) -> None:
        self._store = store
        self._repeat = timedelta(hours=repeat_hours)

    def latest(self) -> Record | None:
        """The newest record; None: nothing was ever recorded. Raises Corrupted."""
        key = None
        for entry in self._store.list(FOLDER):
            key = entry.key
        return None if key is None else self._read(key)

    def history(self) -> list[Record]:
        """Every record that is kept, oldest first; raises Corrupted."""
        return [self._read(entry.key) for entry in self._store.list(FOLDER)]

    def open_alerts(self) -> tuple[Alert, ...]:
        """Alerts that are open, oldest first."""
        latest = self.latest()
        return latest.open if latest else ()

    def raise_(self, decision: Raise, now: datetime) -> None:
        """Something is wrong: announces it, or groups it with the open alert."""
        self.record([decision], now)

    def resolve(self, decision: Resolve, now: datetime) -> None:
        """It is in order again: says so once, if an alert is open."""
        self.record([decision], now)

    def record(self, decisions: Iterable[Decision], now: datetime) -> None:
        """Enter decisions, in order; nothing is written when nothing is new.

        Args:
            decisions: what the rules decided.
            now: UTC.

        Raises:
            Corrupted: the newest record cannot be read.
            StoreError: the store cannot be written.
        """
        decided = list(decisions)

        def enter(draft: Draft) -> None:
            for decision in decided:
                if isinstance(decision, Raise):
                    self._enter_raise(draft, decision)
                else:
                    _enter_resolve(draft, decision)

        self.append(enter, now)

    def append(self, change: Callable[[Draft], None], now: datetime) -> Record | None:
        """Append what `change` makes of the newest state; None: it noted nothing.

        `change` is called again on the newer state when another process appended first.
        """
        for _ in range(_ATTEMPTS):
            latest = self.latest()
            draft = Draft(
                when=now,
                number=latest.number + 1 if latest else 1,
                open={(a.rule, a.key): a for a in latest.open} if latest else {},
                outbox=list(latest.outbox) if latest else [],
            )
            change(draft)
            if not draft.lines:
                return None
            record = Record(
                number=draft.number,
                when=now,
                what=tuple(line for _, line in draft.lines),
                kinds=tuple(kind for kind, _ in draft.lines),
                open=tuple(draft.open.values()),
                outbox=tuple(draft.outbox),
            )
            content = canonical_json(record.model_dump(mode="json"))
            try:
                self._store.create(f"{FOLDER}/{record.number:09d}.json", content)
            except AlreadyExists:
                continue
            return record
        raise StoreError(
            f"the alert book was busy {_ATTEMPTS} times in a row",
            where="alerts",
            next_step="try again",
        )

    def _enter_raise(self, draft: Draft, decision: Raise) -> None:
        place = (decision.rule, decision.key)
        told = decision.model_dump()
        before = draft.open.get(place)
        if before is None:
            alert = Alert(**told, since=draft.when, last=draft.when, announced=draft.when, count=1)
            draft.open[place] = alert
            draft.announce(Kind.raised, alert, decision.sentence)
            return
        is_new = decision.occurrence != before.occurrence
        is_due = draft.when - before.announced >= self._repeat
        if not is_new and not is_due:
            return
        alert = Alert(
            **told,
            since=before.since,
            last=draft.when if is_new else before.last,
            announced=draft.when if is_due else before.announced,
            count=before.count + is_new,
        )
        draft.open[place] = alert
        if is_due:
            draft.announce(Kind.reminded, alert, decision.sentence)
        else:
            draft.note(Kind.repeated, f"{alert.key}: {alert.rule}: {decision.sentence}")

    def _read(self, key: str) -> Record:
        try:
            return Record.model_validate_json(self._store.read(key))
        except ValidationError as exc:
            raise Corrupted(
                f"record {key!r} in {self._store.uri} cannot be read",
                where="alerts",
                next_step="restore the object, or delete it to fall back to the record before",
            ) from exc


def open_alerts(store: Store) -> tuple[Alert, ...]:
    """Alerts that are open in a store, oldest first; raises Corrupted."""
    return AlertBook(store).open_alerts()


def _enter_resolve(draft: Draft, decision: Resolve) -> None:
    alert = draft.open.pop((decision.rule, decision.key), None)
    if alert is not None:
        draft.announce(Kind.resolved, alert, decision.sentence)
