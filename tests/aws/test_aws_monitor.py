"""The monitor: one step by the clock, alarms on what it finds, and a wish that starts training."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.aws.rendering import (
    ACCOUNT,
    IMAGE,
    PIPELINE,
    REGION,
    TOPIC,
    Recorder,
    context,
    rendered,
    upstream,
)
from tests.aws.request_shapes import findings, in_a_run
from trimaran_providers.aws import monitor
from trimaran_providers.contract.errors import SpecError
from trimaran_runtime.alerting.config import AlertRules
from trimaran_runtime.monitoring.check_config import CheckConfig
from trimaran_runtime.monitoring.config import MonitorConfig
from trimaran_runtime.steps.command import parse

MONITOR = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/toy-test-monitor"


def render(
    tmp_path: Path,
    *,
    rules: Mapping[str, Any] | None = None,
    somebody: bool = True,
    trained: bool = True,
    fraction: float = 1.0,
    **spec: Any,
) -> Recorder:
    def program(parent: pulumi.Resource) -> None:
        given = upstream(
            alerts=somebody,
            rules=AlertRules.model_validate(rules or {}),
            pipeline=trained,
            capture_fraction=fraction,
        )
        outputs = monitor.render(
            context(parent, tmp_path), MonitorConfig.model_validate(spec), given
        )
        pulumi.Output.all(outputs.id, outputs.report_url).apply(told.extend)

    told: list[str] = []
    found = rendered(program)
    assert told == [MONITOR, "s3://toy-store/monitor/latest.html"]
    return found


def test_the_check_is_a_pipeline_of_one_step(tmp_path: Path) -> None:
    made = render(tmp_path, fraction=0.25).of(":Pipeline", "toy-monitor")
    assert made["pipelineName"] == "toy-test-monitor"
    (step,) = json.loads(made["pipelineDefinition"])["Steps"]
    assert findings(step) == []
    job = step["Arguments"]
    assert job["AppSpecification"]["ImageUri"] == IMAGE
    assert job["RoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/toy-test-monitor"
    arguments = [in_a_run(a) for a in job["AppSpecification"]["ContainerArguments"]]
    assert parse(arguments).parameters == {
        "store": "s3://toy-store",
        "endpoint": "toy-test",
        "capture": "s3://toy-store/sagemaker-capture",
        "fraction": "0.25",
        "metrics": "Trimaran/toy-test",
    }


def config_of(found: Recorder) -> tuple[str, CheckConfig]:
    """Where the step looks for its configuration, and what is there."""
    made = found.of(":Pipeline", "toy-monitor")
    (step,) = json.loads(made["pipelineDefinition"])["Steps"]
    (config,) = step["Arguments"]["ProcessingInputs"]
    stored = found.of(":BucketObjectv2", "toy-monitor-config")
    uri: str = config["S3Input"]["S3Uri"]
    assert uri == f"s3://toy-store/{stored['key']}"
    return uri, CheckConfig.parse(stored["source"].text)


@pytest.mark.parametrize("trained", [True, False])
def test_it_reads_a_configuration_of_its_own(tmp_path: Path, trained: bool) -> None:
    uri, config = config_of(render(tmp_path, trained=trained, window_hours=6))
    assert uri.startswith("s3://toy-store/pipelines/toy-test-monitor/config-")
    assert (config.model, config.monitor.window_hours) == ("toy", 6)


def test_a_change_of_the_settings_reaches_the_next_check(tmp_path: Path) -> None:
    first, again, other = (
        config_of(render(tmp_path, window_hours=hours))[0] for hours in (6, 6, 12)
    )
    assert first == again != other


def test_its_role_writes_reports_and_metrics_and_changes_no_release(tmp_path: Path) -> None:
    allowed = render(tmp_path).statements("toy-monitor-policy")
    assert allowed["WriteStore"]["Resource"] == [
        "arn:aws:s3:::toy-store/monitor/*",
        "arn:aws:s3:::toy-store/runs/*",
    ]
    read = set(allowed["ReadStore"]["Resource"])
    assert {f"arn:aws:s3:::toy-store/{f}/*" for f in ("sagemaker-capture", "releases")} <= read
    assert allowed["RunJobs"]["Resource"] == ["arn:aws:sagemaker:*:*:processing-job/toy-test*"]
    assert "sagemaker:CreateTrainingJob" not in allowed["RunJobs"]["Action"]


def test_its_role_reads_the_labels_and_nothing_beside_them(tmp_path: Path) -> None:
    policy = render(tmp_path, labels={"source": "s3://truth/late/2026*.parquet"})
    allowed = policy.statements("toy-monitor-policy")
    before = render(tmp_path).statements("toy-monitor-policy")
    added = [statement for sid, statement in allowed.items() if sid not in before]
    resources = [
        r
        for s in added
        for r in ([s["Resource"]] if isinstance(s["Resource"], str) else s["Resource"])
    ]
    assert resources
    assert all("arn:aws:s3:::truth" in resource for resource in resources)
    assert any(resource.startswith("arn:aws:s3:::truth/late/2026") for resource in resources)
    assert not any("Put" in action for s in added for action in s["Action"])


@pytest.mark.parametrize(
    ("schedule", "expression"),
    [
        ("hourly", "cron(0 * * * ? *)"),
        ("weekly", "cron(0 0 ? * SUN *)"),
        ("*/30 8-17 * * *", "cron(0,30 8,9,10,11,12,13,14,15,16,17 * * ? *)"),
    ],
)
def test_the_clock_starts_it(tmp_path: Path, schedule: str, expression: str) -> None:
    found = render(tmp_path, schedule=schedule).of(":Schedule", "toy-monitor-schedule")
    assert found["scheduleExpression"] == expression
    assert found["scheduleExpressionTimezone"] == "UTC"
    assert found["target"]["arn"] == MONITOR


def test_a9_a_check_comes_by_any_cron_and_on_time(tmp_path: Path) -> None:
    """SageMaker's own monitoring schedules know whole hours alone, up to 20 minutes late."""
    found = render(tmp_path, schedule="7/12 * * * 1-5")
    assert found.names(":MonitoringSchedule") == []
    clock = found.of("scheduler/schedule:Schedule", "toy-monitor-schedule")
    assert clock["scheduleExpression"] == "cron(7/12 * ? * MON,TUE,WED,THU,FRI *)"
    assert clock["flexibleTimeWindow"] == {"mode": "OFF"}


def test_off_means_by_hand(tmp_path: Path) -> None:
    found = render(tmp_path, schedule="off")
    assert found.names(":Schedule") == []
    assert found.names(":Pipeline") == ["toy-monitor"]


def test_severe_drift_is_told_once_and_so_is_its_end(tmp_path: Path) -> None:
    alarm = render(tmp_path).of(":MetricAlarm", "toy-drift-alarm")
    assert alarm["namespace"] == "Trimaran/toy-test"
    assert (alarm["metricName"], alarm["statistic"]) == ("DriftSeverity", "Maximum")
    assert (alarm["comparisonOperator"], alarm["threshold"]) == ("GreaterThanOrEqualToThreshold", 2)
    assert alarm["alarmActions"] == alarm["okActions"] == [TOPIC]
    # Between two checks there is no datapoint, and the alarm stays as it is.
    assert alarm["treatMissingData"] == "ignore"


@pytest.mark.parametrize(
    ("given", "alarms"),
    [
        ({"on_drift": "alert"}, ["toy-drift-alarm"]),
        ({"on_drift": "log"}, []),
        ({"rules": {"drift": False}}, []),
        ({"somebody": False}, []),
        ({"somebody": False, "on_drift": "retrain"}, ["toy-retrain-alarm"]),
        ({"on_drift": "retrain"}, ["toy-drift-alarm", "toy-retrain-alarm"]),
        ({"rules": {"no_data_hours": 30}}, ["toy-drift-alarm", "toy-no-data-alarm"]),
    ],
)
def test_the_spec_says_which_alarms_there_are(
    tmp_path: Path, given: dict[str, Any], alarms: list[str]
) -> None:
    assert render(tmp_path, **given).names(":MetricAlarm") == alarms


def test_every_alarm_says_what_missing_data_mean(tmp_path: Path) -> None:
    found = render(tmp_path, on_drift="retrain", rules={"no_data_hours": 30})
    for name in found.names(":MetricAlarm"):
        assert found.of(":MetricAlarm", name)["treatMissingData"] in {"ignore", "notBreaching"}


def test_a_wish_to_retrain_starts_the_pipeline(tmp_path: Path) -> None:
    found = render(tmp_path, on_drift="retrain")
    alarm = found.of(":MetricAlarm", "toy-retrain-alarm")
    assert (alarm["metricName"], alarm["threshold"]) == ("RetrainWanted", 1)
    # Over before the next wish, which is a change of state again.
    assert (alarm["treatMissingData"], alarm["period"]) == ("notBreaching", 300)
    assert alarm.get("alarmActions", []) == []
    pattern = json.loads(found.of(":EventRule", "toy-retrain")["eventPattern"])
    assert pattern["detail-type"] == ["CloudWatch Alarm State Change"]
    assert pattern["detail"] == {"alarmName": [alarm["name"]], "state": {"value": ["ALARM"]}}
    target = found.of(":EventTarget", "toy-retrain-target")
    assert target["arn"] == PIPELINE
    (start,) = found.statements("toy-retrain-policy").values()
    assert start["Resource"] == [PIPELINE]


def test_silence_counts_from_when_the_window_is_empty(tmp_path: Path) -> None:
    def periods(hours: float, window: float) -> int:
        found = render(tmp_path, rules={"no_data_hours": hours}, window_hours=window)
        alarm = found.of(":MetricAlarm", "toy-no-data-alarm")
        assert (alarm["metricName"], alarm["period"]) == ("CapturedRows", 3600)
        assert (alarm["comparisonOperator"], alarm["threshold"]) == ("LessThanThreshold", 1)
        return int(alarm["evaluationPeriods"])

    assert periods(30, 24) == 6
    assert periods(6, 24) == 1


def test_a_check_that_fails_is_told_too(tmp_path: Path) -> None:
    found = render(tmp_path)
    assert found.names(":EventRule") == ["toy-monitor-failed", "toy-monitor-stopped"]
    pattern = json.loads(found.of(":EventRule", "toy-monitor-failed")["eventPattern"])
    assert pattern["detail"]["pipelineArn"] == [MONITOR]


def test_the_dashboard_shows_traffic_latency_errors_drift_and_cost(tmp_path: Path) -> None:
    board = render(tmp_path).of(":Dashboard", "toy-dashboard")
    assert board["dashboardName"] == "toy-test"
    widgets = json.loads(board["dashboardBody"])["widgets"]
    graphs = [w["properties"] for w in widgets if w["type"] == "metric"]
    assert {graph["region"] for graph in graphs} == {REGION}
    shown = {metric[1] for graph in graphs for metric in graph["metrics"]}
    assert {"Invocations", "ModelLatency", "Invocation5XXErrors", "DriftSeverity"} <= shown
    for metric in (m for graph in graphs for m in graph["metrics"] if m[0] == "AWS/SageMaker"):
        assert metric[2:6] == ["EndpointName", "toy-test", "VariantName", "main"]
    (note,) = [w["properties"]["markdown"] for w in widgets if w["type"] == "text"]
    assert "s3://toy-store/monitor/latest.html" in note
    assert "`trimaran:stack` = `toy-test`" in note
    places = [(w["x"], w["y"]) for w in widgets]
    assert len(places) == len(set(places))


def test_a_schedule_that_cannot_be_said_is_refused_first(tmp_path: Path) -> None:
    def program(parent: pulumi.Resource) -> None:
        spec = MonitorConfig(schedule="0 0 1 * 1")
        with pytest.raises(SpecError, match=r"monitor\.schedule"):
            monitor.render(context(parent, tmp_path), spec, upstream())

    found = rendered(program)
    assert [kind for kind, _ in found.resources if kind.startswith("aws:")] == []
