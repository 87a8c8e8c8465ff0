"""One check: the traffic of a window against what the release was made on."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from trimaran_runtime.drift.comparison import compare
from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.root_cause import causes
from trimaran_runtime.drift.seasons import Season
from trimaran_runtime.drift.verdict import Fault, Finding, Severity, Verdict
from trimaran_runtime.monitoring.action import Action, ActionKind, Retraining, decide
from trimaran_runtime.monitoring.config import MonitorConfig
from trimaran_runtime.monitoring.labelled import labelled
from trimaran_runtime.monitoring.lock_rules import judge_rules
from trimaran_runtime.monitoring.outcome import Outcome
from trimaran_runtime.monitoring.recorder import Recorder
from trimaran_runtime.monitoring.subject import Subject, read_subject
from trimaran_runtime.monitoring.watching import watch
from trimaran_runtime.registry.release import SHORT
from trimaran_runtime.storage.store import Store

if TYPE_CHECKING:
    from trimaran_runtime.monitoring.harm import Estimate


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
    if outcome.subject and (fault := outcome.subject.lock_fault):
        parts.append(f"{fault[0].upper()}{fault[1:]}.")
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
