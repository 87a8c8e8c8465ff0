"""`render`: what `up` would bring, without engine, credentials and network."""

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.deployed import Trimaran
from trimaran.recorder import SECRET, UNKNOWN

SPEC = "flights.yaml"
AWS_SECONDS = 4.0
"""Bar of `trimaran render --cloud aws`, CPU time of a process of its own."""


class Alone:
    """A network namespace without any interface that is up."""

    def __init__(self) -> None:
        self.command = [shutil.which("unshare") or "unshare", "--map-root-user", "--net"]

    def works(self) -> bool:
        try:
            return subprocess.run([*self.command, "true"], capture_output=True).returncode == 0
        except OSError:
            return False


ALONE = Alone()


def resources(answer: Any) -> dict[str, dict[str, Any]]:
    assert answer.err == ""
    return {r["type"]: r for r in answer.document if r["custom"]}


@pytest.fixture
def for_aws(project: Path) -> Path:
    """A project whose spec SageMaker can do, with a lock file to build the image from."""
    lock = Path(__file__).parents[2] / "requirements.lock"
    shutil.copy(lock, project)
    return project


def test_every_component_and_its_resources_are_shown(project: Path, trimaran: Trimaran) -> None:
    answer = trimaran("render", "--stack", "local")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0] == "trimaran:index:MLStack flights"
    assert "    trimaran:local:Store flights-store" in lines
    assert any(line.strip().startswith("path: ") for line in lines)
    assert lines[-1].endswith("resources in 7 components")


def test_json_has_types_names_parents_and_inputs(project: Path, trimaran: Trimaran) -> None:
    found = resources(trimaran("render", "--stack", "local", "--json"))
    registry = found["trimaran:local:ModelRegistry"]
    assert registry["name"] == "flights-registry"
    assert registry["parent"].endswith("trimaran:index:Registry::flights")
    assert registry["inputs"]["storeUri"] == UNKNOWN
    assert registry["inputs"]["approval"] == "automatic"


def test_twice_is_the_same(project: Path, trimaran: Trimaran) -> None:
    first = trimaran("render", "--stack", "local", "--json").out
    assert trimaran("render", "--stack", "local", "--json").out == first


def test_a_secret_is_never_shown_and_need_not_be_set(for_aws: Path, trimaran: Trimaran) -> None:
    spec = for_aws / SPEC
    spec.write_text(spec.read_text() + "secrets: {api: {config: apiToken}}\n")
    (for_aws / "Pulumi.dev.yaml").write_text(
        "config:\n  trimaran:cloud: aws\n  aws:region: eu-central-1\n"
        "  flights:apiToken: {secure: v1:0123456789:notforyoureyes}\n"
    )
    for choice in (["--stack", "dev"], ["--cloud", "aws"]):
        answer = trimaran("render", *choice, "--json")
        [version] = [r for r in answer.document if r["type"].endswith(":SecretVersion")]
        assert version["inputs"]["secretString"] == SECRET
        assert "notforyoureyes" not in answer.out


def test_the_cloud_of_the_command_line_wins(project: Path, trimaran: Trimaran) -> None:
    (project / "Pulumi.dev.yaml").write_text("config: {'trimaran:cloud': local}")
    asked = trimaran("render", "-s", "dev", "--cloud", "gcp")
    assert asked.code == 1
    assert "cloud: gcp is not part of trimaran" in asked.err
    assert trimaran("render", "-s", "dev", "--cloud", "local").code == 0


def test_without_a_cloud_it_says_which_to_choose(project: Path, trimaran: Trimaran) -> None:
    answer = trimaran("render")
    assert answer.code == 1
    assert "cloud: no cloud is chosen" in answer.err


def test_what_the_cloud_cannot_do_ends_like_validate(project: Path, trimaran: Trimaran) -> None:
    (project / "Pulumi.dev.yaml").write_text(
        "config:\n  trimaran:cloud: local\n  trimaran:set: {endpoint.kind: async}\n"
    )
    rendered, validated = (trimaran(verb, "-s", "dev") for verb in ("render", "validate"))
    assert rendered.code == validated.code == 1
    assert rendered.err == validated.err
    assert "endpoint.kind: async is not possible on local" in rendered.err


def test_wrong_specs_and_stacks_end_like_validate(project: Path, trimaran: Trimaran) -> None:
    assert trimaran("render", "-s", "prd").code == trimaran("validate", "-s", "prd").code == 3
    (project / SPEC).write_text("data: {}\npipeline: {}\n")
    assert trimaran("render", "--cloud", "local").code == 1


@pytest.mark.skipif(not ALONE.works(), reason="this machine lets nobody leave its network")
def test_aws_renders_where_there_is_no_network_at_all(for_aws: Path) -> None:
    program = "from trimaran.cli import main; main()"
    command = [*ALONE.command, sys.executable, "-c", program, "render", "--cloud", "aws"]
    empty = {"PATH": "", "HOME": str(for_aws)}
    done = subprocess.run(command, cwd=for_aws, env=empty, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "aws:sagemaker/pipeline:Pipeline flights-pipeline" in done.stdout


def test_aws_renders_with_neither_credentials_nor_network_in_time(for_aws: Path) -> None:
    program = (
        "import resource, socket, sys\n"
        "def refuse(*_): raise AssertionError('a rendering asks nobody')\n"
        "socket.socket.connect = refuse\n"
        "from trimaran.cli.app import run\n"
        "code = run(['render', '--cloud', 'aws', '--json'])\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "from pulumi_aws import ec2\n"
        "loaded = type(ec2).__name__ == 'module'\n"
        "print(used.ru_utime + used.ru_stime, loaded, file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    command = [sys.executable, "-c", program]
    empty = {"PATH": "", "HOME": str(for_aws)}
    runs = []
    for _ in range(2):
        started = time.perf_counter()
        done = subprocess.run(command, cwd=for_aws, env=empty, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        seconds, ec2_is_loaded = done.stderr.split()
        assert ec2_is_loaded == "False"
        assert "aws:sagemaker/pipeline:Pipeline" in done.stdout
        runs.append(min(float(seconds), time.perf_counter() - started))
    assert min(runs) < AWS_SECONDS
