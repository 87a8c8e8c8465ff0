"""One step of a SageMaker pipeline: the body of the job that runs our step command.

The shapes are those of `CreateProcessingJob` and `CreateTrainingJob` (botocore 1.44.8), the frame
around them is the pipeline definition schema ("SageMaker Pipelines: pipeline steps", read
2026-11-24). Values that are known only in a run are `{"Get": …}` and `{"Std:Join": …}`.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trimaran_providers.aws.instance import Use, has_own_disks, instance_type
from trimaran_providers.aws.names import shortened
from trimaran_providers.aws.secrets import VARIABLE
from trimaran_providers.contract.errors import ResourceError
from trimaran_providers.contract.spec import Compute
from trimaran_runtime.registry.config import SIGNING_KEY
from trimaran_runtime.steps.ports import Ports
from trimaran_runtime.tracking.config import CREDENTIALS

Value = Any
"""Text, or an expression that SageMaker evaluates in a run."""
COMMAND = ("python", "-m", "trimaran_runtime.steps")
_INPUTS = "/opt/ml/processing/input"
_OUTPUTS = "/opt/ml/processing/output"
_MESSAGE = "/opt/ml/output/message"
"""What a processing job writes here is its exit message (Developer Guide, "Build your own
processing container", read 2026-11-24)."""
_PROCESSING_VALUE = 256
"""Characters of a processing job's environment variable (botocore)."""
_SIGNS = "register"
"""The step that signs releases."""
_REGISTERS_WITH = frozenset({SIGNING_KEY, *CREDENTIALS})
"""Secrets of that step."""
_LONGEST_JOB = 38
"""Characters of a job's name; SageMaker adds 25 of its own and takes 63."""
ARCHIVES = frozenset({"code", "model"})
"""Ports that come as an archive: `--archive` instead of `--input`."""
RUN_ID = {"Get": "Execution.PipelineExecutionId"}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What every job of a pipeline has in common; all of it is known when it is written.

    Attributes:
        base: what the names of jobs begin with; the role may make no others.
        role: ARN of the role.
        image: URI of the image, by digest.
        store: URI of the artifact store.
        secrets: id in Secrets Manager by the name of the variable.
        subnets, security_groups: ids; empty: no VPC.
        private: whether nothing may reach the public internet.
        key: ARN of the key for volumes and outputs; empty: the service's own.
        tags: tags of every job.
    """

    base: str
    role: str
    image: str
    store: str
    secrets: Mapping[str, str]
    subnets: Sequence[str]
    security_groups: Sequence[str]
    private: bool
    key: str
    tags: Mapping[str, str]

    def job_name(self, step: str) -> str:
        """What the name of a step's jobs begins with; SageMaker makes it unique."""
        return shortened(self.base, step, _LONGEST_JOB)

    def of_run(self, *parts: Value) -> Value:
        """URI of what a run keeps below its own folder of the store."""
        return joined("/", self.store, "runs", RUN_ID, *parts)

    def tag_list(self) -> list[dict[str, str]]:
        """Tags, as the API takes them."""
        return [{"Key": key, "Value": value} for key, value in sorted(self.tags.items())]

    def vpc(self) -> dict[str, Any] | None:
        """Where jobs run in the user's network; None: in SageMaker's."""
        if not self.subnets:
            return None
        return {"Subnets": list(self.subnets), "SecurityGroupIds": list(self.security_groups)}

    def environment(self, ports: Ports) -> dict[str, str]:
        """Variables of a step: those that run the user's code are told where secrets are.

        But for the key that signs releases: the step that signs gets it, and beside it only what
        MLflow's client needs to be let in.
        """
        if ports.name == _SIGNS:
            told = {name: id_ for name, id_ in self.secrets.items() if name in _REGISTERS_WITH}
        elif "code" in ports.inputs:
            told = {name: id_ for name, id_ in self.secrets.items() if name != SIGNING_KEY}
        else:
            told = {}
        if not told:
            return {}
        return {VARIABLE: json.dumps(told, sort_keys=True, separators=(",", ":"))}

    def is_isolated(self, ports: Ports) -> bool:
        """Whether a step's container gets no network at all.

        Those that reach the store, the data source or a secret need one. The user's fitting
        function may load something itself, unless the network is private.
        """
        if ports.needs_store or ports.name == "data" or self.environment(ports):
            return False
        return self.private or "code" not in ports.inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a job runs on.

    Attributes:
        instance: instance type.
        disk_gib: its volume, GiB.
        seconds: longest time it may take.
        spot: whether interruptible capacity is used.
    """

    instance: str
    disk_gib: int
    seconds: int
    spot: bool

    @classmethod
    def of(cls, compute: Compute, minutes: float, use: Use, *, path: str) -> "Machine":
        """The machine of a step.

        GPUs and spot capacity are the training job's: no other step can use them, and processing
        jobs have no spot capacity.

        Raises:
            UnsupportedError: SageMaker has no such machine.
        """
        if use is not Use.training:
            compute = compute.model_copy(update={"gpu": None, "spot": False})
        return cls(
            instance=instance_type(compute, use, path=path),
            disk_gib=compute.disk_gib,
            seconds=math.ceil(minutes * 60),
            spot=compute.spot,
        )


def joined(on: str, *values: Value) -> Value:
    """Values joined in a run; plain text where all of them are."""
    if all(isinstance(value, str) for value in values):
        return on.join(values)
    return {"Std:Join": {"On": on, "Values": list(values)}}


def output_of(step: str, port: str) -> Value:
    """URI of an output of a processing step, in the same run or in the cached one."""
    return {"Get": f"Steps.{step}.ProcessingOutputConfig.Outputs['{port}'].S3Output.S3Uri"}


def arguments(
    ports: Ports,
    *,
    inputs: str,
    outputs: Mapping[str, str],
    parameters: Mapping[str, Value],
    message: str,
) -> list[Value]:
    """Arguments of the step command.

    Args:
        ports: the step's ports.
        inputs: folder that holds a folder per input.
        outputs: folder by output.
        parameters: value by name.
        message: file that gets an error's sentence, where SageMaker looks for it.
    """
    found: list[Value] = [ports.name]
    for name in ports.inputs:
        found += ["--archive" if name in ARCHIVES else "--input", f"{name}={inputs}/{name}"]
    for name in ports.outputs:
        found += ["--output", f"{name}={outputs[name]}"]
    for name, value in parameters.items():
        found += ["--param", joined("=", name, value)]
    return [*found, "--message", message]


def processing_step(
    ports: Ports,
    facts: JobFacts,
    machine: Machine,
    *,
    sources: Mapping[str, Value],
    parameters: Mapping[str, Value],
) -> dict[str, Any]:
    """A step as a processing job.

    Args:
        ports: the step's ports.
        facts: what all jobs share.
        machine: what it runs on.
        sources: URI by input.
        parameters: `--param` values by name.

    Raises:
        ResourceError: the names of the secrets do not fit into a variable.
    """
    body: dict[str, Any] = {
        "ProcessingJobName": facts.job_name(ports.name),
        "RoleArn": facts.role,
        "AppSpecification": {
            "ImageUri": facts.image,
            "ContainerEntrypoint": list(COMMAND),
            "ContainerArguments": arguments(
                ports,
                inputs=_INPUTS,
                outputs={name: f"{_OUTPUTS}/{name}" for name in ports.outputs},
                parameters=parameters,
                message=_MESSAGE,
            ),
        },
        "ProcessingInputs": [_input(name, sources[name]) for name in ports.inputs],
        "ProcessingOutputConfig": _with_key(
            {"Outputs": [_output(name, facts) for name in ports.outputs]}, "KmsKeyId", facts.key
        ),
        "ProcessingResources": {"ClusterConfig": _volume(machine, facts.key)},
        "StoppingCondition": {"MaxRuntimeInSeconds": machine.seconds},
        "NetworkConfig": _network(facts, ports),
        "Tags": facts.tag_list(),
    }
    environment = facts.environment(ports)
    if environment:
        if len(environment[VARIABLE]) > _PROCESSING_VALUE:
            raise ResourceError(
                f"the names of {len(facts.secrets)} secrets take {len(environment[VARIABLE])} "
                "characters in a job's environment",
                where="secrets",
                allowed=f"at most {_PROCESSING_VALUE}: fewer secrets, or shorter names",
            )
        body["Environment"] = environment
    return {"Name": ports.name, "Type": "Processing", "Arguments": body}


def training_body(
    ports: Ports, facts: JobFacts, machine: Machine, sources: Mapping[str, Value]
) -> dict[str, Any]:
    """What the bodies of a training job and of a search's training jobs have in common."""
    stopping = {"MaxRuntimeInSeconds": machine.seconds}
    body: dict[str, Any] = {
        "RoleArn": facts.role,
        "AlgorithmSpecification": {"TrainingImage": facts.image, "TrainingInputMode": "File"},
        "InputDataConfig": [_channel(name, sources[name]) for name in ports.inputs],
        "OutputDataConfig": _with_key(
            {"S3OutputPath": facts.of_run("model")}, "KmsKeyId", facts.key
        ),
        "ResourceConfig": _volume(machine, facts.key),
        "StoppingCondition": stopping,
        "EnableNetworkIsolation": facts.is_isolated(ports),
        "EnableManagedSpotTraining": machine.spot,
    }
    if machine.spot:
        # Waiting for capacity counts too; as long again as the work itself may take.
        stopping["MaxWaitTimeInSeconds"] = 2 * machine.seconds
    vpc = facts.vpc()
    if vpc is not None:
        body["VpcConfig"] = vpc
    environment = facts.environment(ports)
    if environment:
        body["Environment"] = environment
    return body


def _input(name: str, uri: Value) -> dict[str, Any]:
    return {
        "InputName": name,
        "AppManaged": False,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{_INPUTS}/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }


def _output(name: str, facts: JobFacts) -> dict[str, Any]:
    return {
        "OutputName": name,
        "AppManaged": False,
        "S3Output": {
            "S3Uri": facts.of_run(name),
            "LocalPath": f"{_OUTPUTS}/{name}",
            "S3UploadMode": "EndOfJob",
        },
    }


def _channel(name: str, uri: Value) -> dict[str, Any]:
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": uri,
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, "InputMode": "File"}


def _volume(machine: Machine, key: str) -> dict[str, Any]:
    volume = {
        "InstanceCount": 1,
        "InstanceType": machine.instance,
        "VolumeSizeInGB": machine.disk_gib,
    }
    return volume if has_own_disks(machine.instance) else _with_key(volume, "VolumeKmsKeyId", key)


def _network(facts: JobFacts, ports: Ports) -> dict[str, Any]:
    network: dict[str, Any] = {"EnableNetworkIsolation": facts.is_isolated(ports)}
    vpc = facts.vpc()
    return network if vpc is None else {**network, "VpcConfig": vpc}


def _with_key(body: dict[str, Any], name: str, key: str) -> dict[str, Any]:
    return {**body, name: key} if key else body
