"""What a check found, as a screen, an alarm and a report read it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trimaran_runtime.drift.config import FacetName
from trimaran_runtime.drift.detector import Watch
from trimaran_runtime.drift.root_cause import Cause
from trimaran_runtime.drift.verdict import Severity, Verdict
from trimaran_runtime.monitoring.action import Action, ActionKind
from trimaran_runtime.monitoring.labelled import Labelled
from trimaran_runtime.monitoring.lock_rules import RuleVerdict
from trimaran_runtime.monitoring.subject import Subject
from trimaran_runtime.monitoring.watching import ANSWER

if TYPE_CHECKING:
    from trimaran_runtime.monitoring.harm import Estimate

_UNSEEN = {
    FacetName.missing,
    FacetName.infinite,
    FacetName.out_of_range,
    FacetName.tail,
    FacetName.new_category,
}
NOTHING = "nothing_to_judge"
"""Severity of a check that had no release, or no traffic, to judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a check found.

    Attributes:
        model: name of the model.
        endpoint: name of the endpoint.
        since, until: the window, UTC.
        subject: what was judged; None: there was no release.
        features: verdict on the features; None: there was nothing to judge.
        predictions: verdict on the predictions; None: likewise.
        watch: what the checks so far show together; None: likewise.
        estimate: performance as far as scores tell it; None: they do not.
        rules: rules of the release's lock that the rows break, those that alert first.
        labelled: performance with labels; None: the spec names none, or there is no release.
        causes: features that drifted, by what they mean to the model, most first.
        action: what it leads to.
        sentence: the outcome in one sentence.
    """

    model: str
    endpoint: str
    since: datetime
    until: datetime
    subject: Subject | None
    features: Verdict | None
    predictions: Verdict | None
    action: Action
    sentence: str
    watch: Watch | None = None
    estimate: "Estimate | None" = None
    rules: tuple[RuleVerdict, ...] = ()
    labelled: Labelled | None = None
    causes: tuple[Cause, ...] = ()

    @property
    def release(self) -> str | None:
        """Full id of the judged release; None: there was none."""
        return self.subject.release.id if self.subject else None

    @property
    def severity(self) -> Severity | None:
        """The worst of all that was found; None: nothing to judge.

        Both verdicts, the checks together, the lock's rules, and performance with labels.
        """
        judged = (self.features, self.predictions, self.watch)
        found = [v.severity for v in judged if v is not None]
        if self.fallen or any(rule.alert for rule in self.rules):
            found.append(Severity.alert)
        return max(found, key=lambda severity: severity.rank, default=None)

    @property
    def drifted(self) -> tuple[str, ...]:
        """Columns that drifted, features first; then those that many checks together show."""
        verdicts = [v for v in (self.features, self.predictions) if v is not None]
        found = [name for verdict in verdicts for name in verdict.drifted]
        alarms = self.watch.alarms if self.watch else ()
        slowly = [a.quantity.rpartition(":")[0].removeprefix(ANSWER) for a in alarms]
        broken = [rule.breach.column for rule in self.rules if rule.alert]
        return tuple(dict.fromkeys([*found, *broken, *slowly]))

    @property
    def fallen(self) -> bool:
        """Whether labels show that the model is surely worse."""
        return self.labelled is not None and self.labelled.harm is True

    @property
    def harm(self) -> bool | None:
        """Whether the model is worse: by labels where they tell, else by the scores.

        None: neither tells; scores tell nothing of rows such as the model never saw.
        """
        if self.labelled is not None and self.labelled.harm is not None:
            return self.labelled.harm
        return None if self.estimate is None or self._unlike_any_seen else self.estimate.harm

    @property
    def _unlike_any_seen(self) -> bool:
        """Whether the rows are such as the model never saw: scores tell nothing of them."""
        verdicts = [v for v in (self.features, self.predictions) if v is not None]
        if any(f.severity is Severity.alert for v in verdicts for f in v.findings):
            return True
        if any(rule.alert for rule in self.rules):
            return True
        columns = self.features.columns if self.features else ()
        return any(
            facet.name in _UNSEEN and facet.severity is Severity.alert
            for column in columns
            for facet in column.facets
        )

    def summary(self) -> dict[str, Any]:
        """What a status screen shows, as JSON values."""
        traffic = self.subject.traffic if self.subject else None
        return {
            "severity": self.severity or NOTHING,
            "sentence": self.sentence,
            "drifted": list(self.drifted),
            "columns": len(self.features.columns) if self.features else 0,
            "rows": traffic.counts.rows if traffic else 0,
            "requests": traffic.counts.requests if traffic else 0,
            "newest": traffic.newest if traffic else None,
            "release": self.release,
            "model": self.model,
            "endpoint": self.endpoint,
            "since": self.since,
            "until": self.until,
            "action": {"kind": self.action.kind, "why": self.action.why},
        }

    def document(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        traffic = self.subject.traffic if self.subject else None
        return {
            "schema_version": 1,
            **self.summary(),
            "features": self.features.document() if self.features else None,
            "predictions": self.predictions.document() if self.predictions else None,
            "watch": asdict(self.watch) if self.watch else None,
            "estimate": asdict(self.estimate) if self.estimate else None,
            "rules": [rule.document() for rule in self.rules],
            "lock_fault": self.subject.lock_fault if self.subject else "",
            "labelled": self.labelled.document() if self.labelled else None,
            "causes": [asdict(cause) for cause in self.causes],
            "counts": asdict(traffic.counts) if traffic else None,
            "unrecorded": list(traffic.unrecorded) if traffic else [],
            "unread": dict(traffic.unread) if traffic else {},
            "unreadable": dict(traffic.unreadable) if traffic else {},
            "traffic": [asdict(period) for period in traffic.periods] if traffic else [],
        }


def action_of(document: Mapping[str, Any]) -> Action:
    """The action in a stored summary."""
    action = document["action"]
    return Action(kind=ActionKind(action["kind"]), why=action["why"])
