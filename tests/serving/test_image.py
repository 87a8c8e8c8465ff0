"""The image: what its Dockerfile says, and what it installs, started as a container is."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.docs.pages import BLOCKS, ROOT
from tests.serving.dockerfile import Stage, stages
from tests.serving.releases import new_store, publish
from tests.serving.traffic import ask, predict
from trimaran_providers.project.image import STEPS, dockerfile
from trimaran_providers.project.lock import read_lock
from trimaran_runtime.errors import Exit
from trimaran_runtime.registry.release import read_release
from trimaran_runtime.registry.serving_files import write_serving_files

LOCK = "stacks/requirements.lock"
"""What the example's image is built from."""
PREFIX = "/opt/trimaran"
FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
"""Whether scikit-learn serves too: uv compiles no modules, and it takes half a minute to load."""
BUILD, STEP, SERVER = stages(dockerfile(), LOCK=LOCK)
FINISHED = [STEP, SERVER]


# --- what it says -----------------------------------------------------------------------------


def test_it_is_built_in_one_stage_and_run_in_others() -> None:
    assert [stage.name for stage in (BUILD, STEP, SERVER)] == ["build", STEPS, "server"]
    assert STEP.one("COPY") == f"--from={BUILD.name} {PREFIX} {PREFIX}"
    assert SERVER.base == STEP.name


@pytest.mark.parametrize("stage", [BUILD, STEP], ids=lambda stage: stage.name)
def test_bases_are_pinned_by_digest_and_of_this_python(stage: Stage) -> None:
    tag = re.fullmatch(r"[\w./-]+/python:(\d+\.\d+)\.\d+-[\w-]+@sha256:[0-9a-f]{64}", stage.base)
    assert tag is not None
    assert tag[1] == ".".join(map(str, sys.version_info[:2]))
    assert f"{PREFIX}/lib/python{tag[1]}/site-packages/trimaran_runtime" in BUILD.all("COPY")[1]


def test_a_mirror_or_a_newer_base_is_an_argument() -> None:
    build, run, _ = stages(dockerfile(), BUILD_IMAGE="mirror/python:full", RUN_IMAGE="mirror/slim")
    assert (build.base, run.base) == ("mirror/python:full", "mirror/slim")


def test_the_server_runs_without_rights_unless_the_platform_demands_root() -> None:
    user, group = SERVER.one("USER").split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert not STEP.all("USER")


def test_the_entry_point_is_python_itself_and_takes_serve() -> None:
    assert STEP.words("ENTRYPOINT") == ["python", "-m", "trimaran_runtime"]
    assert SERVER.words("CMD") == ["serve"]
    assert not SERVER.all("ENTRYPOINT")


def test_several_containers_of_one_host_have_ports_of_their_own() -> None:
    # AWS, "Troubleshoot multi-container endpoints", read 2026-11-25.
    assert STEP.one("LABEL") == "com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true"


def test_libraries_are_told_not_to_call_home_and_not_to_share_a_request_between_threads() -> None:
    told = STEP.environment()
    quiet = ("DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY", "ORT_DISABLE_TELEMETRY")
    assert all(told[name] in {"1", "true"} for name in quiet)
    assert told["PYTHONDONTWRITEBYTECODE"] == "1"
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    assert {SERVER.environment()[name] for name in threads} == {"1"}
    # Steps train: they take what cores there are.
    assert not set(threads) & set(told)


def test_the_page() -> None:
    (block,) = [b for b in BLOCKS if b.held_by == "tests/serving/test_image.py::test_the_page"]
    words = shlex.split(block.text.removeprefix("$ "))
    given = dict(pairwise(words))
    assert words[:2] == ["docker", "build"]
    assert (ROOT / given["-f"]).read_text() == dockerfile()
    name, _, value = given["--build-arg"].partition("=")
    sources = [rest.split()[0] for rest in stages(dockerfile(), **{name: value})[0].all("COPY")]
    # The context is the last word: the checkout.
    assert words[-1] == "."
    assert all((ROOT / source).exists() for source in sources)
    assert value in sources


# --- what it installs -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Installed:
    """The files of the image in a folder of this machine.

    Attributes:
        folder: stands for `/opt/trimaran`.
    """

    folder: Path

    def here(self, text: str) -> str:
        """A path of the image as a path of this machine."""
        return text.replace(PREFIX, str(self.folder))

    def environment(self) -> dict[str, str]:
        """What the server's container starts with, and nothing of this process."""
        told = {**STEP.environment(), **SERVER.environment()}
        path = self.here(told["PATH"].replace("$PATH", "/usr/bin:/bin"))
        return {**told, "PATH": path, "HOME": str(self.folder.parent / "home")}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Do what the build stage does, with uv in the place of venv and pip: it has the cache."""
    image = Installed(tmp_path_factory.mktemp("image") / "trimaran")
    (image.folder.parent / "home").mkdir()
    for keyword, rest in BUILD.instructions:
        match keyword, shlex.split(rest):
            case "ENV", _:
                pass
            case "RUN", ["python", "-m", "venv", folder]:
                command = ["uv", "venv", "--quiet", "--no-config", "--python", sys.executable]
                subprocess.run([*command, image.here(folder)], check=True)
            case "RUN", [program, "install", *options] if program.endswith("/bin/pip"):
                install(image, [image.here(option) for option in options])
            case "RUN", [program, *arguments]:
                subprocess.run([image.here(program), *map(image.here, arguments)], check=True)
            case "COPY", [source, target]:
                copy(ROOT / source, Path(image.here(target)))
            case _:
                pytest.fail(f"the test does not know how to do {keyword} {rest}")
    return image


def install(image: Installed, options: list[str]) -> None:
    """`pip install`, from the cache of this machine where it has everything."""
    python = str(image.folder / "bin" / "python")
    command = ["uv", "pip", "install", "--quiet", "--no-config", "--python", python]
    if subprocess.run([*command, "--offline", *options], capture_output=True).returncode:
        subprocess.run([*command, *options], check=True)


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)


def ran(image: Installed, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the image's Python."""
    return subprocess.run(
        [str(image.folder / "bin" / "python"), *arguments],
        cwd=image.folder.parent,
        env={**image.environment(), **environ},
        capture_output=True,
        text=True,
    )


def test_what_is_installed_is_what_the_lock_names_and_the_runtime_beside_it(
    installed: Installed,
) -> None:
    listing = (
        "import importlib.metadata as m, json, re, trimaran_runtime as t;"
        "names = [re.sub('[-_.]+', '-', d.name).lower() for d in m.distributions()];"
        "print(json.dumps([names, t.__file__]))"
    )
    names, runtime = json.loads(ran(installed, "-I", "-c", listing).stdout)
    assert set(names) <= read_lock(ROOT / "stacks", "requirements.lock", "aws").names
    assert {"granian", "scikit-learn", "skops", "obstore"} <= set(names)
    assert Path(runtime).is_relative_to(installed.folder)


@pytest.fixture(scope="module", params=["lowered", "scikit-learn"] if FULL else ["lowered"])
def release(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """A folder of serving files, as a cloud puts it into a container, and the release's id."""
    store = new_store(tmp_path_factory.mktemp("store"))
    name = publish(store, lowered=request.param == "lowered")
    key = write_serving_files(store, read_release(store, name))
    assert store.path is not None
    return store.path / key, name


@dataclass(frozen=True, slots=True)
class Container:
    """A process that was started as the image's container is."""

    process: "subprocess.Popen[bytes]"
    environ: Mapping[str, str]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environ['SAGEMAKER_BIND_TO_PORT']}"


@pytest.fixture
def container(
    installed: Installed, release: tuple[Path, str], tmp_path: Path
) -> Iterator[Container]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environ = {
        "TRIMARAN_MODEL_DIR": str(release[0]),
        "TRIMARAN_RELEASE": release[1],
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "TMPDIR": str(tmp_path),
    }
    program, *words = [*STEP.words("ENTRYPOINT"), *SERVER.words("CMD")]
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [installed.folder / "bin" / program, *words],
            cwd=tmp_path,
            env={**installed.environment(), **environ},
            stderr=output,
        )
    yield Container(process, environ, log)
    process.kill()
    process.wait()


def health(image: Installed, container: Container) -> int:
    """Exit status of the image's health check."""
    keyword, words = re.split(r"\bCMD ", SERVER.one("HEALTHCHECK"), maxsplit=1)
    assert "--timeout=" in keyword
    program, *arguments = json.loads(words)
    assert program == "python"
    return ran(image, *arguments, **container.environ).returncode


def test_it_serves_a_release_and_ends_when_it_is_told_to(
    installed: Installed, container: Container
) -> None:
    wait_until_serving(container)
    assert health(installed, container) == 0
    status, _, answer = predict(container.url)
    assert status == 200
    assert answer["predictions"][0].keys() == {"label", "probability"}
    container.process.send_signal(signal.SIGTERM)
    assert container.process.wait(30) == Exit.OK, container.log.read_text()
    assert "drained" in container.log.read_text()
    assert "Traceback" not in container.log.read_text()
    assert health(installed, container) == 1
    # Nothing is written where a user would be at home, or beside the installed files.
    assert list((installed.folder.parent / "home").iterdir()) == []


def wait_until_serving(container: Container) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            if ask(container.url, timeout=2)[0] == 200:
                return
        except OSError:
            pass
        assert container.process.poll() is None, container.log.read_text()
        assert time.monotonic() < deadline, container.log.read_text()
        time.sleep(0.05)
