"""Alerts: what is wrong, what was decided about it, and what the book records."""

from datetime import datetime
from enum import StrEnum

from trimaran_runtime.section import Section


class Rule(StrEnum):
    """Which rule an alert comes from; the names are those of `AlertRules`."""

    pipeline_failed = "pipeline_failed"
    gate_refused = "gate_refused"
    drift = "drift"
    endpoint_down = "endpoint_down"
    error_rate = "error_rate"
    latency = "latency"
    no_data = "no_data"


class Level(StrEnum):
    """How urgent an alert is."""

    warning = "warning"
    """Somebody should look at it soon."""
    critical = "critical"
    """Users are served badly, or not at all."""


class Raise(Section):
    """Decision: something is wrong."""

    rule: Rule
    key: str
    """What it is about; alerts of one rule with the same key are one alert, e.g. `flights`."""
    level: Level
    sentence: str
    """What is wrong, in one sentence with the numbers."""
    details: str = ""
    """More lines; empty: none."""
    link: str = ""
    """Where to look; empty: nowhere in particular."""
    occurrence: str = ""
    """Identifies one occurrence (a run id, the time of a check): the same one counts once."""


class Resolve(Section):
    """Decision: it is in order; nothing happens unless an alert is open."""

    rule: Rule
    key: str
    sentence: str
    """What is in order again."""


Decision = Raise | Resolve


class Alert(Section):
    """An alert that is open."""

    rule: Rule
    key: str
    level: Level
    sentence: str
    details: str
    link: str
    occurrence: str
    since: datetime
    """First raised, UTC."""
    last: datetime
    """Last raised with a new occurrence, UTC."""
    announced: datetime
    """When the last message about it was put out, UTC."""
    count: int
    """Occurrences so far."""


class Kind(StrEnum):
    """What a message, or a record of the book, says."""

    raised = "raised"
    """Something new is wrong."""
    repeated = "repeated"
    """It occurred again; grouped with the open alert."""
    reminded = "reminded"
    """It is still open after `repeat_hours`."""
    resolved = "resolved"
    """It is in order again."""
    sending = "sending"
    """A process took messages to deliver them."""
    delivered = "delivered"
    """Messages were delivered, or why they were not."""


class Message(Section):
    """A message that is not yet delivered everywhere."""

    id: str
    """Number of the record that put it out, and its place in it."""
    kind: Kind
    alert: Alert
    sentence: str
    """What to say."""
    when: datetime
    """Put out, UTC."""
    done: tuple[str, ...] = ()
    """Names of the destinations that are finished with."""
    attempts: int = 0
    """Deliveries tried."""
    due: datetime
    """Not tried before, UTC: later after a failure, or while another process tries."""

    @property
    def title(self) -> str:
        """One line."""
        word = {Kind.resolved: "resolved", Kind.reminded: "still open"}.get(
            self.kind, str(self.alert.level)
        )
        return f"[{word}] {self.alert.key}: {str(self.alert.rule).replace('_', ' ')}"

    @property
    def text(self) -> str:
        """The sentence, what is known besides, and where to look."""
        lines = [self.sentence]
        if self.kind is not Kind.resolved and self.alert.details:
            lines.append(self.alert.details)
        lines.append(f"Since {self.alert.since:%Y-%m-%d %H:%M} UTC, {self.alert.count} times.")
        if self.alert.link:
            lines.append(self.alert.link)
        return "\n".join(lines)


class Record(Section):
    """One record of the book, and the whole state after it: the newest one says it all."""

    number: int
    """1 for the first."""
    when: datetime
    """UTC."""
    what: tuple[str, ...]
    """What happened, a line each."""
    kinds: tuple[Kind, ...]
    """Kind of each line."""
    open: tuple[Alert, ...]
    """Open alerts, oldest first."""
    outbox: tuple[Message, ...]
    """Messages not yet delivered everywhere, oldest first."""
