"""The set-up: cheap when repeated, clear when it cannot go on."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.setup import checkout, command, engine, engine_build, environment
from tools.setup.engine import Pins, Source
from tools.setup.failure import SetupError, Unavailable

ROOT = Path(__file__).resolve().parents[2]
PINS = Pins.of(ROOT / "tools" / "pulumi")


def program(path: Path, body: str = "exit 0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def closed(reason: str) -> Callable[[], Path]:
    def find() -> Path:
        raise Unavailable(reason)

    return find


@pytest.fixture
def empty_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


# Repeating


@pytest.mark.usefixtures("ready_checkout")
def test_second_set_up_starts_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        pytest.fail(f"started {args}")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    checkout.set_up(ROOT, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


@pytest.mark.usefixtures("ready_checkout")
def test_second_set_up_is_quick_and_silent() -> None:
    walls = []
    for _ in range(3):
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "tools.setup"], cwd=ROOT, capture_output=True, text=True
        )
        walls.append(time.monotonic() - start)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert min(walls) < 1.0  # 0.1 s on an idle machine


@pytest.fixture
def ready_checkout() -> None:
    if not environment.Environment(ROOT).ready():
        pytest.skip("these tests run outside the environment that make set up")


@pytest.fixture
def small_checkout(tmp_path: Path) -> environment.Environment:
    root = tmp_path / "checkout"
    for name in ("requirements.lock", "pyproject.toml", "runtime/pyproject.toml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, root / name)
    return environment.Environment(root)


@pytest.mark.parametrize(
    ("name", "old", "new", "differs"),
    [
        ("requirements.lock", "numpy==", "numpy==9", True),
        ("runtime/pyproject.toml", "numpy>=", "numpy>=9", True),
        ("pyproject.toml", "pydantic>=", "pydantic>=9", True),
        ("pyproject.toml", "line-length = 100", "line-length = 99", False),
    ],
)
def test_environment_is_redone_for_what_it_is_made_from(
    small_checkout: environment.Environment, name: str, old: str, new: str, *, differs: bool
) -> None:
    before = small_checkout.digest()
    path = small_checkout.root / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert (small_checkout.digest() != before) is differs


def test_a_broken_shim_of_uv_is_passed_over(empty_path: Path, tmp_path: Path) -> None:
    program(empty_path / "uv", "exit 127")
    lock = ROOT / "requirements.lock"
    version = environment.locked_pin("uv", lock.read_text()).split("==")[1].split()[0]
    installed = program(tmp_path / "cache" / "uv" / version / "bin" / "uv")
    assert environment.find_uv(tmp_path / "cache", lock) == installed


# Without an engine


def test_no_pulumi_no_download_no_go_says_what_to_do(empty_path: Path, tmp_path: Path) -> None:
    ways = engine.sources(ROOT / ".venv" / "bin" / "python", PINS, tmp_path)
    assert [way.name for way in ways] == ["PATH", "cache", "download", "build"]
    ways[2] = Source(name="download", find=closed("it is off"), slow=True)
    with pytest.raises(SetupError) as caught:
        engine.provide(ways, PINS)
    message = str(caught.value)
    for part in ("no `pulumi` there", "it is off", "no `go` on PATH", PINS.cli, "`make setup`"):
        assert part in message
    assert engine_build.go_version(PINS.modules) in message
    assert list(empty_path.iterdir()) == []


def test_the_script_ends_with_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise SetupError("there is no Pulumi engine")

    monkeypatch.setattr(checkout, "set_up", fail)
    assert checkout.main() == 1
    assert capsys.readouterr().err == "setup: error: there is no Pulumi engine\n"


def test_an_unreachable_download_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A proxy that nobody serves: refused at once, whatever the machine can reach.
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    target = tmp_path / "pulumi" / PINS.cli
    with pytest.raises(Unavailable, match="refused") as caught:
        engine.download(Path(sys.executable), PINS.cli, target)
    assert "\n" not in str(caught.value)
    assert not target.exists()


def test_an_old_python_gets_a_sentence(tmp_path: Path) -> None:
    code = (ROOT / "tools" / "setup" / "__main__.py").read_text()
    old = "import sys; sys.version_info = (3, 9, 1); sys.version = '3.9.1 (main)'\n"
    # Elsewhere, so that a set-up that went on would find nothing to change.
    done = subprocess.run(
        [sys.executable, "-c", old + code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("setup: Python 3.11 or newer is needed, this is 3.9.1;")
    assert len(done.stderr.splitlines()) == 1


# Choosing an engine


@pytest.mark.parametrize(
    ("version", "companions", "reason"),
    [
        ("v3.258.9", True, "is version 3.258.9, older than"),
        ("v4.0.0", True, "is version 4.0.0"),
        ("", True, "is version unknown"),
        ("v3.300.0", False, "has no pulumi-language-python"),
    ],
)
def test_engine_on_path_is_refused(
    empty_path: Path, version: str, reason: str, *, companions: bool
) -> None:
    program(empty_path / "pulumi", f"echo {version}")
    if companions:
        for name in engine.COMPANIONS:
            program(empty_path / name)
    with pytest.raises(Unavailable, match=reason):
        engine.on_path("3.259.0")


@pytest.mark.parametrize("version", ["v3.259.0", "v3.259.1-alpha.1", "v3.1000.0"])
def test_engine_on_path_is_taken(empty_path: Path, version: str) -> None:
    program(empty_path / "pulumi", f"echo {version}")
    for name in engine.COMPANIONS:
        program(empty_path / name)
    assert engine.on_path("3.259.0") == empty_path


def test_link_follows_the_pins(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    venv.mkdir()
    program(tmp_path / "engine" / "pulumi")
    assert not engine.linked(venv, PINS)
    engine.link(venv, PINS, [Source(name="given", find=lambda: tmp_path / "engine")])
    assert (venv / "engine" / "pulumi").exists()
    assert engine.linked(venv, PINS)
    newer = Pins(modules=PINS.modules, cli="3.999.0", python=PINS.python, yaml=PINS.yaml)
    assert not engine.linked(venv, newer)


# Building


@pytest.fixture
def fake_go(empty_path: Path, tmp_path: Path) -> Path:
    """A go that writes the output file, and knows where the scripts are."""
    sdk = tmp_path / "sdk"
    for script in engine_build.SCRIPTS:
        program(sdk / script)
    body = f"""
    echo "$PWD $*" >> {tmp_path}/calls
    if [ "$1" = list ]; then echo {sdk}; exit 0; fi
    while [ "$1" != -o ]; do shift; done
    /bin/mkdir -p "$(/usr/bin/dirname "$2")"; echo built > "$2"
    """
    return program(empty_path / "go", body)


@pytest.mark.usefixtures("fake_go")
def test_build_makes_one_complete_folder(tmp_path: Path) -> None:
    target = tmp_path / "pulumi" / PINS.key
    folder = engine.build(PINS, target)
    assert folder == target / "bin"
    names = {"pulumi", "pulumi-resource-pulumi-python", *engine.COMPANIONS}
    assert {path.name for path in folder.iterdir()} == names
    assert os.access(folder / "pulumi-language-python-exec", os.X_OK)
    assert sorted(path.name for path in target.parent.iterdir()) == [".lock", PINS.key]
    calls = (tmp_path / "calls").read_text()
    assert "-mod=mod" not in calls
    assert calls.count("-mod=readonly") == 4
    assert calls.count(f"Version=v{PINS.cli}") == 1


def test_a_failed_build_leaves_nothing_and_says_why(fake_go: Path, tmp_path: Path) -> None:
    program(fake_go, "echo 'go: go.mod requires go >= 9' >&2; exit 1")
    target = tmp_path / "pulumi" / PINS.key
    with pytest.raises(Unavailable, match="requires go >= 9"):
        engine.build(PINS, target)
    assert [path.name for path in target.parent.iterdir()] == [".lock"]


@pytest.mark.usefixtures("fake_go")
def test_two_set_ups_build_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "pulumi" / PINS.key
    threads = [threading.Thread(target=engine.build, args=(PINS, target)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "calls").read_text().count("-o ") == 3
    assert capsys.readouterr().out.count("building Pulumi") == 1


def test_progress_is_reported_and_time_is_limited(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "LOG_EVERY_SECONDS", 0.2)
    with pytest.raises(Unavailable, match="sleeping took longer than 1 s"):
        command.run(["sleep", "30"], "sleeping", timeout_seconds=1)
    assert capsys.readouterr().out.count("setup: sleeping: 0:0") >= 2


# The wrapper


def test_run_puts_the_environment_before_the_engine(tmp_path: Path) -> None:
    wrapper = tmp_path / "tools" / "run"
    wrapper.parent.mkdir()
    shutil.copy(ROOT / "tools" / "run", wrapper)
    missing = subprocess.run([wrapper, "true"], capture_output=True, text=True)
    assert missing.returncode == 1
    assert "make setup" in missing.stderr
    program(tmp_path / ".venv" / "engine" / "pulumi")
    shown = subprocess.run([wrapper, "sh", "-c", "echo $PATH"], capture_output=True, text=True)
    first, second = shown.stdout.split(":")[:2]
    assert (first, second) == (f"{tmp_path}/.venv/bin", f"{tmp_path}/.venv/engine")
    assert subprocess.run([wrapper, "sh", "-c", "exit 7"]).returncode == 7
