"""One check: the traffic of a window against what the release was made on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from trimaran_runtime.drift.comparison import compare
from trimaran_runtime.drift.config import DriftConfig, FacetName
from trimaran_runtime.drift.detector import Watch
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.root_cause import Cause, causes
from trimaran_runtime.drift.seasons import Season
from trimaran_runtime.drift.verdict import Fault, Finding, Severity, Verdict
from trimaran_runtime.monitoring.action import Action, ActionKind, Retraining, decide
from trimaran_runtime.monitoring.config import MonitorConfig
from trimaran_runtime.monitoring.labelled import Labelled, labelled
from trimaran_runtime.monitoring.lock_rules import RuleVerdict, judge_rules
from trimaran_runtime.monitoring.recorder import Recorder
from trimaran_runtime.monitoring.subject import Subject, read_subject
from trimaran_runtime.monitoring.watching import ANSWER, watch
from trimaran_runtime.registry.release import SHORT
from trimaran_runtime.storage.store import Store

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
            "labelled": self.labelled.document() if self.labelled else None,
            "causes": [asdict(cause) for cause in self.causes],
            "counts": asdict(traffic.counts) if traffic else None,
            "unrecorded": list(traffic.unrecorded) if traffic else [],
            "unread": dict(traffic.unread) if traffic else {},
            "unreadable": dict(traffic.unreadable) if traffic else {},
            "traffic": [asdict(period) for period in traffic.periods] if traffic else [],
        }


def check(
    store: Store,
    config: MonitorConfig,
    *,
    model: str,
    endpoint: str,
    release: str | None,
    last: Retraining | None,
    data: str,
    now: datetime,
    recorder: Recorder | None = None,
) -> Outcome:
    """Judge the captured traffic of a release.

    Args:
        store: the artifact store.
        config: window, tolerances, what drift does.
        model: name of the model.
        endpoint: name of the endpoint, which is the folder of its traffic.
        release: full id of the release to judge; None: there is none yet.
        last: the last retraining by drift; None: none.
        data: fingerprint of the newest data that any run has seen; empty: not known.
        now: end of the window, UTC.
        recorder: who records the traffic, and where; None: our server does, into the store.

    Raises:
        NotFound, Corrupted: the release or one of its profiles cannot be read.
    """
    since = now - timedelta(hours=config.window_hours)
    recorder = recorder or Recorder()
    subject = (
        None if release is None else read_subject(store, endpoint, release, since, now, recorder)
    )
    features = predictions = seen = performance = None
    if subject is not None and subject.traffic.counts.rows:
        # Both verdicts together are one check, and share its risk.
        shared = config.drift.model_copy(update={"alpha": config.drift.alpha / 2})
        features = _features(subject, shared, since, now)
        predictions = _judged(subject, subject.predictions, subject.traffic.predictions, shared)
        seen = watch(store, endpoint, subject, since=since, until=now, config=config.drift)
        performance = _estimate(subject, features, config.drift)
    known = None
    if subject is not None and config.labels is not None:
        known = labelled(
            store,
            endpoint,
            subject.release,
            recorder,
            config.labels,
            since=since,
            until=now,
        )
    outcome = Outcome(
        model=model,
        endpoint=endpoint,
        since=since,
        until=now,
        subject=subject,
        features=features,
        predictions=predictions,
        action=Action(kind=ActionKind.log, why="there is nothing to judge"),
        sentence=_sentence(subject, features, predictions, config),
        watch=seen,
        estimate=performance,
        rules=(
            judge_rules(subject.lock, subject.traffic.features, config.drift)
            if subject and subject.lock
            else ()
        ),
        labelled=known,
        causes=causes(features, subject.importances) if features and subject else (),
    )
    if outcome.severity is None or release is None:
        return replace(outcome, sentence=_completed(outcome))
    action = decide(
        outcome.severity,
        outcome.drifted,
        config,
        release=release,
        last=last,
        data=data,
        now=now,
        harm=outcome.harm,
    )
    return replace(outcome, action=action, sentence=_completed(outcome))


def _estimate(subject: Subject, features: Verdict, config: DriftConfig) -> "Estimate | None":
    reference, current = subject.predictions.scores, subject.traffic.predictions.scores
    if reference is None or current is None:
        return None
    from trimaran_runtime.drift.score_table import ScoreTable
    from trimaran_runtime.monitoring.harm import estimate
    from trimaran_runtime.monitoring.weighting import weighted_rates

    assert isinstance(reference, ScoreTable)
    assert isinstance(current, ScoreTable)
    weighted = weighted_rates(subject, features.classifier, reference, config.ignore)
    return estimate(subject.release, reference, current, weighted)


def _completed(outcome: Outcome) -> str:
    """The sentence, with what many checks together show, and with harm."""
    parts = [outcome.sentence]
    if outcome.watch and outcome.watch.alarms:
        told = outcome.watch.alarms[0].sentence
        parts.append(f"{told[0].upper()}{told[1:]}.")
    parts += [f"{rule.sentence}." for rule in outcome.rules[:1] if rule.alert]
    if outcome.labelled and (outcome.labelled.fault or outcome.fallen):
        parts.append(f"With labels, {outcome.labelled.sentence}.")
    elif outcome.estimate and outcome.harm:
        parts.append(f"Without labels, {outcome.estimate.sentence}.")
    return " ".join(parts)


def _features(subject: Subject, config: DriftConfig, since: datetime, until: datetime) -> Verdict:
    recorded = set(subject.reference.columns) - set(subject.traffic.unrecorded)
    seasons = subject.seasons
    return _judged(
        subject,
        subject.reference.only(recorded),
        subject.traffic.features,
        config,
        seasons.choose(since, until, config.min_rows) if seasons else "",
    )


def _judged(
    subject: Subject,
    reference: Profile,
    current: Profile,
    config: DriftConfig,
    season: Season | str = "",
) -> Verdict:
    """The verdict on the columns that can be read; the others are findings."""
    unreadable = subject.traffic.unreadable
    readable = reference.only(set(reference.columns) - set(unreadable))
    verdict = compare(readable, current, config, subject.history, season)
    broken = tuple(
        Finding(
            column=name,
            fault=Fault.retyped,
            severity=Severity.alert,
            sentence=f"{name} cannot be read: {why}",
        )
        for name, why in sorted(unreadable.items())
        if name in reference.columns and name not in config.ignore
    )
    if not broken:
        return verdict
    return replace(
        verdict,
        severity=Severity.alert,
        findings=(*broken, *verdict.findings),
        sentence=f"{'; '.join(finding.sentence for finding in broken[:3])}. {verdict.sentence}",
    )


def _sentence(
    subject: Subject | None,
    features: Verdict | None,
    predictions: Verdict | None,
    config: MonitorConfig,
) -> str:
    if subject is None:
        return "Nothing to judge: no release is in production."
    if features is None or predictions is None:
        short = subject.release.id[:SHORT]
        return (
            f"Nothing to judge: no request to release {short} was recorded in the last "
            f"{config.window_hours:g} hours."
        )
    if not predictions.severity.drifted:
        return features.sentence
    told = predictions.sentence
    return f"{features.sentence} The model's answers: {told[0].lower()}{told[1:]}"


def action_of(document: Mapping[str, Any]) -> Action:
    """The action in a stored summary."""
    action = document["action"]
    return Action(kind=ActionKind(action["kind"]), why=action["why"])
