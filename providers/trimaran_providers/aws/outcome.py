"""What becomes of a pipeline's runs, told to the alerts: failed, refused, stopped.

A refused model and a crash both end a run as `Failed`, so the events of its steps are listened to:
they name the step, and why it failed. Success is told to nobody.
"""

import json
from collections.abc import Mapping
from typing import Any

import pulumi

from trimaran_providers.aws.pipeline_definition import REFUSED
from trimaran_providers.aws.trigger import pattern_json, render_rule
from trimaran_providers.contract.cloud import Context
from trimaran_runtime.alerting.config import AlertRules

_SOURCE = "aws.sagemaker"
_RUN = "SageMaker Model Building Pipeline Execution Status Change"
_STEP = "SageMaker Model Building Pipeline Execution Step Status Change"
"""Detail types ("Events that Amazon SageMaker AI sends to Amazon EventBridge", read 2026-11-24)."""
_RUN_PATHS = {"run": "$.detail.pipelineExecutionArn", "time": "$.time"}
_STEP_PATHS = {**_RUN_PATHS, "step": "$.detail.stepName", "reason": "$.detail.failureReason"}


def render_outcomes(
    context: Context,
    purpose: str,
    *,
    pipeline: pulumi.Output[str],
    topic: pulumi.Input[str],
    rules: AlertRules,
    gated: bool,
) -> tuple[pulumi.Resource, ...]:
    """A rule for each outcome that is worth a message.

    Args:
        context: where the component stands.
        purpose: `pipeline` or `monitor`; begins the rules' names.
        pipeline: ARN of the pipeline.
        topic: ARN of the topic that gets the messages.
        rules: what is worth a message.
        gated: whether the pipeline has a gate, that is, whether a run can be refused.
    """
    told = _Told(context, purpose, topic)
    resources: tuple[pulumi.Resource, ...] = ()
    if rules.pipeline_failed:
        failed = {
            "pipelineArn": [pipeline],
            "currentStepStatus": ["Failed"],
            "stepName": [{"anything-but": [REFUSED]}],
        }
        resources += told.of(
            "failed",
            pattern_json(_SOURCE, _STEP, failed),
            _STEP_PATHS,
            f"The {purpose} of {context.model} failed at <time> in step <step>: <reason>. "
            "Run: <run>",
        )
        stopped = {"pipelineArn": [pipeline], "currentPipelineExecutionStatus": ["Stopped"]}
        resources += told.of(
            "stopped",
            pattern_json(_SOURCE, _RUN, stopped),
            _RUN_PATHS,
            f"A run of the {purpose} of {context.model} was stopped at <time>. Run: <run>",
        )
    if rules.gate_refused and gated:
        refused = {
            "pipelineArn": [pipeline],
            "currentStepStatus": ["Failed"],
            "stepName": [REFUSED],
        }
        resources += told.of(
            "refused",
            pattern_json(_SOURCE, _STEP, refused),
            _STEP_PATHS,
            f"{context.model}: <reason>. Decided at <time>. Run: <run>",
        )
    return resources


class _Told:
    """Rules that publish a sentence to a topic."""

    def __init__(self, context: Context, purpose: str, topic: pulumi.Input[str]) -> None:
        self._context, self._purpose, self._topic = context, purpose, topic

    def of(
        self, outcome: str, pattern: pulumi.Input[str], paths: Mapping[str, str], sentence: str
    ) -> tuple[Any, ...]:
        """A rule and its target.

        Args:
            outcome: ends the rule's name.
            pattern: event pattern, JSON.
            paths: JSON path by the name that the sentence uses.
            sentence: text with `<name>` for what the paths find.
        """
        from pulumi_aws import cloudwatch

        name = f"{self._purpose}-{outcome}"
        rule = render_rule(self._context, name, pattern, f"Tells when a run {outcome}")
        target = cloudwatch.EventTarget(
            f"{self._context.name}-{name}-target",
            rule=rule.name,
            arn=self._topic,
            input_transformer=cloudwatch.EventTargetInputTransformerArgs(
                input_paths=dict(paths), input_template=json.dumps(sentence)
            ),
            opts=pulumi.ResourceOptions(parent=self._context.parent),
        )
        return rule, target
