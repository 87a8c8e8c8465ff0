"""Every scenario renders, and no check finds anything in what it renders."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.aws.answers import answer
from tests.aws.scenarios import BASE, REGION, SCENARIOS
from tests.oracles import check_all
from trimaran.recorder import Rendered
from trimaran.render import render_stack
from trimaran.spec.load import load
from trimaran_providers.aws.problems import problems_of

TOY = Path(__file__).parents[1] / "projects" / "toy"
SNAPSHOTS = Path(__file__).parent / "snapshots"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy project, whose spec each scenario overrides."""
    made = tmp_path_factory.mktemp("scenarios") / "project"
    shutil.copytree(TOY, made, ignore=shutil.ignore_patterns("__pycache__", ".trimaran"))
    (made / "Pulumi.yaml").write_text(
        f"name: toy\nruntime: python\nconfig:\n  aws:region: {REGION}\n"
    )
    shutil.copy(Path(__file__).parents[2] / "requirements.lock", made)
    return made


def rendered(folder: Path, changes: Mapping[str, Any]) -> tuple[Rendered, ...]:
    """Render the base with changes laid over it."""
    file = folder / "toy.yaml"
    with file.open("w") as out:
        YAML(typ="safe").dump(BASE, out)
    spec = load(file, changes)
    assert [str(problem) for problem in problems_of(spec, spec)] == []
    return render_stack(file, None, None, answer, changes)


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_check_finds_anything(folder: Path, name: str) -> None:
    resources = rendered(folder, SCENARIOS[name].set)
    assert len([r for r in resources if r.custom]) > 15
    assert [str(finding) for finding in check_all(resources)] == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"endpoint.capture.fraction": 0.25}, "0.25"),
        ({"endpoint.capture.fraction": 0, "monitor.schedule": "off"}, "1"),
    ],
    ids=["a quarter", "nothing, and nobody looks"],
)
def test_a_stack_tells_its_monitor_what_share_is_recorded(
    folder: Path, changes: Mapping[str, Any], told: str
) -> None:
    made = next(
        r
        for r in rendered(folder, changes)
        if r.name == "toy-monitor" and r.type.endswith(":Pipeline")
    )
    (step,) = json.loads(made.inputs["pipelineDefinition"])["Steps"]
    arguments = step["Arguments"]["AppSpecification"]["ContainerArguments"]
    assert f"fraction={told}" in arguments
