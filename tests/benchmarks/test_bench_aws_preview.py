"""Preview of the fullest AWS stack against a hand-written program with the same resources."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.aws.answers import answer
from tests.aws.scenarios import BASE, REGION, SCENARIOS
from tests.benchmarks.by_hand import write_by_hand
from tests.benchmarks.table import record
from tests.engine_kit.fixtures import engine_env, pulumi_home
from tests.engine_kit.folder import FolderStack
from tests.referee.referee import PLUGIN, Referee
from tests.referee.server import beside
from trimaran.render import render_stack

__all__ = ["engine_env", "pulumi_home"]
pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]
TOY = Path(__file__).parent.parent / "projects" / "toy"
LOCK = Path(__file__).parents[2] / "requirements.lock"
OURS = 'import trimaran\n\ntrimaran.MLStack("toy", trimaran.load("toy.yaml"))\n'
RUNS = 5
BAR = 1.2
"""Most that our preview may take, as a multiple of the hand-written program's."""
PREVIEW = ("pulumi", "preview", "--stack", "test", "--non-interactive")


@dataclass(frozen=True)
class Taken:
    """What a preview took, seconds: by the clock, and of the processors in all its processes."""

    wall: float
    processor: float


@pytest.fixture
def env(engine_env: dict[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings of an engine whose provider `aws` is warm and beside it, as fast as it can be."""
    with beside(Referee(tmp_path / "account")) as provider:
        yield {**os.environ, **engine_env, **provider}


def test_preview(tmp_path: Path, env: dict[str, str]) -> None:
    ours = project(tmp_path / "ours", env)
    (ours / "__main__.py").write_text(OURS)
    theirs = project(tmp_path / "theirs", env)
    known = render_stack(ours / "toy.yaml", "test", made=answer)
    write_by_hand(known, theirs, "warehouse")
    assert planned(ours, env) == planned(theirs, env)

    pairs = [(preview(ours, env), preview(theirs, env)) for _ in range(RUNS)]
    our, their = (list(taken) for taken in zip(*pairs, strict=True))
    what, against = "preview on AWS, everything on", "a hand-written Pulumi program"
    ratio = record(what, least(our, "wall"), against, least(their, "wall"))
    record(f"{what}, processor time", least(our, "processor"), against, least(their, "processor"))
    for name in ("wall", "processor"):
        print(name, *(f"{middle(taken, name):.3f}" for taken in (our, their)), sep="\t")
    assert ratio <= BAR


def project(folder: Path, env: Mapping[str, str]) -> Path:
    """The toy project with the fullest scenario as its spec, and a stack `test`."""
    shutil.copytree(TOY, folder, ignore=shutil.ignore_patterns("__pycache__", ".trimaran"))
    shutil.copy(LOCK, folder)
    providers = [
        {"name": "trimaran", "path": str(Path(sys.executable).parent)},
        {"name": "aws", "path": str(PLUGIN)},
    ]
    manifest = {"name": "toy", "runtime": "python", "plugins": {"providers": providers}}
    write_yaml(folder / "Pulumi.yaml", manifest)
    write_yaml(folder / "toy.yaml", spec())
    stack = FolderStack(folder, env)
    stack.set_config("aws:region", REGION)
    stack.set_config("toy:warehouse", "open sesame", secret=True)
    return folder


def spec() -> dict[str, Any]:
    """The scenario as one document."""
    whole: dict[str, Any] = json.loads(json.dumps(BASE))
    for path, value in SCENARIOS["everything on"].set.items():
        *sections, name = path.split(".")
        place = whole
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = value
    return whole


def write_yaml(file: Path, document: Mapping[str, Any]) -> None:
    with file.open("w") as out:
        YAML(typ="safe").dump(document, out)


def planned(folder: Path, env: Mapping[str, str]) -> dict[tuple[str, str], list[str]]:
    """Names of the inputs of each resource that the engine plans, by its type and name."""
    command = [*PREVIEW, "--json"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    steps = [step for step in json.loads(done.stdout)["steps"] if step["op"] == "create"]
    states = [step["newState"] for step in steps]
    return {
        (state["type"], state["urn"].rpartition("::")[2]): sorted(state.get("inputs", {}))
        for state in states
        if state["type"] != "pulumi:pulumi:Stack"
    }


def preview(folder: Path, env: Mapping[str, str]) -> Taken:
    """`pulumi preview` as a user runs it, in processes of its own."""
    before, started = os.times(), time.perf_counter()
    subprocess.run(PREVIEW, cwd=folder, env=env, capture_output=True, check=True)
    wall, after = time.perf_counter() - started, os.times()
    user, system = after.children_user, after.children_system
    return Taken(wall, user - before.children_user + system - before.children_system)


def least(taken: list[Taken], name: str) -> float:
    return min(getattr(one, name) for one in taken)


def middle(taken: list[Taken], name: str) -> float:
    return median(getattr(one, name) for one in taken)
