"""A killed step, a killed runner: nothing of the run goes on, and its record says so."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from trimaran_providers.local.atomic import is_locked, locked
from trimaran_providers.local.run_record import LOCK, RunRecord, Status, list_runs, write_run
from trimaran_providers.local.step_process import StepProcess, StepResult
from trimaran_runtime.config import RunConfig
from trimaran_runtime.errors import Exit
from trimaran_runtime.steps.forked import StepNursery
from trimaran_runtime.steps.ports import PIPELINE

LOADS = """\
import os, signal, subprocess, sys, time
from pathlib import Path

def load():
    child = subprocess.Popen(["sleep", "600"])  # it inherits the step's output
    Path("pids").write_text(f"{os.getpid()} {child.pid}")
    print("started", flush=True)
    THEN
"""
RUNS = """\
import sys
from pathlib import Path
from tests.engine.test_crash_run import step
from trimaran_runtime.steps.forked import StepNursery
folder = Path(sys.argv[1])
nursery = StepNursery(folder) if sys.argv[2] == "forked" else None
step(folder, timeout_seconds=600, nursery=nursery).run(lambda line: None)
"""


def step(
    folder: Path, *, timeout_seconds: float, nursery: StepNursery | None = None
) -> StepProcess:
    """The first step of a pipeline whose data come from `loads.py`."""
    return StepProcess(
        ports=PIPELINE[0],
        inputs={"config": folder / "config.json", "code": folder},
        outputs={name: folder / name for name in PIPELINE[0].outputs},
        parameters={"run": "1", "code": "sha256:code", "environment": "sha256:env"},
        code=folder,
        log=folder / "log",
        timeout_seconds=timeout_seconds,
        nursery=nursery,
    )


def lay_out(folder: Path, then: str) -> None:
    (folder / "loads.py").write_text(LOADS.replace("THEN", then))
    config = RunConfig.model_validate(
        {
            "model": "toy",
            "data": {"source": "loads:load", "target": "y"},
            "training": {"train": "loads:fit"},
        }
    )
    (folder / "config.json").write_bytes(config.to_json())


def family(folder: Path) -> list[psutil.Process]:
    """The step and the child of its user's code, as soon as both are there."""
    deadline = time.monotonic() + 60
    while not (folder / "pids").exists() or not (folder / "pids").read_text().count(" "):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return [psutil.Process(int(pid)) for pid in (folder / "pids").read_text().split()]


@pytest.fixture(params=["started", "forked"])
def nursery(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StepNursery | None]:
    """How a step comes to be: by a nursery, or None."""
    made = StepNursery(tmp_path)
    yield made if request.param == "forked" else None
    made.end()


def timed(
    folder: Path, *, timeout_seconds: float, nursery: StepNursery | None
) -> tuple[StepResult, float]:
    started = time.monotonic()
    made = step(folder, timeout_seconds=timeout_seconds, nursery=nursery)
    result = made.run(lambda line: None)
    return result, time.monotonic() - started


def assert_ended(folder: Path) -> None:
    alive = [int(pid) for pid in (folder / "pids").read_text().split()]
    deadline = time.monotonic() + 5  # a signal takes effect when the process is next scheduled
    while alive and time.monotonic() < deadline:
        alive = [pid for pid in alive if _lives(pid)]
        time.sleep(0.02)
    assert alive == []


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("then", "seconds"),
    [("os.kill(os.getpid(), signal.SIGKILL)", 600.0), ("time.sleep(600)", 4.0)],
    ids=["killed", "timed out"],
)
def test_a_step_takes_its_own_children_along(
    tmp_path: Path, nursery: StepNursery | None, then: str, seconds: float
) -> None:
    lay_out(tmp_path, then)
    result, took = timed(tmp_path, timeout_seconds=seconds, nursery=nursery)
    assert result.exit is Exit.CRASHED
    assert took < 60, "it waited for a child that holds the output"
    if (tmp_path / "pids").exists():  # a busy machine may not come so far in its time
        assert_ended(tmp_path)


@pytest.mark.parametrize("how", ["started", "forked"])
def test_a_killed_runner_takes_its_step_and_the_steps_children_along(
    tmp_path: Path, how: str
) -> None:
    lay_out(tmp_path, "time.sleep(600)")
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNS, str(tmp_path), how],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        processes = family(tmp_path)
    finally:
        runner.kill()
        runner.wait()
    _, alive = psutil.wait_procs(processes, timeout=10)
    assert alive == []


def test_forked_steps_share_nothing_and_a_killed_nursery_starts_anew(tmp_path: Path) -> None:
    lay_out(tmp_path, "return 1")
    (tmp_path / "loads.py").write_text(
        "import os, sys\n"
        "from pathlib import Path\n"
        "def load():\n"
        "    with Path('seen').open('a') as seen:\n"
        "        print(os.getpid(), os.getppid(), getattr(sys, 'mark', 'clean'), file=seen)\n"
        "    sys.mark = 'marked'\n"
        "    raise ValueError('no data today')\n"
    )
    nursery = StepNursery(tmp_path)
    try:
        made = step(tmp_path, timeout_seconds=600, nursery=nursery)
        results = [made.run(lambda line: None) for _ in range(2)]
        _, first, _ = (tmp_path / "seen").read_text().splitlines()[-1].split()
        os.kill(int(first), signal.SIGKILL)
        psutil.Process(int(first)).wait()
        results.append(made.run(lambda line: None))
    finally:
        nursery.end()
    assert all("no data today" in result.message for result in results)
    pids, parents, marks = zip(
        *(line.split() for line in (tmp_path / "seen").read_text().splitlines()), strict=True
    )
    assert len(set(pids)) == 3
    assert (parents[0], len(set(parents))) == (parents[1], 2)
    assert set(marks) == {"clean"}


def test_what_a_killed_runner_has_started_holds_its_lock_until_it_ends(tmp_path: Path) -> None:
    lay_out(tmp_path, "time.sleep(600)")
    lock = tmp_path / "run.lock"
    with lock.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        nursery = StepNursery(tmp_path, inherits=(held.fileno(),))
        made = step(tmp_path, timeout_seconds=600, nursery=nursery)
        runs = threading.Thread(target=made.run, args=(lambda line: None,), daemon=True)
        runs.start()
        started, child = family(tmp_path)
    try:
        assert is_locked(lock), "nobody waits for what still writes"
    finally:
        (forks,) = psutil.Process().children()
        for process in (forks, started, child):
            process.kill()
        runs.join(timeout=10)
        nursery.end()
    assert not is_locked(lock)


STOPS = """\
import os, signal, socket, sys, time
import trimaran_runtime.config, trimaran_runtime.steps.__main__  # as a nursery has them
from trimaran_runtime.steps import nursery
ours, theirs = socket.socketpair()
pid, go = nursery._fork(["data", "--error", sys.argv[1]], [os.dup(1), os.dup(2)], ours)
print(pid, flush=True)
time.sleep(1)  # enough for a step to end
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_step_whose_nursery_is_killed_before_it_told_of_it_never_begins(tmp_path: Path) -> None:
    error = tmp_path / "error.json"
    killed = subprocess.run([sys.executable, "-c", STOPS, str(error)], stdout=subprocess.PIPE)
    (tmp_path / "pids").write_text(killed.stdout.decode())
    assert_ended(tmp_path)
    assert not error.exists(), "it went to work"


def test_a_run_whose_process_is_gone_is_told_as_interrupted(tmp_path: Path) -> None:
    record = RunRecord(
        id="20260101-000000-abcdef",
        model_name="toy",
        status=Status.running,
        trigger="up",
        started=datetime.now(UTC),
    )
    with locked(tmp_path / LOCK, wait_seconds=1):
        write_run(tmp_path, record)
        assert [run.status for run in list_runs(tmp_path)] == [Status.running]
    found = list_runs(tmp_path)
    assert [run.status for run in found] == [Status.interrupted]
    assert "killed" in found[0].message
