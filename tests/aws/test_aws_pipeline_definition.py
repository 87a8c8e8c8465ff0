"""The pipeline definition is what SageMaker takes, and runs the steps in their order."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.aws.rendering import ACCOUNT, IMAGE, KEY, spec
from tests.aws.request_shapes import OPERATIONS, findings, in_a_run
from trimaran_providers.aws.pipeline_definition import (
    REFUSED,
    PipelineFacts,
    monitor_definition,
    pipeline_definition,
)
from trimaran_providers.aws.step_definition import JobFacts
from trimaran_providers.contract.errors import ResourceError, UnsupportedError
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.steps.command import parse
from trimaran_runtime.steps.ports import PIPELINE

VPC = {"subnets": ["subnet-0a1b2c3d"], "security_groups": ["sg-0a1b2c3d"]}
SPACE = {
    "depth": {"low": 2, "high": 9, "integer": True},
    "rate": {"low": 0.001, "high": 0.1, "log": True},
    "kind": {"choices": ["gini", 3, True]},
}
TUNED = {"tune": {"trials": 5, "parallel": 9, "metric": "log_loss", "minutes": 30, "space": SPACE}}


def job(**changes: Any) -> JobFacts:
    known: dict[str, Any] = {
        "base": "toy-test",
        "role": f"arn:aws:iam::{ACCOUNT}:role/toy-test-pipeline",
        "image": IMAGE,
        "store": "s3://toy-store/team",
        "secrets": {},
        "subnets": [],
        "security_groups": [],
        "private": False,
        "key": "",
        "tags": {"team": "a"},
    }
    return JobFacts(**{**known, **changes})


def pipeline_facts(**changes: Any) -> PipelineFacts:
    return PipelineFacts(
        job=job(**changes),
        config="s3://toy-store/team/pipelines/toy-test/config-1.json",
        archive="s3://toy-store/team/pipelines/toy-test/code-1.tar.gz",
        code=f"sha256:{'b' * 64}",
        environment=f"sha256:{'a' * 64}",
        metric=Metric.rmse,
    )


def text(pipeline: dict[str, Any] | None = None, **changes: Any) -> str:
    return pipeline_definition(spec(pipeline=pipeline or {}).pipeline, pipeline_facts(**changes))


def steps(pipeline: dict[str, Any] | None = None, **changes: Any) -> dict[str, dict[str, Any]]:
    return {step["Name"]: step for step in json.loads(text(pipeline, **changes))["Steps"]}


SCENARIOS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "minimal": ({}, {}),
    "spot": ({"compute": {"spot": True, "gpu": {"kind": "t4"}}}, {"key": KEY}),
    "a GPU without a volume": ({"compute": {"gpu": {"kind": "a100"}}}, {"key": KEY}),
    "tuned": (TUNED, {}),
    "tuned on spot": ({**TUNED, "compute": {"spot": True}}, {"key": KEY, **VPC}),
    "private": ({}, {"private": True, "key": KEY, **VPC}),
    "secrets": ({}, {"secrets": {"db": "toy-test-secret-db"}, "private": True, **VPC}),
    "everything": (
        {"retries": 3, "cache_days": 7, "timeout_minutes": 0.5, "compute": {"spot": True}},
        {"private": True, "key": KEY, "secrets": {"db": "toy-test-secret-db"}, **VPC},
    ),
    "a long name": ({}, {"base": "a-team-with-a-very-long-name-and-its-production-stack-of-2026"}),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_job_is_one_that_the_api_takes(name: str) -> None:
    pipeline, changes = SCENARIOS[name]
    found = [
        finding
        for step in steps(pipeline, **changes).values()
        if step["Type"] in OPERATIONS
        for finding in findings(step)
    ]
    assert found == []


def test_the_shapes_see_a_mistake() -> None:
    step = steps()["data"]
    step["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceType"] = "ml.m5.tiny"
    step["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"] = 0
    step["Arguments"]["Rolearn"] = step["Arguments"].pop("RoleArn")
    assert len(findings(step)) == 4


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_same_spec_gives_the_same_text(name: str) -> None:
    pipeline, changes = SCENARIOS[name]
    assert text(pipeline, **changes) == text(pipeline, **changes)
    assert len(text(pipeline, **changes)) < 1 << 20


def test_the_steps_are_the_runtimes_and_a_verdict() -> None:
    found = steps()
    assert list(found) == [*(ports.name for ports in PIPELINE), "accepted"]
    kinds = {name: step["Type"] for name, step in found.items()}
    assert kinds.pop("train") == "Training"
    assert kinds.pop("accepted") == "Condition"
    assert set(kinds.values()) == {"Processing"}


def commands() -> Iterator[list[str]]:
    for step in steps().values():
        job = step["Arguments"]
        part = job.get("AppSpecification") or job.get("AlgorithmSpecification")
        if part:
            assert part["ContainerEntrypoint"] == ["python", "-m", "trimaran_runtime.steps"]
            yield [in_a_run(argument) for argument in part["ContainerArguments"]]


def test_every_job_runs_a_command_that_the_runtime_parses() -> None:
    parsed = [parse(command) for command in commands()]
    assert [command.ports for command in parsed] == list(PIPELINE)
    for command in parsed:
        assert command.inputs.keys() | command.archives.keys() == set(command.ports.inputs)
        # The bundle is a tar.gz, and so is what a training job makes.
        assert command.archives.keys() == {"code", "model"} & set(command.ports.inputs)
        assert command.outputs.keys() == set(command.ports.outputs)
        assert command.ports.needs_store <= ("store" in command.parameters)
        assert command.message is not None


def test_what_a_job_is_given_lies_where_its_command_looks() -> None:
    for step in steps().values():
        job = step["Arguments"]
        if step["Type"] == "Processing":
            folders = {i["InputName"]: i["S3Input"]["LocalPath"] for i in job["ProcessingInputs"]}
            command = parse([in_a_run(a) for a in job["AppSpecification"]["ContainerArguments"]])
            outputs = job["ProcessingOutputConfig"]["Outputs"]
            written = {o["OutputName"]: o["S3Output"]["LocalPath"] for o in outputs}
            assert {n: str(p) for n, p in command.outputs.items()} == written
        elif step["Type"] == "Training":
            channels = [channel["ChannelName"] for channel in job["InputDataConfig"]]
            folders = {name: f"/opt/ml/input/data/{name}" for name in channels}
            arguments = job["AlgorithmSpecification"]["ContainerArguments"]
            command = parse([in_a_run(argument) for argument in arguments])
        else:
            continue
        given = {**command.inputs, **command.archives}
        assert {name: str(path) for name, path in given.items()} == folders


def test_a_step_reads_what_an_earlier_one_of_the_same_run_wrote() -> None:
    found, seen = steps(), set[str]()
    for name, step in found.items():
        read = set(re.findall(r"Steps\.(\w+)\.", json.dumps(step["Arguments"])))
        assert read <= seen, name
        seen.add(name)
    inputs = found["register"]["Arguments"]["ProcessingInputs"]
    model = next(i["S3Input"]["S3Uri"] for i in inputs if i["InputName"] == "model")
    assert model == {"Get": "Steps.train.ModelArtifacts.S3ModelArtifacts"}
    splits = next(i["S3Input"]["S3Uri"] for i in inputs if i["InputName"] == "splits")
    assert splits == {"Get": "Steps.split.ProcessingOutputConfig.Outputs['splits'].S3Output.S3Uri"}


def test_a_run_writes_below_its_own_folder() -> None:
    table = steps()["data"]["Arguments"]["ProcessingOutputConfig"]["Outputs"][0]
    run = {"Get": "Execution.PipelineExecutionId"}
    where = ["s3://toy-store/team", "runs", run, "table"]
    assert table["S3Output"]["S3Uri"] == {"Std:Join": {"On": "/", "Values": where}}


def test_a_refused_model_ends_the_run_by_a_step_of_its_own() -> None:
    found = steps()
    files = found["register"]["PropertyFiles"]
    assert files == [
        {"PropertyFileName": "release", "OutputName": "release", "FilePath": "release.json"}
    ]
    verdict = found["accepted"]["Arguments"]
    (condition,) = verdict["Conditions"]
    record = {"Get": "Steps.register.PropertyFiles.release"}
    assert condition["LeftValue"] == {"Std:JsonGet": {"PropertyFile": record, "Path": "accepted"}}
    assert (condition["Type"], condition["RightValue"]) == ("Equals", True)
    assert verdict["IfSteps"] == []
    (refused,) = verdict["ElseSteps"]
    assert (refused["Name"], refused["Type"]) == (REFUSED, "Fail")
    assert "the gate refused release " in json.dumps(refused["Arguments"]["ErrorMessage"])


def test_a_refusal_is_recorded_before_the_run_ends() -> None:
    command = steps()["register"]["Arguments"]["AppSpecification"]["ContainerArguments"]
    parameters = parse([in_a_run(argument) for argument in command]).parameters
    assert parameters["on_refusal"] == "record"
    assert parameters["export"] == "serving"
    assert parameters["run"] == "abcdefghijkl"
    assert parameters["environment"] == f"sha256:{'a' * 64}"


def test_the_names_of_jobs_begin_as_the_role_may_name_them() -> None:
    for step in steps(base="x" * 63).values():
        names = [v for k, v in step["Arguments"].items() if k.endswith("JobName")]
        assert all(name.startswith("x" * 20) and len(name) <= 38 for name in names)


def test_spot_is_for_training_with_checkpoints_and_a_longest_wait() -> None:
    found = steps({"compute": {"spot": True}, "timeout_minutes": 10})
    train = found["train"]["Arguments"]
    assert train["EnableManagedSpotTraining"] is True
    assert train["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200}
    assert train["CheckpointConfig"]["LocalPath"] == "/opt/ml/checkpoints"
    assert in_a_run(train["CheckpointConfig"]["S3Uri"]).endswith("/runs/abcdefghijkl/checkpoints")
    assert "Spot" not in json.dumps([s for n, s in found.items() if n != "train"])
    assert "CheckpointConfig" not in steps()["train"]["Arguments"]


def test_a_gpu_is_for_training_and_its_disks_take_no_key() -> None:
    found = steps({"compute": {"gpu": {"kind": "t4"}}}, key=KEY)
    assert found["train"]["Arguments"]["ResourceConfig"]["InstanceType"] == "ml.g4dn.xlarge"
    assert "VolumeKmsKeyId" not in found["train"]["Arguments"]["ResourceConfig"]
    cluster = found["data"]["Arguments"]["ProcessingResources"]["ClusterConfig"]
    assert cluster["InstanceType"] == "ml.m5.large"
    assert cluster["VolumeKmsKeyId"] == KEY


def test_the_key_encrypts_every_volume_and_output() -> None:
    for step in steps(key=KEY).values():
        if step["Type"] in OPERATIONS:
            assert json.dumps(step).count(KEY) == 2, step["Name"]


def test_a_machine_that_nobody_has_is_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"pipeline\.compute: "):
        text({"compute": {"memory_gib": 3072}})


def test_retries_are_for_what_a_retry_can_help() -> None:
    found = steps({"retries": 4})
    policies = found["train"]["RetryPolicies"]
    assert {policy["MaxAttempts"] for policy in policies} == {4}
    kinds = [kind for policy in policies for kind in policy["ExceptionType"]]
    assert len(kinds) == len(set(kinds))
    assert not any("CLIENT" in kind or "USER" in kind or "ALGORITHM" in kind for kind in kinds)
    assert "RetryPolicies" not in steps()["train"]


def test_only_steps_whose_work_depends_on_their_inputs_are_cached() -> None:
    cached = {
        n: s["CacheConfig"] for n, s in steps({"cache_days": 7}).items() if "CacheConfig" in s
    }
    assert cached.keys() == {"data", "validate", "split", "train"}
    assert cached["train"] == {"Enabled": True, "ExpireAfter": "P7D"}
    assert not any("CacheConfig" in step for step in steps().values())


def test_a_parameter_of_the_run_makes_cached_data_be_read_anew() -> None:
    (parameter,) = json.loads(text())["Parameters"]
    assert parameter["Name"] == "DataVersion"
    command = json.dumps(steps()["data"]["Arguments"]["AppSpecification"])
    assert '{"Get": "Parameters.DataVersion"}' in command


def telling(pipeline: dict[str, Any] | None = None, **changes: Any) -> set[str]:
    """Steps that leave a run's document when they fail."""
    found = set()
    for name, step in steps(pipeline, **changes).items():
        job = step["Arguments"]
        part = job.get("AppSpecification") or job.get("AlgorithmSpecification") or {}
        command = [in_a_run(argument) for argument in part.get("ContainerArguments", ())]
        if "early_end=track" in command:
            parameters = parse(command).parameters
            assert parameters["run"] == "abcdefghijkl"
            assert parameters["store"].startswith("s3://")
            found.add(name)
    return found


def test_a_failed_step_tells_of_its_run_where_it_reaches_the_store() -> None:
    assert telling() == {"data", "validate", "train", "evaluate", "register"}
    assert telling(private=True, **VPC) == {"data", "evaluate", "register"}


def test_a_cached_step_is_called_the_same_in_every_run() -> None:
    assert telling({"cache_days": 7}) == {"evaluate", "register"}
    found = steps({"cache_days": 7})
    for name in ("data", "validate", "split", "train"):
        job = found[name]["Arguments"]
        part = job.get("AppSpecification") or job["AlgorithmSpecification"]
        assert "PipelineExecutionId" not in json.dumps(part)


def test_steps_without_the_store_a_source_or_a_secret_get_no_network() -> None:
    def isolated(**changes: Any) -> set[str]:
        found = steps(**changes)
        train = found.pop("train")["Arguments"]["EnableNetworkIsolation"]
        found.pop("accepted")
        networks = {n: s["Arguments"]["NetworkConfig"] for n, s in found.items()}
        return {n for n, c in networks.items() if c["EnableNetworkIsolation"]} | (
            {"train"} if train else set()
        )

    assert isolated() == {"split", "gate"}
    assert isolated(private=True, **VPC) == {"validate", "split", "gate", "train"}
    with_secret = {"secrets": {"db": "toy-test-secret-db"}}
    assert isolated(private=True, **VPC, **with_secret) == {"split", "gate"}


def test_jobs_run_in_the_users_network() -> None:
    found = steps(**VPC)
    vpc = {"Subnets": VPC["subnets"], "SecurityGroupIds": VPC["security_groups"]}
    assert found["train"]["Arguments"]["VpcConfig"] == vpc
    assert found["data"]["Arguments"]["NetworkConfig"]["VpcConfig"] == vpc
    assert "VpcConfig" not in json.dumps(steps())


def test_secrets_are_named_to_the_steps_that_run_the_users_code() -> None:
    found = steps(secrets={"db": "toy-test-secret-db"})
    told = {
        n: s["Arguments"]["Environment"]
        for n, s in found.items()
        if "Environment" in s["Arguments"]
    }
    assert told.keys() == {"data", "validate", "train", "evaluate"}
    assert told["train"] == {"TRIMARAN_SECRETS": '{"db":"toy-test-secret-db"}'}


def test_the_key_that_signs_is_named_to_the_step_that_signs_and_to_no_other() -> None:
    key, other = "TRIMARAN_SIGNING_KEY", {"db": "toy-test-secret-db"}
    found = steps(secrets={**other, key: "toy-test-secret-key"})
    named = {
        name: json.loads(step["Arguments"]["Environment"]["TRIMARAN_SECRETS"])
        for name, step in found.items()
        if "TRIMARAN_SECRETS" in step["Arguments"].get("Environment", {})
    }
    assert named.pop("register") == {key: "toy-test-secret-key"}
    assert named
    assert all(secrets == other for secrets in named.values())


def test_a_tracked_run_is_sent_by_the_step_that_registers_with_the_servers_secrets() -> None:
    token, other = "MLFLOW_TRACKING_TOKEN", {"db": "toy-test-secret-db"}
    facts = replace(
        pipeline_facts(secrets={**other, token: "toy-test-secret-token"}), is_tracked=True
    )
    document = json.loads(pipeline_definition(spec(pipeline={}).pipeline, facts))
    found = {step["Name"]: step["Arguments"] for step in document["Steps"]}
    register = found["register"]
    named = json.loads(register["Environment"]["TRIMARAN_SECRETS"])
    assert named == {token: "toy-test-secret-token"}
    assert "tracking=send" in register["AppSpecification"]["ContainerArguments"]
    assert "tracking=send" not in json.dumps(steps())


def test_more_secrets_than_a_job_can_be_told_of_are_refused() -> None:
    with pytest.raises(ResourceError, match="secrets: the names of 9 secrets"):
        text(secrets={f"secret-{n}": f"toy-test-secret-secret-{n}" for n in range(9)})


def test_a_search_tries_what_the_spec_says_and_its_best_model_goes_on() -> None:
    found = steps({**TUNED, "seed": 2**32 - 1})
    search = found["train"]["Arguments"]["HyperParameterTuningJobConfig"]
    assert found["train"]["Type"] == "Tuning"
    assert search["HyperParameterTuningJobObjective"] == {
        "Type": "Minimize",
        "MetricName": "validation_metric",
    }
    assert search["ResourceLimits"] == {
        "MaxNumberOfTrainingJobs": 5,
        "MaxParallelTrainingJobs": 5,
        "MaxRuntimeInSeconds": 1800,
    }
    ranges = search["ParameterRanges"]
    (depth,) = ranges["IntegerParameterRanges"]
    assert (depth["MinValue"], depth["MaxValue"], depth["ScalingType"]) == ("2", "9", "Linear")
    (rate,) = ranges["ContinuousParameterRanges"]
    assert (rate["MinValue"], rate["ScalingType"]) == ("0.001", "Logarithmic")
    (kind,) = ranges["CategoricalParameterRanges"]
    assert kind["Values"] == ["gini", "3", "True"]
    trial = found["train"]["Arguments"]["TrainingJobDefinition"]
    (metric,) = trial["AlgorithmSpecification"]["MetricDefinitions"]
    assert re.search(metric["Regex"], "validation_metric=-1.5e-05")
    inputs = found["evaluate"]["Arguments"]["ProcessingInputs"]
    model = next(i["S3Input"]["S3Uri"] for i in inputs if i["InputName"] == "model")
    assert in_a_run(model).endswith("/model/abcdefghijkl/output/model.tar.gz")


@pytest.mark.parametrize(("metric", "kind"), [(None, "Minimize"), ("r2", "Maximize")])
def test_a_search_that_names_no_metric_goes_by_the_gates(metric: str | None, kind: str) -> None:
    found = steps({"tune": {"metric": metric, "space": SPACE}})
    search = found["train"]["Arguments"]["HyperParameterTuningJobConfig"]
    assert search["HyperParameterTuningJobObjective"]["Type"] == kind


def test_the_built_in_learner_searches_inside_one_training_job() -> None:
    learner = {"train": None, "learner": "auto", "tune": {"trials": 30, "parallel": 4}}
    found = steps(learner)
    plain = steps()
    assert found["train"]["Type"] == "Training"
    assert "Tuning" not in {step["Type"] for step in found.values()}
    assert found == plain


def test_the_monitor_is_one_step_that_reads_capture_and_puts_metrics() -> None:
    told = {"endpoint": "toy-test", "capture": "s3://toy-store/c", "metrics": "Trimaran/toy-test"}
    document = json.loads(monitor_definition(job(), "s3://toy-store/config.json", told))
    (step,) = document["Steps"]
    assert findings(step) == []
    arguments = step["Arguments"]["AppSpecification"]["ContainerArguments"]
    command = parse([in_a_run(argument) for argument in arguments])
    assert command.ports.name == "monitor"
    assert command.parameters == {"store": "s3://toy-store/team", **told}
    assert step["Arguments"]["NetworkConfig"]["EnableNetworkIsolation"] is False
