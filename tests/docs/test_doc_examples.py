"""Every example of the documentation is run here, or names the test that does what it shows."""

import ast
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.docs.pages import BLOCKS, ROOT, Block, run_here
from trimaran.cli.app import run
from trimaran.cli.spec_report import examine
from trimaran.spec.load import load, load_stack
from trimaran_providers.contract.errors import SpecError
from trimaran_providers.plugin.components import installed
from trimaran_providers.plugin.construct import Given, SpecReader

SPEC = (
    "name: churn\n"
    "data: {source: 'churn:load', target: left, columns: {}}\n"
    "pipeline: {train: 'churn:fit'}\n"
)
LANGUAGES = {"python", "yaml", "console", "text", "toml"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The example, in a folder where it may be changed."""
    shutil.copytree(
        ROOT / "stacks",
        tmp_path / "stacks",
        ignore=shutil.ignore_patterns(".trimaran", ".pulumi", "__pycache__"),
    )
    return tmp_path / "stacks"


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_block_is_of_a_kind_that_is_tested(block: Block) -> None:
    assert block.language in LANGUAGES
    if block.language == "text":
        before = BLOCKS[BLOCKS.index(block) - 1]
        assert block.held_by or (before.page == block.page and before.is_wrong)


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.held_by], ids=str)
def test_the_named_test_is_there(block: Block) -> None:
    file, _, name = block.held_by.partition("::")
    module = ast.parse((ROOT / file).read_text())
    names = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    assert (name in names) if name else any(n.startswith("test_") for n in names)


@pytest.mark.parametrize(
    "page", sorted({b.page for b in run_here("python")}), ids=lambda page: page.stem
)
def test_the_python_of_a_page_runs_as_a_program(page: Path, project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.docs.run_page", str(page), str(project)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", run_here("yaml"), ids=str)
def test_yaml_is_a_spec_a_part_of_one_a_stack_or_a_program(block: Block, tmp_path: Path) -> None:
    document = YAML(typ="safe").load(block.text)
    file = tmp_path / "spec.yaml"
    if "resources" in document:
        check_program(document["resources"])
    elif "config" in document:
        file.write_text(SPEC)
        (tmp_path / "Pulumi.yaml").write_text("name: docs\nruntime: python\n")
        (tmp_path / "Pulumi.docs.yaml").write_text(block.text)
        assert load_stack(file, "docs").stack
    elif "name" in document:
        file.write_text(block.text)
        load(file)
    else:
        file.write_text(SPEC)
        spec = load(file, document)
        assert set(document) <= spec.model_fields_set


def check_program(resources: dict[str, Any]) -> None:
    """Read each component's inputs as the plugin does; what another resource gives stays text."""
    components = installed()
    for name, resource in resources.items():
        kind = components[resource["type"].replace("trimaran:", "trimaran:index:")]
        reader = SpecReader()
        given = {key: marked(value) for key, value in resource["properties"].items()}
        args = reader.record(kind.args_model, given)
        assert not reader.problems, f"{name}: {reader.problems}"
        kind.args_model.model_validate(args)


def marked(value: Any) -> Given:
    """A plain value as the engine hands it over."""
    if isinstance(value, dict):
        return Given(value={key: marked(item) for key, item in value.items()})
    if isinstance(value, list):
        return Given(value=[marked(item) for item in value])
    return Given(value=value)


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.is_wrong], ids=str)
def test_a_mistake_is_answered_as_shown(block: Block, tmp_path: Path) -> None:
    shown = BLOCKS[BLOCKS.index(block) + 1].text.strip()
    (tmp_path / "Pulumi.yaml").write_text("name: docs\nruntime: python\n")
    (tmp_path / "Pulumi.local.yaml").write_text("config:\n  trimaran:cloud: local\n")
    (tmp_path / "churn.yaml").write_text(SPEC)
    (tmp_path / block.wrong_file).write_text(block.text)
    stack = "local"
    if block.wrong_file.startswith("Pulumi."):
        stack = block.wrong_file.split(".")[1]
    try:
        problems = examine(tmp_path / "churn.yaml", stack).problems
    except SpecError as exc:
        problems = exc.problems
    assert "\n".join(str(problem) for problem in problems) == shown


@pytest.mark.parametrize("block", run_here("console"), ids=str)
def test_a_command_prints_what_is_shown(
    block: Block,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for command, shown in calls_in(block.text):
        program, *arguments = shlex.split(command)
        assert program == "trimaran", "a command that needs a stack names the test that runs it"
        assert run(arguments) == 0
        printed = capsys.readouterr().out
        for part in shown.split("…\n"):
            assert part in printed


def calls_in(text: str) -> list[tuple[str, str]]:
    """Each command of a console, with what is shown below it."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts)]


@pytest.mark.parametrize("block", run_here("toml"), ids=str)
def test_toml_names_groups_that_are_looked_into(block: Block) -> None:
    from trimaran import clouds
    from trimaran_providers.plugin import registry

    groups = tomllib.loads(block.text)["project"]["entry-points"]
    assert set(groups) <= {clouds.GROUP, registry.GROUP}
