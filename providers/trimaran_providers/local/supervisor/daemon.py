"""The supervisor: one process per project that runs jobs by the clock."""

import fcntl
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from io import BufferedRandom
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from trimaran_providers.contract.errors import TrimaranError
from trimaran_providers.local.atomic import write_atomic
from trimaran_providers.local.cron import cron_trigger
from trimaran_providers.local.layout import Layout
from trimaran_providers.local.supervisor.job import Job, JobKind, read_job
from trimaran_providers.local.supervisor.process import LOCK
from trimaran_providers.local.supervisor.turns import Turns
from trimaran_providers.local.watch import watch
from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.process.parent_watch import VARIABLE
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.tracking.outbox import OUTBOX

_log = logging.getLogger("supervisor")
_POLL_SECONDS = 0.3
_LOCK_SECONDS = 2.0
_IDLE_SECONDS = 5.0
_GRACE_SECONDS = 3600
_END_SECONDS = 5.0
STATE = "state.json"


class Supervisor:
    """Keeps the schedule equal to the job files, until there are none.

    Args:
        layout: folders of the project.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._seen: dict[str, int] = {}
        # Running jobs by id; no job starts without the lock, or once it stops.
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._turns = Turns()

    def run(self) -> int:
        """Run until the last job is gone or SIGTERM; 1 if another supervisor runs already."""
        # Held by the process, not by this method: it is free only when every thread has ended.
        self._lock = self._take_lock()
        if self._lock is None:
            _log.info("another supervisor runs already")
            return 1
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        self._scheduler.start()
        started = time.monotonic()
        while not self._stop.is_set():
            self._follow_files()
            # At the start the first job file may not be there yet.
            if not self._seen and time.monotonic() - started > _IDLE_SECONDS:
                break
            if not (self._layout.supervisor / LOCK).exists():
                break
            if self._seen:
                started = min(started, time.monotonic() - _IDLE_SECONDS)
            self._stop.wait(_POLL_SECONDS)
        self._shut_down()
        return 0

    def _take_lock(self) -> BufferedRandom | None:
        stream = (self._layout.supervisor / LOCK).open("a+b")
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # Somebody who only looks whether it is locked holds it for a moment.
                if time.monotonic() > deadline:
                    return None
                time.sleep(0.02)
        stream.truncate(0)
        stream.write(str(os.getpid()).encode())
        stream.flush()
        return stream

    def _follow_files(self) -> None:
        folder = self._layout.supervisor / "jobs"
        now: dict[str, int] = {}
        for path in folder.glob("*.json"):
            try:
                now[path.stem] = path.stat().st_mtime_ns
            except FileNotFoundError:
                continue
        for job_id in self._seen.keys() - now.keys():
            self._scheduler.remove_job(job_id)
            self._end(job_id)
        for job_id, changed in now.items():
            if self._seen.get(job_id) != changed:
                self._schedule(job_id, folder / f"{job_id}.json")
        if now != self._seen:
            self._seen = now
            self._write_state()

    def _schedule(self, job_id: str, path: Path) -> None:
        try:
            job = read_job(path)
        except TrimaranError as exc:
            _log.error("%s", exc)
            return
        if job is not None:
            self._scheduler.add_job(
                self._run_job,
                _trigger(job),
                args=(job_id, job),
                id=job_id,
                replace_existing=True,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=_GRACE_SECONDS,
            )

    def _run_job(self, job_id: str, job: Job) -> None:
        if job.kind is JobKind.watch:
            # Every few seconds: a process each time would cost more than the watch itself.
            try:
                watch(self._layout, job.physical)
            except (TrimaranError, RuntimeFault, OSError) as exc:
                _log.error("watch of %s: %s", job.physical, exc)
            return
        if job.kind is JobKind.track and not self._has_turn(job_id, job):
            return
        process = self._start(job_id)
        if process is None:
            return
        code = process.wait()
        self._running.pop(job_id, None)
        self._turns.ended(job_id, succeeded=code == 0)
        _log.info("job %s ended with status %d", job_id, code)
        if not self._stop.is_set():
            self._write_state()

    def _has_turn(self, job_id: str, job: Job) -> bool:
        """Whether runs wait for MLflow, and its server is asked again by now."""
        outbox = self._layout.store(job.physical) / OUTBOX
        return self._turns.is_due(job_id) and any(outbox.glob("*.json"))

    def _start(self, job_id: str) -> "subprocess.Popen[bytes] | None":
        """Start a job's process; None: its file is gone, or the supervisor stops."""
        command = [sys.executable, "-m", "trimaran_providers.local.supervisor.run_job"]
        with self._starting:
            if self._stop.is_set() or not self._layout.job(job_id).exists():
                return None
            self._running[job_id] = subprocess.Popen(
                [*command, "--project", str(self._layout.project), "--job", job_id],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, VARIABLE: str(os.getpid())},
            )
            return self._running[job_id]

    def _end(self, job_id: str) -> None:
        """End a job's process and its children, if it runs."""
        with self._starting:
            process = self._running.get(job_id)
        if process is not None:
            end_group(process.pid)

    def _write_state(self) -> None:
        jobs = {job.id: job.next_run_time for job in self._scheduler.get_jobs()}
        document = {
            "pid": os.getpid(),
            "next_runs": {name: at.isoformat() if at else None for name, at in jobs.items()},
        }
        if self._layout.supervisor.is_dir():
            write_atomic(self._layout.supervisor / STATE, canonical_json(document))

    def _shut_down(self) -> None:
        self._stop.set()
        self._scheduler.shutdown(wait=False)
        for job_id in tuple(self._running):
            self._end(job_id)


def _trigger(job: Job) -> BaseTrigger:
    if job.cron is not None:
        return cron_trigger(job.cron, job.timezone)
    return IntervalTrigger(seconds=job.every_seconds)


def end_group(leader: int) -> None:
    """End a process and its children, which share its group; returns when none is left."""
    deadline = time.monotonic() + _END_SECONDS
    number = signal.SIGTERM
    while True:
        try:
            os.killpg(leader, number)
        except ProcessLookupError:
            return
        # A job's step is in the job's group, and must be gone before its files are deleted.
        number = signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL
        time.sleep(0.05)
