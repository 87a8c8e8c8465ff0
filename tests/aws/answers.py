"""What AWS would answer: id and outputs of each resource, by the forms of the service reference.

ARN forms: "Actions, resources, and condition keys for AWS services".
"""

from collections.abc import Callable, Mapping
from typing import Any

from tests.aws.scenarios import ACCOUNT, IMAGE, REGION
from trimaran.recorder import Made, Rendered

_BY_NAME: dict[str, tuple[str, str]] = {
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": ("alarmName", "cloudwatch:{at}:alarm:{name}"),
    "aws:cloudwatch/dashboard:Dashboard": (
        "dashboardName",
        "cloudwatch::{account}:dashboard/{name}",
    ),
    "aws:cloudwatch/eventRule:EventRule": ("name", "events:{at}:rule/{name}"),
    "aws:cloudwatch/logGroup:LogGroup": ("name", "logs:{at}:log-group:{name}"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("name", "cloudwatch:{at}:alarm:{name}"),
    "aws:codebuild/project:Project": ("name", "codebuild:{at}:project/{name}"),
    "aws:ecr/repository:Repository": ("name", "ecr:{at}:repository/{name}"),
    "aws:iam/role:Role": ("name", "iam::{account}:role{path}{name}"),
    "aws:kms/key:Key": ("", "kms:{at}:key/99999999-2222-3333-4444-555555555555"),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": (
        "modelPackageGroupName",
        "sagemaker:{at}:model-package-group/{name}",
    ),
    "aws:sagemaker/pipeline:Pipeline": ("pipelineName", "sagemaker:{at}:pipeline/{name}"),
    "aws:scheduler/schedule:Schedule": ("name", "scheduler:{at}:schedule/default/{name}"),
    "aws:secretsmanager/secret:Secret": ("name", "secretsmanager:{at}:secret:{name}-AbCdEf"),
    "aws:sns/topic:Topic": ("name", "sns:{at}:{name}"),
}


def answer(resource: Rendered) -> Made:
    """What a new resource of AWS, or of our plugin, would be."""
    if resource.type in _OTHERS:
        return _OTHERS[resource.type](resource)
    key, form = _BY_NAME.get(resource.type, ("", ""))
    name = str(resource.inputs.get(key) or resource.name)
    given = {key: value for key, value in resource.inputs.items() if key != "source"}
    outputs: dict[str, Any] = {"name": name, **given}
    if form:
        outputs["arn"] = _arn(form, name, resource.inputs)
    if resource.type == "aws:ecr/repository:Repository":
        outputs["repositoryUrl"] = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}"
    if resource.type == "aws:sns/topic:Topic":
        return Made(id=outputs["arn"], outputs=outputs)
    return Made(id=name, outputs=outputs)


def _arn(form: str, name: str, inputs: Mapping[str, Any]) -> str:
    at = f"{REGION}:{ACCOUNT}"
    path = inputs.get("path") or "/"
    return "arn:aws:" + form.format(at=at, account=ACCOUNT, name=name, path=path)


def _bucket(resource: Rendered) -> Made:
    given = resource.inputs
    name = given.get("bucket") or f"{given.get('bucketPrefix', resource.name + '-')}1a2b3c4d"
    return Made(id=name, outputs={**given, "bucket": name, "arn": f"arn:aws:s3:::{name}"})


def _plugin(**outputs: Any) -> Callable[[Rendered], Made]:
    return lambda resource: Made(id=resource.name, outputs={**resource.inputs, **outputs})


_OTHERS: dict[str, Callable[[Rendered], Made]] = {
    "aws:s3/bucket:Bucket": _bucket,
    "trimaran:aws:ImageBuild": _plugin(image=IMAGE),
    "trimaran:aws:PipelineRun": _plugin(run="arn:run", status="running", started=""),
    "trimaran:aws:ModelRegistry": _plugin(candidate="", approved="", production="", mirrored=0),
    "trimaran:aws:Subnets": _plugin(vpcId="vpc-0123456789abcdef0"),
    "trimaran:aws:Endpoint": _plugin(url="", release="", model="", wakePolicy=""),
}
