"""The pipeline's resources: least privilege, files by digest, what starts it, who hears of it."""

import gzip
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.aws.rendering import (
    ACCOUNT,
    IMAGE,
    KEY,
    PIPELINE,
    REGION,
    TOPIC,
    Recorder,
    context,
    rendered,
    spec,
    upstream,
)
from trimaran_providers.aws import pipeline
from trimaran_providers.aws.handlers.pipeline_run import PipelineRunInputs
from trimaran_providers.contract.errors import SpecError, UnsupportedError
from trimaran_providers.project.code import bundle_code
from trimaran_runtime.config import RunConfig
from trimaran_runtime.storage.store import blob_key

VPC = {"subnets": ["subnet-0a1b2c3d"], "security_groups": ["sg-0a1b2c3d"]}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "toy.py").write_text("def fit(train, validation, parameters): ...\n")
    return tmp_path


def render(
    project: Path,
    platform: Mapping[str, Any] | None = None,
    *,
    somebody: bool = True,
    **sections: Any,
) -> Recorder:
    def program(parent: pulumi.Resource) -> None:
        given = upstream(alerts=somebody)
        pipeline.render(context(parent, project, platform), spec(**sections), given)

    return rendered(program)


def definition(found: Recorder) -> dict[str, dict[str, Any]]:
    body = json.loads(found.of(":Pipeline", "toy-pipeline")["pipelineDefinition"])
    return {step["Name"]: step for step in body["Steps"]}


def test_the_pipeline_runs_the_stores_image_with_its_own_role(project: Path) -> None:
    found = render(project)
    made = found.of(":Pipeline", "toy-pipeline")
    assert made["pipelineName"] == made["pipelineDisplayName"] == "toy-test"
    role = f"arn:aws:iam::{ACCOUNT}:role/toy-test-pipeline"
    assert made["roleArn"] == role
    assert made["tags"] == {"trimaran:stack": "toy-test"}
    data = definition(found)["data"]["Arguments"]
    assert data["RoleArn"] == role
    assert data["AppSpecification"]["ImageUri"] == IMAGE
    assert data["Tags"] == [{"Key": "trimaran:stack", "Value": "toy-test"}]


def test_code_and_configuration_are_objects_named_by_their_digest(project: Path) -> None:
    found = render(project)
    bundle = bundle_code(project)
    digest = bundle.digest.removeprefix("sha256:")
    blob, archive = (
        found.of(":BucketObjectv2", "toy-code"),
        found.of(":BucketObjectv2", "toy-code-archive"),
    )
    assert blob["key"] == blob_key(bundle.digest)
    assert archive["key"] == f"pipelines/toy-test/code-{digest}.tar.gz"
    assert blob["bucket"] == "toy-store"
    kept = project / ".trimaran" / "bundles" / f"{digest}.tar.gz"
    assert blob["source"].path == archive["source"].path == str(kept)
    assert gzip.decompress(kept.read_bytes()) == gzip.decompress(bundle.content)
    config = found.of(":BucketObjectv2", "toy-config")
    assert re.fullmatch(r"pipelines/toy-test/config-[0-9a-f]{64}\.json", config["key"])
    assert RunConfig.parse(config["source"].text).model == "toy"


def test_the_definition_reads_exactly_those_objects(project: Path) -> None:
    found = render(project)
    inputs = definition(found)["data"]["Arguments"]["ProcessingInputs"]
    read = {i["InputName"]: i["S3Input"]["S3Uri"] for i in inputs}
    assert read == {
        "config": f"s3://toy-store/{found.of(':BucketObjectv2', 'toy-config')['key']}",
        "code": f"s3://toy-store/{found.of(':BucketObjectv2', 'toy-code-archive')['key']}",
    }


def test_changed_code_is_another_object_and_another_run(project: Path) -> None:
    before = render(project)
    (project / "toy.py").write_text("def fit(train, validation, parameters): return 1\n")
    after = render(project)
    keys = [f.of(":BucketObjectv2", "toy-code")["key"] for f in (before, after)]
    digests = [f.of(":PipelineRun", "toy-run")["digest"] for f in (before, after)]
    assert keys[0] != keys[1]
    assert digests[0] != digests[1]


@pytest.mark.parametrize(
    ("change", "starts"),
    [
        ({"pipeline": {"parameters": {"depth": 3}}}, True),
        ({"data": {"version": "2"}}, True),
        ({"gate": {"floor": 0.7}}, True),
        ({"monitor": {"window_hours": 1}}, False),
        ({"registry": {"approval": "manual"}}, False),
        ({"tracking": {"uri": "https://mlflow.example.com"}}, False),
        ({"pipeline": {"compute": {"cpu": 8}}}, False),
        ({"pipeline": {"timeout_minutes": 9}}, False),
    ],
)
def test_a_run_is_started_by_what_decides_the_model(
    project: Path, change: dict[str, Any], starts: bool
) -> None:
    before, after = render(project), render(project, **change)
    digests = [f.of(":PipelineRun", "toy-run")["digest"] for f in (before, after)]
    assert (digests[0] != digests[1]) == starts


def test_another_image_is_another_run(project: Path) -> None:
    other = IMAGE.replace("a" * 64, "c" * 64)
    before, after = render(project), render(project, {"image": {"uri": other}})
    digests = [f.of(":PipelineRun", "toy-run")["digest"] for f in (before, after)]
    assert digests[0] != digests[1]


def test_the_run_gets_what_its_handler_takes(project: Path) -> None:
    run = render(project).of(":PipelineRun", "toy-run")
    given = {name: value for name, value in run.items() if value is not None}
    inputs = PipelineRunInputs.model_validate(given)
    assert inputs.pipeline_name == "toy-test"
    assert inputs.account.region == REGION


def test_without_run_on_up_nothing_runs(project: Path) -> None:
    assert render(project, pipeline={"run_on_up": False}).names(":PipelineRun") == []


def test_the_role_writes_the_stores_folders_and_no_others(project: Path) -> None:
    allowed = render(project).statements("toy-pipeline-policy")
    write = allowed["WriteStore"]
    assert write["Resource"] == [
        f"arn:aws:s3:::toy-store/{folder}/*"
        for folder in ("runs", "blobs", "releases", "channels", "serving", "tracking")
    ]
    assert "s3:DeleteObject" not in write["Action"]
    assert allowed["ReadSource"]["Resource"] == ["arn:aws:s3:::lake/toy*"]
    assert allowed["PullImage"]["Resource"] == [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/toy"]


def test_only_the_role_of_a_tracked_pipeline_deletes_and_only_what_waited(project: Path) -> None:
    tracked = render(project, tracking={"uri": "https://mlflow.example.com"})
    delete = tracked.statements("toy-pipeline-policy")["EmptyOutbox"]
    assert delete["Resource"] == ["arn:aws:s3:::toy-store/tracking/*"]
    assert "EmptyOutbox" not in render(project).statements("toy-pipeline-policy")
    assert "tracking=send" in str(definition(tracked)["register"])


def test_the_role_makes_only_jobs_that_are_named_after_the_stack(project: Path) -> None:
    found = render(project)
    jobs = found.statements("toy-pipeline-policy")["RunJobs"]
    patterns = [re.escape(r).replace(r"\*", ".*") for r in jobs["Resource"]]
    for step in definition(found).values():
        for key, name in step["Arguments"].items():
            if key.endswith("JobName"):
                kind = "processing-job" if key.startswith("Processing") else "training-job"
                arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}-abcdef"
                assert any(re.fullmatch(pattern, arn) for pattern in patterns)
    assert "sagemaker:CreateHyperParameterTuningJob" not in jobs["Action"]


def test_a_search_needs_the_right_to_search(project: Path) -> None:
    tune = {"metric": "roc_auc", "space": {"depth": {"low": 1, "high": 3, "integer": True}}}
    found = render(project, pipeline={"tune": tune})
    jobs = found.statements("toy-pipeline-policy")["RunJobs"]
    assert "sagemaker:CreateHyperParameterTuningJob" in jobs["Action"]
    assert "arn:aws:sagemaker:*:*:hyper-parameter-tuning-job/*" in jobs["Resource"]


def test_the_role_hands_on_nothing_but_itself_and_only_to_sagemaker(project: Path) -> None:
    (passed,) = render(project).statements("toy-pipeline-self").values()
    assert passed["Action"] == ["iam:PassRole"]
    assert passed["Resource"] == [f"arn:aws:iam::{ACCOUNT}:role/toy-test-pipeline"]
    assert passed["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }


def test_metrics_go_into_the_stacks_namespace_and_sagemakers_own(project: Path) -> None:
    put = render(project).statements("toy-pipeline-policy")["PutMetrics"]
    assert put["Condition"] == {
        "StringLike": {"cloudwatch:namespace": ["Trimaran/toy-test", "/aws/sagemaker/*"]}
    }


def test_a_private_network_and_a_key_reach_jobs_objects_and_role(project: Path) -> None:
    platform = {"network": {"private": True, **VPC}, "encryption": {"key": KEY}}
    found = render(project, platform)
    assert definition(found)["train"]["Arguments"]["VpcConfig"] == {
        "Subnets": VPC["subnets"],
        "SecurityGroupIds": VPC["security_groups"],
    }
    objects = [found.of(":BucketObjectv2", name) for name in found.names(":BucketObjectv2")]
    assert {made["kmsKeyId"] for made in objects} == {KEY}
    allowed = found.statements("toy-pipeline-policy")
    assert allowed["UseKey"]["Resource"] == allowed["GrantKeyToVolumes"]["Resource"] == [KEY]
    entered = allowed["EnterNetwork"]["Resource"]
    assert f"arn:aws:ec2:*:*:subnet/{VPC['subnets'][0]}" in entered
    assert allowed["SeeNetwork"]["Resource"] == ["*"]
    assert "EnterNetwork" not in render(project).statements("toy-pipeline-policy")


def test_a_secret_is_readable_by_name_and_named_to_the_steps(project: Path) -> None:
    found = render(project, {"secrets": {"db": {"config": "db"}}})
    read = found.statements("toy-pipeline-policy")["ReadSecrets"]
    assert read["Resource"] == ["arn:aws:secretsmanager:*:*:secret:toy-test-secret-db-??????"]
    told = definition(found)["train"]["Arguments"]["Environment"]["TRIMARAN_SECRETS"]
    assert json.loads(told) == {"db": "toy-test-secret-db"}


def test_the_clock_starts_it_where_the_spec_says_so(project: Path) -> None:
    found = render(project, pipeline={"schedule": "0 3 * * 1", "timezone": "Europe/Vienna"})
    schedule = found.of("scheduler/schedule:Schedule", "toy-schedule")
    assert schedule["scheduleExpression"] == "cron(0 3 ? * MON *)"
    assert schedule["target"]["arn"] == PIPELINE
    assert render(project).names("scheduler/schedule:Schedule") == []


def test_new_objects_below_the_source_start_it(project: Path) -> None:
    found = render(project, pipeline={"on_new_data": True})
    pattern = json.loads(found.of(":EventRule", "toy-new-data")["eventPattern"])
    assert pattern == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": ["lake"]}, "object": {"key": [{"prefix": "toy"}]}},
    }
    target = found.of(":EventTarget", "toy-new-data-target")
    assert target["arn"] == PIPELINE
    assert target["roleArn"].endswith("role/toy-test-new-data")
    (start,) = found.statements("toy-new-data-policy").values()
    assert start["Resource"] == [PIPELINE]


def outcome(found: Recorder, name: str) -> tuple[dict[str, Any], str]:
    """Pattern and sentence of an outcome's rule."""
    pattern = json.loads(found.of(":EventRule", f"toy-pipeline-{name}")["eventPattern"])
    target = found.of(":EventTarget", f"toy-pipeline-{name}-target")
    assert target["arn"] == TOPIC
    transformer = target["inputTransformer"]
    sentence = json.loads(transformer["inputTemplate"])
    assert set(re.findall(r"<(\w+)>", sentence)) <= transformer["inputPaths"].keys()
    return pattern, sentence


def test_a_failed_step_a_refusal_and_a_stop_are_told_apart(project: Path) -> None:
    found = render(project)
    failed, sentence = outcome(found, "failed")
    assert failed["detail"] == {
        "pipelineArn": [PIPELINE],
        "currentStepStatus": ["Failed"],
        "stepName": [{"anything-but": ["refused"]}],
    }
    assert sentence.startswith("The pipeline of toy failed at <time> in step <step>: <reason>.")
    refused, sentence = outcome(found, "refused")
    assert refused["detail"]["stepName"] == ["refused"]
    assert "<reason>" in sentence
    stopped, _ = outcome(found, "stopped")
    assert stopped["detail"]["currentPipelineExecutionStatus"] == ["Stopped"]
    told = json.dumps(
        [found.of(":EventRule", n)["eventPattern"] for n in found.names(":EventRule")]
    )
    assert "Succeeded" not in told


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"pipeline_failed": False}, ["toy-pipeline-refused"]),
        ({"gate_refused": False}, ["toy-pipeline-failed", "toy-pipeline-stopped"]),
        ({"gate_refused": False, "pipeline_failed": False}, []),
    ],
)
def test_the_rules_say_what_is_told(project: Path, rules: dict[str, bool], told: list[str]) -> None:
    assert render(project, alerts={"rules": rules}).names(":EventRule") == told


def test_without_alerts_nobody_is_told(project: Path) -> None:
    assert render(project, somebody=False).names(":EventRule") == []


@pytest.mark.parametrize(
    ("sections", "error", "path"),
    [
        ({"pipeline": {"schedule": "0 0 1 * 1"}}, SpecError, "pipeline.schedule"),
        ({"pipeline": {"compute": {"memory_gib": 3072}}}, UnsupportedError, "pipeline.compute"),
        (
            {"pipeline": {"cache_days": 3, "schedule": "0 3 * * *"}},
            SpecError,
            "pipeline.cache_days",
        ),
        ({"pipeline": {"cache_days": 3, "on_new_data": True}}, SpecError, "pipeline.cache_days"),
        (
            {"pipeline": {"cache_days": 3}, "monitor": {"on_drift": "retrain"}},
            SpecError,
            "pipeline.cache_days",
        ),
    ],
)
def test_what_cannot_be_rendered_is_refused_before_the_first_resource(
    project: Path, sections: dict[str, Any], error: type[Exception], path: str
) -> None:
    raised: list[Exception] = []

    def program(parent: pulumi.Resource) -> None:
        try:
            pipeline.render(context(parent, project), spec(**sections), upstream())
        except error as exc:
            raised.append(exc)

    found = rendered(program)
    assert str(raised[0]).startswith(path)
    assert [name for kind, name in found.resources if kind.startswith("aws:")] == []


def test_a_component_without_an_image_says_where_one_is(project: Path) -> None:
    def program(parent: pulumi.Resource) -> None:
        without = context(parent, project, {"image": {}})
        with pytest.raises(SpecError, match=r"image\.uri"):
            pipeline.render(without, spec(), upstream())

    rendered(program)
