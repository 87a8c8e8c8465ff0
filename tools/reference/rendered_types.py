"""Types of all resources that AWS's renderers declare: rendered, not listed by hand."""

import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.aws.answers import answer
from tests.aws.scenarios import BASE, REGION, SCENARIOS
from trimaran.render import render_stack

_ROOT = Path(__file__).resolve().parents[2]
_OWN_NETWORK = {"network": {"private": True, "subnets": ["subnet-0123456789abcdef0"]}}
_SPECS: tuple[Mapping[str, Any], ...] = (
    SCENARIOS["everything on"].set,
    SCENARIOS["retrain on drift and on new data"].set,
    SCENARIOS["scale to zero"].set,
    SCENARIOS["batch"].set,
    _OWN_NETWORK,
)


@cache
def rendered_types() -> frozenset[str]:
    """Type tokens of every resource of a few specs that ask for everything together."""
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        shutil.copytree(_ROOT / "tests" / "projects" / "toy", project, dirs_exist_ok=True)
        shutil.copy(_ROOT / "requirements.lock", project)
        (project / "Pulumi.yaml").write_text(
            f"name: toy\nruntime: python\nconfig:\n  aws:region: {REGION}\n"
        )
        with (project / "toy.yaml").open("w") as out:
            YAML(typ="safe").dump(BASE, out)
        return frozenset(
            resource.type
            for changes in _SPECS
            for resource in render_stack(project / "toy.yaml", None, None, answer, changes)
            if resource.custom
        )
