"""The alert rules: observations in, decisions out, nothing else."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from trimaran_runtime.alerting.config import AlertRules
from trimaran_runtime.alerting.event import Decision, Level, Raise, Resolve, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointObservation:
    """How an endpoint stands.

    Attributes:
        endpoint: its name.
        expected: whether it should answer: False before the first release, and after a stop.
        alive: whether it answers its health check.
        error: why not, when it is known.
        requests: requests in the rules' window.
        errors: of these, answered 5xx.
        p99_ms: 99th percentile of latency in the window, ms; None: unknown.
        last_request_at: newest request, UTC; None: none since `serving_since`.
        serving_since: since when it could be asked, UTC; None: unknown, no data is not judged.
        link: where to look.
    """

    endpoint: str
    expected: bool = True
    alive: bool
    error: str = ""
    requests: int = 0
    errors: int = 0
    p99_ms: float | None = None
    last_request_at: datetime | None = None
    serving_since: datetime | None = None
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunObservation:
    """How a pipeline run ended.

    Attributes:
        model: name of the model.
        run: id of the run.
        status: `invalid`: its data were refused; `refused`: the gate refused the model.
        message: one sentence on why it did not succeed.
        release: id of the release it made; empty: none.
        link: where to look.
    """

    model: str
    run: str
    status: Literal["succeeded", "failed", "invalid", "refused"]
    message: str = ""
    release: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftObservation:
    """What the monitor found.

    Attributes:
        model: name of the model.
        verdict: `drift`: severe, and the configuration wants an alert; `none`: surely none;
            `unclear`: too little to say either.
        sentence: the verdict in words.
        evidence: identifies the judged rows; the same evidence counts once.
        link: the report.
    """

    model: str
    verdict: Literal["drift", "none", "unclear"]
    sentence: str
    evidence: str
    link: str = ""


Observation = EndpointObservation | RunObservation | DriftObservation


def evaluate(rules: AlertRules, observation: Observation, now: datetime) -> tuple[Decision, ...]:
    """Decisions on one observation.

    A rule that is switched off resolves what it had raised. Where there is no evidence either
    way (too few requests, a check that could not tell) nothing is decided.

    Args:
        rules: what is worth a message.
        observation: what was seen.
        now: UTC.
    """
    match observation:
        case EndpointObservation():
            return _endpoint(rules, observation, now)
        case RunObservation():
            return _run(rules, observation)
        case DriftObservation():
            return _drift(rules, observation)


def _endpoint(rules: AlertRules, seen: EndpointObservation, now: datetime) -> tuple[Decision, ...]:
    decided = [_down(rules, seen), _errors(rules, seen), _latency(rules, seen)]
    decided.append(_no_data(rules, seen, now))
    return tuple(decision for decision in decided if decision is not None)


def _down(rules: AlertRules, seen: EndpointObservation) -> Decision | None:
    rule = Rule.endpoint_down
    if not rules.endpoint_down:
        return _off(rule, seen.endpoint)
    if not seen.expected:
        sentence = f"endpoint {seen.endpoint} has nothing to serve"
        return Resolve(rule=rule, key=seen.endpoint, sentence=sentence)
    if seen.alive:
        return Resolve(rule=rule, key=seen.endpoint, sentence=f"endpoint {seen.endpoint} answers")
    why = f": {seen.error}" if seen.error else ""
    sentence = f"endpoint {seen.endpoint} does not answer{why}"
    return _raise(rule, seen, Level.critical, sentence)


def _errors(rules: AlertRules, seen: EndpointObservation) -> Decision | None:
    rule = Rule.error_rate
    if rules.error_rate is None:
        return _off(rule, seen.endpoint)
    share = seen.errors / seen.requests if seen.requests else 0.0
    counted = f"{seen.errors} of {seen.requests} requests"
    window = f"in {rules.window_minutes:g} minutes"
    if seen.requests >= rules.min_requests and share > rules.error_rate:
        sentence = f"{counted} failed ({share:.1%}) {window}, tolerated {rules.error_rate:.1%}"
        return _raise(rule, seen, Level.critical, sentence)
    if seen.requests >= rules.min_requests or (seen.requests and not seen.errors):
        sentence = f"{counted} failed ({share:.1%}) {window}"
        return Resolve(rule=rule, key=seen.endpoint, sentence=sentence)
    return None


def _latency(rules: AlertRules, seen: EndpointObservation) -> Decision | None:
    rule, limit = Rule.latency, rules.latency_p99_ms
    if limit is None:
        return _off(rule, seen.endpoint)
    if seen.p99_ms is None or seen.requests < rules.min_requests:
        return None
    measured = f"99 % of {seen.requests} requests took at most {seen.p99_ms:.4g} ms"
    if seen.p99_ms > limit:
        return _raise(rule, seen, Level.warning, f"{measured}, tolerated {limit:g} ms")
    return Resolve(rule=rule, key=seen.endpoint, sentence=measured)


def _no_data(rules: AlertRules, seen: EndpointObservation, now: datetime) -> Decision | None:
    rule, hours = Rule.no_data, rules.no_data_hours
    if hours is None:
        return _off(rule, seen.endpoint)
    known = [moment for moment in (seen.last_request_at, seen.serving_since) if moment]
    if not known or not seen.expected:
        return None
    quiet = now - max(known)
    if quiet > timedelta(hours=hours):
        waited = f"no request for {quiet / timedelta(hours=1):.1f} hours"
        return _raise(rule, seen, Level.warning, f"{waited}, tolerated {hours:g}")
    if seen.last_request_at is None:
        return None
    return Resolve(rule=rule, key=seen.endpoint, sentence="requests arrive")


def _run(rules: AlertRules, seen: RunObservation) -> tuple[Decision, ...]:
    failed, refused = Rule.pipeline_failed, Rule.gate_refused
    decided: list[Decision] = []
    if not rules.pipeline_failed:
        decided.append(_off(failed, seen.model))
    elif seen.status in {"failed", "invalid"}:
        word = "failed" if seen.status == "failed" else "refused its data"
        decided.append(_bad_run(failed, seen, f"the pipeline {word}"))
    else:
        done = f"run {seen.run} came through"
        decided.append(Resolve(rule=failed, key=seen.model, sentence=done))
    if not rules.gate_refused:
        decided.append(_off(refused, seen.model))
    elif seen.status == "refused":
        decided.append(_bad_run(refused, seen, "the gate refused a model"))
    elif seen.status == "succeeded":
        accepted = f"the gate accepted release {seen.release[:12] or 'of run ' + seen.run}"
        decided.append(Resolve(rule=refused, key=seen.model, sentence=accepted))
    return tuple(decided)


def _bad_run(rule: Rule, seen: RunObservation, what: str) -> Raise:
    return Raise(
        rule=rule,
        key=seen.model,
        level=Level.warning,
        sentence=f"{what}: {seen.message}" if seen.message else what,
        details=f"Run {seen.run}; production is unchanged.",
        link=seen.link,
        occurrence=seen.run,
    )


def _drift(rules: AlertRules, seen: DriftObservation) -> tuple[Decision, ...]:
    if not rules.drift:
        return (_off(Rule.drift, seen.model),)
    if seen.verdict == "unclear":
        return ()
    if seen.verdict == "none":
        return (Resolve(rule=Rule.drift, key=seen.model, sentence=seen.sentence),)
    return (
        Raise(
            rule=Rule.drift,
            key=seen.model,
            level=Level.warning,
            sentence=seen.sentence,
            link=seen.link,
            occurrence=seen.evidence,
        ),
    )


def _raise(rule: Rule, seen: EndpointObservation, level: Level, sentence: str) -> Raise:
    return Raise(rule=rule, key=seen.endpoint, level=level, sentence=sentence, link=seen.link)


def _off(rule: Rule, key: str) -> Resolve:
    return Resolve(rule=rule, key=key, sentence="no longer watched")
