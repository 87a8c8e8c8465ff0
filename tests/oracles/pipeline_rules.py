"""The JSON inside of a SageMaker pipeline: steps, their job requests, references, conditions.

SageMaker reads it only when a run starts. Sources: Pipeline Definition JSON Schema 2020-12-01;
SageMaker AI Developer Guide, "Pipelines steps", "Retry Policy for Pipeline Steps", "Caching
pipeline steps". What a step asks for is the input of a `Create…Job` operation.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.oracles.botocore_shapes import check_shape, operation_of, service_of
from tests.oracles.finding import Finding
from tests.oracles.job_rules import JOBS, check_request, outputs_of
from trimaran.recorder import UNKNOWN

LAYER = "rules"
VERSION = "2020-12-01"
_TYPES = {
    *JOBS,
    *("Condition", "Fail", "Callback", "Lambda", "QualityCheck", "ClarifyCheck", "EMR"),
    *("EMRServerless", "AutoML", "NotebookJob"),
}
_STEP_KEYS = {
    *("Name", "Type", "Arguments", "DependsOn", "CacheConfig", "RetryPolicies", "PropertyFiles"),
    *("DisplayName", "Description"),
}
_CACHED = {"Processing", "Training", "Tuning", "Transform", "AutoML", "EMR"}
_RETRIED = {"Processing", "Training", "Tuning", "Transform", "AutoML", "Model", "RegisterModel"}
_EXCEPTIONS = {
    *("Step.SERVICE_FAULT", "Step.THROTTLING", "SageMaker.JOB_INTERNAL_ERROR"),
    *("SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"),
}
_EXECUTION = {
    *("StartDateTime", "CurrentDateTime", "PipelineExecutionId", "PipelineExecutionArn"),
    *("PipelineName", "PipelineArn", "TrainingJobName", "ProcessingJobName"),
}
_COMPARISONS = {
    *("Equals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"),
}
_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?")
_PART = re.compile(r"\.?([A-Za-z0-9_-]+)|\[(\d+|'[^']*'|\"[^\"]*\")\]")
_MOST_BYTES = 1024 * 1024


def check(text: Any, path: str = "pipelineDefinition") -> list[Finding]:
    """Everything wrong with a pipeline's definition."""
    try:
        document = json.loads(text) if isinstance(text, str) else text
    except ValueError as exc:
        return [_found(path, f"is no JSON: {exc}")]
    if not isinstance(document, Mapping) or not isinstance(document.get("Steps"), list):
        return [_found(path, "is no object with Steps")]
    return list(_Pipeline(document, path).findings())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    name: str
    kind: str
    body: Mapping[str, Any]
    path: str
    inside: str
    needs: set[str] = field(default_factory=set)


class _Pipeline:
    """One definition while it is looked at."""

    def __init__(self, document: Mapping[str, Any], path: str) -> None:
        self._document, self._path = document, path
        self._steps: dict[str, _Step] = {}
        self._parameters = {
            p.get("Name"): p for p in document.get("Parameters", []) if isinstance(p, Mapping)
        }

    def findings(self) -> Iterator[Finding]:
        size = len(json.dumps(self._document))
        if size > _MOST_BYTES:
            yield _found(self._path, f"has {size} bytes, more than {_MOST_BYTES}")
        if self._document.get("Version") != VERSION:
            shown = repr(self._document.get("Version"))
            yield _found(f"{self._path}.Version", f"{shown} is not {VERSION}")
        known = {"Version", "Metadata", "Parameters", "PipelineExperimentConfig", "Steps"}
        for name in self._document.keys() - known:
            yield _found(f"{self._path}.{name}", "unknown element")
        yield from self._check_parameters()
        yield from self._collect(self._document["Steps"], f"{self._path}.Steps", "")
        for step in self._steps.values():
            yield from self._step(step)
        yield from self._cycles()

    def _check_parameters(self) -> Iterator[Finding]:
        for position, parameter in enumerate(self._document.get("Parameters", [])):
            at = f"{self._path}.Parameters[{position}]"
            kind, default = parameter.get("Type"), parameter.get("DefaultValue")
            types = {"String": str, "Integer": int, "Float": (int, float), "Boolean": bool}
            if kind not in types:
                yield _found(f"{at}.Type", f"{kind!r} is none of {', '.join(types)}")
            elif default is not None and not isinstance(default, types[kind]):  # type: ignore[arg-type]
                yield _found(f"{at}.DefaultValue", f"{default!r} is no {kind}")
            for name in parameter.keys() - {"Name", "Type", "DefaultValue", "EnumValues"}:
                yield _found(f"{at}.{name}", "unknown element")
            name_shape = service_of("sagemaker").shape_for("PipelineParameterName")
            yield from check_shape("sagemaker", name_shape, parameter.get("Name"), f"{at}.Name")

    def _collect(self, steps: Any, path: str, inside: str) -> Iterator[Finding]:
        for position, body in enumerate(steps if isinstance(steps, list) else []):
            at = f"{path}[{position}]"
            if not isinstance(body, Mapping) or not isinstance(body.get("Name"), str):
                yield _found(at, "is no step with a Name")
                continue
            name = body["Name"]
            if name in self._steps:
                yield _found(f"{at}.Name", f"{name!r} is there twice")
            step = _Step(name=name, kind=body.get("Type", ""), body=body, path=at, inside=inside)
            self._steps[name] = step
            if inside:
                step.needs.add(inside)
            arguments = body.get("Arguments")
            if step.kind == "Condition" and isinstance(arguments, Mapping):
                for branch in ("IfSteps", "ElseSteps"):
                    yield from self._collect(
                        arguments.get(branch), f"{at}.Arguments.{branch}", name
                    )

    def _step(self, step: _Step) -> Iterator[Finding]:
        at = step.path
        for name in step.body.keys() - _STEP_KEYS:
            yield _found(f"{at}.{name}", "unknown element")
        name_shape = service_of("sagemaker").shape_for("StepName")
        yield from check_shape("sagemaker", name_shape, step.name, f"{at}.Name")
        if step.kind not in _TYPES:
            yield _found(f"{at}.Type", f"{step.kind!r} is none of {', '.join(sorted(_TYPES))}")
        for position, other in enumerate(step.body.get("DependsOn", [])):
            if other not in self._steps:
                yield _found(f"{at}.DependsOn[{position}]", f"there is no step {other!r}")
            step.needs.add(other)
        yield from self._arguments(step)
        yield from self._cache(step)
        yield from self._retries(step)

    def _arguments(self, step: _Step) -> Iterator[Finding]:
        at, arguments = f"{step.path}.Arguments", step.body.get("Arguments")
        if not isinstance(arguments, Mapping):
            yield _found(at, "is missing")
            return
        if step.kind == "Condition":
            conditions = arguments.get("Conditions")
            if not conditions:
                yield _found(f"{at}.Conditions", "is missing or empty")
            for name in arguments.keys() - {"Conditions", "IfSteps", "ElseSteps"}:
                yield _found(f"{at}.{name}", "unknown element")
            for position, condition in enumerate(conditions or []):
                yield from self._condition(step, condition, f"{at}.Conditions[{position}]")
            return
        found: list[Finding] = []
        resolved = self._resolved(step, arguments, at, found)
        yield from found
        if step.kind == "Fail" and set(arguments) != {"ErrorMessage"}:
            yield _found(at, "takes ErrorMessage and nothing else")
        if step.kind in JOBS:
            yield from check_request(step.kind, resolved, at)
        yield from self._property_files(step, resolved)

    def _condition(self, step: _Step, condition: Any, at: str) -> Iterator[Finding]:
        if not isinstance(condition, Mapping):
            yield _found(at, f"{condition!r} is no condition")
            return
        kind = condition.get("Type")
        found: list[Finding] = []
        if kind in _COMPARISONS:
            needed = {"LeftValue", "RightValue"}
        elif kind == "In":
            needed = {"QueryValue", "Values"}
        elif kind == "Not":
            needed = {"Expression"}
            yield from self._condition(step, condition.get("Expression"), f"{at}.Expression")
        elif kind in ("Or", "And"):
            needed = {"Conditions"}
            for position, inner in enumerate(condition.get("Conditions", [])):
                yield from self._condition(step, inner, f"{at}.Conditions[{position}]")
        else:
            yield _found(f"{at}.Type", f"{kind!r} is no kind of condition")
            return
        for name in needed ^ (condition.keys() - {"Type"}):
            what = "is missing" if name in needed else "unknown element"
            yield _found(f"{at}.{name}", what)
        for name in ("LeftValue", "RightValue", "QueryValue", "Values"):
            self._resolved(step, condition.get(name), f"{at}.{name}", found)
        yield from found

    def _resolved(self, step: _Step, value: Any, at: str, found: list[Finding]) -> Any:
        """A value with every reference followed; what it stands for is known in the run alone."""
        if isinstance(value, list):
            return [
                self._resolved(step, item, f"{at}[{position}]", found)
                for position, item in enumerate(value)
            ]
        if not isinstance(value, Mapping):
            return value
        if set(value) == {"Get"}:
            found += self._get(step, value["Get"], at)
            return self._default(value["Get"])
        if set(value) == {"Std:Join"}:
            return self._join(step, value["Std:Join"], at, found)
        if set(value) == {"Std:JsonGet"}:
            found += self._json_get(step, value["Std:JsonGet"], at)
            return UNKNOWN
        return {
            name: self._resolved(step, item, f"{at}.{name}", found) for name, item in value.items()
        }

    def _default(self, reference: Any) -> Any:
        """A parameter's default is a value that has to fit; nothing else is known."""
        if isinstance(reference, str) and reference.startswith("Parameters."):
            parameter = self._parameters.get(reference.removeprefix("Parameters."), {})
            if "DefaultValue" in parameter:
                return parameter["DefaultValue"]
        return UNKNOWN

    def _join(self, step: _Step, join: Any, at: str, found: list[Finding]) -> Any:
        if not isinstance(join, Mapping) or set(join) != {"On", "Values"}:
            found.append(_found(f"{at}.Std:Join", "takes On and Values"))
            return UNKNOWN
        parts = self._resolved(step, join["Values"], f"{at}.Std:Join.Values", found)
        if not isinstance(parts, list):
            found.append(_found(f"{at}.Std:Join.Values", "is no list"))
            return UNKNOWN
        return str(join["On"]).join(str(part) for part in parts)

    def _get(self, step: _Step, reference: Any, at: str) -> Iterator[Finding]:
        head, _, rest = str(reference).partition(".")
        if head == "Parameters":
            if rest not in self._parameters:
                yield _found(at, f"there is no parameter {rest!r}")
        elif head == "Execution":
            if rest not in _EXECUTION:
                yield _found(at, f"a run has no {rest!r}")
        elif head == "Steps":
            yield from self._get_from_step(step, rest, at)
        else:
            yield _found(at, f"{reference!r} begins with none of Parameters, Execution, Steps")

    def _get_from_step(self, step: _Step, reference: str, at: str) -> Iterator[Finding]:
        name, _, rest = reference.partition(".")
        other = self._steps.get(name)
        if other is None:
            yield _found(at, f"there is no step {name!r}")
            return
        step.needs.add(name)
        if rest.startswith("PropertyFiles."):
            return  # looked at where the file is read
        if other.kind in JOBS:
            answer = operation_of("sagemaker", JOBS[other.kind][2]).output_shape
            if not rest or not _has(answer, rest):
                yield _found(at, f"{other.kind} step {name} has no property {rest!r}")

    def _json_get(self, step: _Step, get: Any, at: str) -> Iterator[Finding]:
        at = f"{at}.Std:JsonGet"
        if not isinstance(get, Mapping) or set(get) != {"PropertyFile", "Path"}:
            yield _found(at, "takes PropertyFile and Path")
            return
        reference = get["PropertyFile"]
        text = str(reference.get("Get") if isinstance(reference, Mapping) else reference)
        match = re.fullmatch(r"Steps\.([^.]+)\.PropertyFiles\.(.+)", text)
        if match is None:
            yield _found(f"{at}.PropertyFile", f"{text!r} is no property file of a step")
            return
        name, file = match.groups()
        other = self._steps.get(name)
        if other is None:
            yield _found(f"{at}.PropertyFile", f"there is no step {name!r}")
            return
        step.needs.add(name)
        files = [f.get("PropertyFileName") for f in other.body.get("PropertyFiles", [])]
        if file not in files:
            yield _found(f"{at}.PropertyFile", f"step {name} has no property file {file!r}")

    def _property_files(self, step: _Step, arguments: Any) -> Iterator[Finding]:
        known = outputs_of(arguments) if step.kind == "Processing" else []
        for position, file in enumerate(step.body.get("PropertyFiles", [])):
            at = f"{step.path}.PropertyFiles[{position}]"
            if set(file) != {"PropertyFileName", "OutputName", "FilePath"}:
                yield _found(at, "takes PropertyFileName, OutputName and FilePath")
            elif file["OutputName"] not in known:
                yield _found(f"{at}.OutputName", f"there is no output {file['OutputName']!r}")

    def _cache(self, step: _Step) -> Iterator[Finding]:
        cache, at = step.body.get("CacheConfig"), f"{step.path}.CacheConfig"
        if cache is None:
            return
        if step.kind not in _CACHED:
            yield _found(at, f"a {step.kind} step is never cached")
        if not isinstance(cache, Mapping) or not isinstance(cache.get("Enabled"), bool):
            yield _found(at, "takes Enabled, true or false")
            return
        age = cache.get("ExpireAfter")
        if age is not None and not _DURATION.fullmatch(str(age)):
            yield _found(f"{at}.ExpireAfter", f"{age!r} is no ISO 8601 duration")
        for name in cache.keys() - {"Enabled", "ExpireAfter"}:
            yield _found(f"{at}.{name}", "unknown element")

    def _retries(self, step: _Step) -> Iterator[Finding]:
        for position, policy in enumerate(step.body.get("RetryPolicies", [])):
            at = f"{step.path}.RetryPolicies[{position}]"
            if step.kind not in _RETRIED:
                yield _found(at, f"a {step.kind} step is never retried")
            for name in policy.keys() - {"ExceptionType", *_RETRY_LIMITS}:
                yield _found(f"{at}.{name}", "unknown element")
            kinds = policy.get("ExceptionType")
            if not isinstance(kinds, list) or not kinds:
                yield _found(f"{at}.ExceptionType", "is missing or empty")
            for kind in kinds or []:
                if kind not in _EXCEPTIONS:
                    yield _found(f"{at}.ExceptionType", f"{kind!r} is no kind of exception")
            if ("MaxAttempts" in policy) == ("ExpireAfterMin" in policy):
                yield _found(at, "exactly one of MaxAttempts and ExpireAfterMin is needed")
            for name, (least, most) in _RETRY_LIMITS.items():
                value = policy.get(name)
                if value is not None and not least <= value <= most:
                    yield _found(f"{at}.{name}", f"{value} is not from {least} to {most}")

    def _cycles(self) -> Iterator[Finding]:
        done: set[str] = set()

        def visit(name: str, way: tuple[str, ...]) -> Iterator[Finding]:
            if name in way:
                circle = " -> ".join((*way[way.index(name) :], name))
                yield _found(f"{self._path}.Steps", f"steps wait for each other: {circle}")
                return
            if name in done or name not in self._steps:
                return
            for other in sorted(self._steps[name].needs):
                yield from visit(other, (*way, name))
            done.add(name)

        for name in self._steps:
            yield from visit(name, ())


_RETRY_LIMITS = {
    "IntervalSeconds": (1, 43_200),
    "BackoffRate": (1, 100),
    "MaxAttempts": (1, 20),
    "ExpireAfterMin": (1, 14_400),
}


def _has(shape: Any, reference: str) -> bool:
    """Whether an answer has such a property; keys of maps and positions in brackets."""
    at = 0
    while at < len(reference):
        match = _PART.match(reference, at)
        if match is None:
            return False
        at = match.end()
        member, index = match.groups()
        if shape.type_name == "structure" and member in getattr(shape, "members", {}):
            shape = shape.members[member]
        elif shape.type_name == "list" and index is not None and not index.startswith(("'", '"')):
            shape = shape.member
        elif shape.type_name in ("list", "map") and index is not None:
            # SageMaker reads lists of named things by their name, too.
            shape = shape.member if shape.type_name == "list" else shape.value
        else:
            return False
    return True


def _found(path: str, what: str) -> Finding:
    return Finding(layer=LAYER, path=path, what=what)
