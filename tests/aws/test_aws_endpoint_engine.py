"""The endpoint under the real engine, with our real plugin, and the tests' own cloud behind it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pulumi
import pytest

from tests.aws.endpoint_case import Case, definition
from tests.aws.fake_sagemaker import environment, fake_aws
from tests.engine_kit.fixtures import engine_env, pulumi_home
from tests.engine_kit.inline import InlineStack
from trimaran_providers.aws.handlers.endpoint import EndpointOutputs
from trimaran_providers.plugin.resource import PluginResource

__all__ = ["engine_env", "pulumi_home"]
pytestmark = pytest.mark.engine

CANARY = {
    "replicas": {"min": 2, "max": 4, "target_concurrency": 4},
    "rollout": {"strategy": "canary", "steps": [10, 100], "rollback_on": ["errors"]},
}


@pytest.fixture
def case() -> Iterator[Case]:
    with fake_aws() as aws:
        yield Case.of(aws)


@pytest.fixture
def stack(case: Case, tmp_path: Path, engine_env: dict[str, str]) -> InlineStack:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(
        "name: toy\nruntime: python\nplugins:\n  providers:\n"
        f"    - {{name: trimaran, path: {Path(sys.executable).parent}}}\n"
    )
    return InlineStack(folder, {**engine_env, **environment(case.aws.url)})


def serving(case: Case, release: str, instance: str = "ml.m5.large") -> Callable[[], None]:
    """A program whose one resource serves a release."""
    inputs = case.inputs(definition(instance=instance, **CANARY), release)

    def program() -> None:
        given = {name: getattr(inputs, name) for name in type(inputs).model_fields}
        made = PluginResource("trimaran:aws:Endpoint", "endpoint", given, EndpointOutputs)
        for name in ("url", "release", "phase"):
            pulumi.export(name, made.output(name))

    return program


def test_from_waiting_to_serving_to_a_rollback_and_gone(case: Case, stack: InlineStack) -> None:
    waiting = stack.up(serving(case, ""))
    assert (waiting.failed, waiting.outputs["phase"]) == (False, "waiting")

    first = stack.up(serving(case, case.first))
    assert first.outputs["release"] == case.first
    assert stack.up(serving(case, case.first)).changed == {}
    assert stack.up(serving(case, case.first), refresh=True).changed == {}

    case.aws.plan("UpdateEndpoint", "rolls_back", reason="an alarm")
    refused = stack.up(serving(case, case.second))
    assert refused.failed
    assert "was rolled back" in refused.errors
    again = stack.up(serving(case, case.second))
    assert again.failed
    assert "found wanting before" in again.errors
    assert len(case.aws.bodies("UpdateEndpoint")) == 1

    healed = stack.up(serving(case, case.second, instance="ml.m5.xlarge"))
    assert (healed.errors, healed.outputs["release"]) == ("", case.second)
    assert healed.steps["endpoint"] == "update"

    gone = stack.destroy()
    assert not gone.failed
    assert case.aws.left() == {}
