"""One check: the traffic of a window against what the release was made on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from trimaran_runtime.drift.comparison import compare
from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.drift.history import ROLE as HISTORY
from trimaran_runtime.drift.history import History
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.seasons import ROLE as SEASONS
from trimaran_runtime.drift.seasons import Seasons
from trimaran_runtime.drift.verdict import Severity, Verdict
from trimaran_runtime.errors import Corrupted
from trimaran_runtime.monitoring.action import Action, ActionKind, Retraining, decide
from trimaran_runtime.monitoring.capture import Capture, Requests
from trimaran_runtime.monitoring.config import MonitorConfig
from trimaran_runtime.monitoring.traffic import Traffic, read_traffic
from trimaran_runtime.registry.release import SHORT, Release, read_release
from trimaran_runtime.storage.store import Store

REFERENCE_PROFILE = "reference_profile"
"""Role of the release's file with the profile of its feature rows."""
PREDICTION_PROFILE = "prediction_profile"
"""Role of the release's file with the profile of its predictions on the test rows."""
NOTHING = "nothing_to_judge"
"""Severity of a check that had no release, or no traffic, to judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a check judges: a release by its traffic.

    Attributes:
        release: the manifest.
        reference: profile of the rows it was made on.
        predictions: profile of its predictions on the test rows.
        traffic: what it was asked and answered in the window.
        history: how the reference differs from itself over time; None: it has no time.
        seasons: the reference by season; None: it has no time.
    """

    release: Release
    reference: Profile
    predictions: Profile
    traffic: Traffic
    history: History | None = None
    seasons: Seasons | None = None


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

    @property
    def release(self) -> str | None:
        """Full id of the judged release; None: there was none."""
        return self.subject.release.id if self.subject else None

    @property
    def severity(self) -> Severity | None:
        """The worst of both verdicts; None: there was nothing to judge."""
        found = [v.severity for v in (self.features, self.predictions) if v is not None]
        return max(found, key=lambda severity: severity.rank, default=None)

    @property
    def drifted(self) -> tuple[str, ...]:
        """Columns that drifted, features first."""
        verdicts = [v for v in (self.features, self.predictions) if v is not None]
        return tuple(name for verdict in verdicts for name in verdict.drifted)

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
            "counts": asdict(traffic.counts) if traffic else None,
            "unrecorded": list(traffic.unrecorded) if traffic else [],
            "unread": dict(traffic.unread) if traffic else {},
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
    capture: str | None = None,
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
        capture: destination of SageMaker's data capture, where that records the traffic; None:
            our server does, into the store.

    Raises:
        NotFound, Corrupted: the release or one of its profiles cannot be read.
    """
    since = now - timedelta(hours=config.window_hours)
    subject = None if release is None else _subject(store, endpoint, release, since, now, capture)
    features = predictions = None
    if subject is not None and subject.traffic.counts.rows:
        # Both verdicts together are one check, and share its risk.
        shared = config.drift.model_copy(update={"alpha": config.drift.alpha / 2})
        features = _features(subject, shared, since, now)
        predictions = compare(subject.predictions, subject.traffic.predictions, shared)
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
    )
    if outcome.severity is None or release is None:
        return outcome
    action = decide(
        outcome.severity,
        outcome.drifted,
        config,
        release=release,
        last=last,
        data=data,
        now=now,
    )
    return _with_action(outcome, action)


def _with_action(outcome: Outcome, action: Action) -> Outcome:
    from dataclasses import replace

    return replace(outcome, action=action)


def _subject(
    store: Store,
    endpoint: str,
    release_id: str,
    since: datetime,
    until: datetime,
    capture: str | None,
) -> Subject:
    release = read_release(store, release_id)
    reference = _profile(store, release, REFERENCE_PROFILE)
    predictions = _profile(store, release, PREDICTION_PROFILE)
    recorded = _requests(store, endpoint, release, since, until, capture)
    traffic = read_traffic(
        recorded, reference=reference, predictions=predictions, since=since, until=until
    )
    history, seasons = release.files.get(HISTORY), release.files.get(SEASONS)
    return Subject(
        release=release,
        reference=reference,
        predictions=predictions,
        traffic=traffic,
        history=History.parse(store.read_blob(history.digest)) if history else None,
        seasons=Seasons.from_bytes(store.read_blob(seasons.digest)) if seasons else None,
    )


def _requests(
    store: Store,
    endpoint: str,
    release: Release,
    since: datetime,
    until: datetime,
    capture: str | None,
) -> Requests:
    if capture is None:
        return Capture(store, endpoint, release=release.id, since=since, until=until)
    from trimaran_runtime.monitoring.sagemaker_capture import SageMakerCapture

    return SageMakerCapture(capture, endpoint, release=release, since=since, until=until)


def _profile(store: Store, release: Release, role: str) -> Profile:
    file = release.files.get(role)
    if file is None:
        raise Corrupted(
            f"release {release.id[:SHORT]} has no {role}",
            where="monitor",
            next_step="run the pipeline again",
        )
    return Profile.from_bytes(store.read_blob(file.digest))


def _features(subject: Subject, config: DriftConfig, since: datetime, until: datetime) -> Verdict:
    recorded = set(subject.reference.columns) - set(subject.traffic.unrecorded)
    seasons = subject.seasons
    return compare(
        subject.reference.only(recorded),
        subject.traffic.features,
        config,
        subject.history,
        seasons.choose(since, until, config.min_rows) if seasons else "",
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
