"""`python -m trimaran_runtime.steps`: arguments, errors, exit status, and the end of the parent."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.runtime.toy_run import STEPS, TOY, ToyRun, command, toy_config
from trimaran_runtime.config import RunConfig
from trimaran_runtime.errors import Exit
from trimaran_runtime.steps.__main__ import main
from trimaran_runtime.steps.ports import PIPELINE

ALL_STEPS = """
import sys
from trimaran_runtime.steps.__main__ import main
for line in sys.stdin.read().splitlines():
    status = main(line.split("\\t"))
    if status:
        sys.exit(status)
"""


def test_every_step_has_the_ports_of_the_table() -> None:
    from importlib import import_module

    for ports in PIPELINE:
        step = import_module(f"trimaran_runtime.steps.{ports.name}").STEP
        assert (step.name, step.inputs, step.outputs) == (ports.name, ports.inputs, ports.outputs)


def test_the_command_loads_no_step_and_no_library_before_it_knows_which() -> None:
    program = (
        "import sys, trimaran_runtime.steps.__main__; "
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('numpy', 'pandas', 'pyarrow', 'sklearn', 'scipy')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data", "--input", "config"], "--input 'config' is not name=value"),
        (["data", "--input", "config=s3://bucket/x"], "is not on this machine"),
        (["data", "--output", "table=t"], "the step lacks --input config="),
        (["gate", "--input", "code=."], "the step lacks --input config="),
    ],
)
def test_wrong_arguments_are_named(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == Exit.BAD_INPUT
    assert message in capsys.readouterr().err


def test_an_unknown_port_is_refused(toy: ToyRun, capsys: pytest.CaptureFixture[str]) -> None:
    toy.configure(toy_config())
    arguments = command(
        "data", work=toy.work, code=TOY, config=toy.folder / "config.json", store=toy.folder
    )
    assert main([*arguments, "--input", f"more={TOY}"]) == Exit.BAD_INPUT
    assert "the step has no input 'more'" in capsys.readouterr().err


def test_outputs_are_emptied_but_never_an_input(
    toy: ToyRun, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.configure(toy_config())
    stale = toy.work / "table" / "stale.txt"
    stale.parent.mkdir()
    stale.write_text("of an earlier run")
    assert toy.step("data") == Exit.OK
    written = sorted(path.name for path in stale.parent.iterdir())
    assert written == ["data.json", "table.parquet", "usage.json"]

    code = toy.folder / "code"
    code.mkdir()
    arguments = [
        "data",
        *("--input", f"config={toy.folder / 'config.json'}"),
        *("--input", f"code={code}"),
        *("--output", f"table={toy.folder}"),
    ]
    assert main(arguments) == Exit.BAD_INPUT
    assert "holds input" in capsys.readouterr().err
    assert code.is_dir()


def test_file_uris_are_paths(toy: ToyRun) -> None:
    toy.configure(toy_config())
    arguments = [
        "data",
        *("--input", f"config={(toy.folder / 'config.json').as_uri()}"),
        *("--input", f"code={TOY.as_uri()}"),
        *("--output", f"table={(toy.work / 'table').as_uri()}"),
    ]
    assert main(arguments) == Exit.OK
    assert toy.output("table/data.json")["rows"] == 6000


def test_a_wrong_configuration_names_the_field(toy: ToyRun) -> None:
    document = json.loads(RunConfig.model_validate(toy_config()).to_json())
    document["gate"]["flour"] = 0.7
    (toy.folder / "config.json").write_text(json.dumps(document))
    assert toy.step("data") == Exit.BAD_INPUT
    error = toy.error("data")
    assert (error["exit"], error["kind"], error["where"]) == (2, "ConfigError", "gate.flour")


def test_our_own_crash_is_told_with_its_traceback(
    toy: ToyRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.configure(toy_config())
    toy.steps(last="split")
    (toy.work / "splits" / "test.parquet").write_bytes(b"no parquet")
    assert toy.step("validate") == Exit.CRASHED
    error = toy.error("validate")
    assert error["exit"] == 1
    assert "Traceback" in error["traceback"]
    assert "Traceback" in capsys.readouterr().err


def all_steps(folder: Path, *, hash_seed: str) -> str:
    """Run the whole pipeline in a fresh process; returns the release's id."""
    work = folder / "work"
    work.mkdir(parents=True)
    (folder / "store").mkdir()
    config = folder / "config.json"
    config.write_bytes(RunConfig.model_validate(toy_config()).to_json())
    lines = [
        "\t".join(command(name, work=work, code=TOY, config=config, store=folder / "store"))
        for name in STEPS
    ]
    done = subprocess.run(
        [sys.executable, "-c", ALL_STEPS],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )
    assert done.returncode == 0, done.stderr
    return str(json.loads((work / "release" / "release.json").read_bytes())["release"])


def test_two_fresh_processes_make_the_same_release(tmp_path: Path) -> None:
    first = all_steps(tmp_path / "first", hash_seed="1")
    second = all_steps(tmp_path / "second", hash_seed="2")
    assert first == second


def test_a_step_ends_when_its_parent_is_killed(toy: ToyRun) -> None:
    code = toy.folder / "code"
    code.mkdir()
    started = toy.folder / "started"
    (code / "slow.py").write_text(
        "import os, pathlib, time\n"
        "def load():\n"
        f"    pathlib.Path({str(started)!r}).write_text(str(os.getpid()))\n"
        "    time.sleep(60)\n"
    )
    toy.configure(toy_config(data__source="slow:load"))
    arguments = command(
        "data", work=toy.work, code=code, config=toy.folder / "config.json", store=toy.folder
    )
    program = (
        "import os, subprocess, sys\n"
        "environment = {**os.environ, 'TRIMARAN_PARENT_PID': str(os.getpid())}\n"
        "subprocess.run([sys.executable, '-m', 'trimaran_runtime.steps', *sys.argv[1:]],"
        " env=environment)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, *arguments])
    try:
        step = psutil.Process(int(_wait_for_text(started)))
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        step.wait(timeout=10)
    finally:
        if parent.poll() is None:
            parent.kill()
            parent.wait()
    assert not psutil.pid_exists(step.pid)


def _wait_for_text(path: Path) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if path.is_file() and (text := path.read_text()):
            return text
        time.sleep(0.05)
    pytest.fail(f"{path} was not written")


@pytest.mark.parametrize(("given", "expected"), [(None, "passive"), ("active", "active")])
def test_threads_sleep_while_they_wait_unless_the_environment_says_otherwise(
    given: str | None, expected: str
) -> None:
    program = (
        "import os; from trimaran_runtime.steps.__main__ import main; main(['gate']); "
        "print(os.environ['OMP_WAIT_POLICY'])"
    )
    environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    if given:
        environment["OMP_WAIT_POLICY"] = given
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment
    )
    assert done.stdout.strip() == expected
