"""Step `monitor`: judges captured traffic, and writes a verdict and a report."""

from datetime import UTC, datetime

from trimaran_runtime.errors import ConfigError
from trimaran_runtime.monitoring.action import ActionKind, Retraining
from trimaran_runtime.monitoring.archive import (
    REPORT,
    VERDICT,
    keep,
    last_retraining,
    record_retraining,
)
from trimaran_runtime.monitoring.check import check
from trimaran_runtime.monitoring.check_config import CheckConfig
from trimaran_runtime.monitoring.metrics import metrics_of
from trimaran_runtime.monitoring.outcome import NOTHING, Outcome
from trimaran_runtime.monitoring.recorder import Recorder
from trimaran_runtime.monitoring.report import render
from trimaran_runtime.platform.metric_sink import MetricSink
from trimaran_runtime.registry.channels import Channel, current
from trimaran_runtime.registry.release import SHORT
from trimaran_runtime.steps.step import Context, Step
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.storage.store import Store

_MARKS = {"ok": "✓", "warn": "!", "alert": "✗"}


def run(context: Context) -> None:
    """Write `verdict.json` and `report.html` to the output and to the store.

    Its `config` is a `CheckConfig`. Parameters: `store`; `endpoint`, the name of the endpoint;
    `release`, the full id of the release to judge (default: the one in production); `data`, the
    fingerprint of the newest data any run has seen (default: not known); `now`, ISO 8601 (default:
    the clock); `capture`, `recorder`, `fraction` and `deployed`, who records the traffic and where
    (`Recorder.parse`; default: our server, in the store); `metrics`, the CloudWatch namespace that
    gets what alarms look at (default: none does).

    Drift is a finding, not a failure: the step succeeds. With `metrics` nobody reads the action
    it leads to but an alarm, so the step itself remembers that a retraining was asked for.
    """
    store = context.store
    config = CheckConfig.parse(context.inputs["config"].read_bytes())
    endpoint = context.parameters.get("endpoint")
    if not endpoint:
        raise ConfigError("this step needs --param endpoint=<name of the endpoint>")
    now = _now(context.parameters.get("now"))
    # Empty: there was no release when the schedule was made.
    release = context.parameters.get("release") or None
    if release is None:
        pointer = current(store, Channel.production)
        release = pointer.release if pointer else None
    data = context.parameters.get("data", "")
    outcome = check(
        store,
        config.monitor,
        model=config.model,
        endpoint=endpoint,
        release=release,
        last=last_retraining(store),
        data=data,
        now=now,
        recorder=Recorder.parse(context.parameters),
    )
    report = render(outcome).encode()
    folder = context.outputs["report"]
    (folder / VERDICT).write_bytes(canonical_json(outcome.document()))
    (folder / REPORT).write_bytes(report)
    keep(store, outcome, report, now)
    if namespace := context.parameters.get("metrics"):
        MetricSink(namespace).put(metrics_of(outcome), now)
        _remember_retraining(store, outcome, data, now)
    context.progress(_line(outcome))


def _remember_retraining(store: Store, outcome: Outcome, data: str, now: datetime) -> None:
    """Start the cool-down, once the wish is out: a wish that was not told is told next time."""
    if outcome.action.kind is ActionKind.retrain and outcome.release is not None:
        record_retraining(
            store,
            Retraining(when=now, release=outcome.release, drifted=outcome.drifted, data=data),
        )


def _now(given: str | None) -> datetime:
    if given is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ConfigError(
            f"--param now={given!r} is no time", allowed="ISO 8601 with an offset from UTC"
        )
    return moment.astimezone(UTC)


def _line(outcome: Outcome) -> str:
    severity = outcome.severity or NOTHING
    of = f" release {outcome.release[:SHORT]}" if outcome.release else ""
    return f"monitor {_MARKS.get(severity, '-')}{of}: {outcome.sentence}"


STEP = Step(name="monitor", inputs=("config",), outputs=("report",), run=run)
