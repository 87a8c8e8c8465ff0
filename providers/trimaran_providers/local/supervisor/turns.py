"""When waiting runs are sent to the MLflow server: at once, and more rarely while it is down."""

import time

_FIRST_PAUSE = 30.0
_LONGEST_PAUSE = 3600.0


class Turns:
    """Pauses by job; each failure doubles a job's pause, up to an hour.

    A turn loads MLflow, which takes seconds of processor time: a server that is down must not cost
    them every few seconds.
    """

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._due: dict[str, float] = {}

    def is_due(self, job_id: str) -> bool:
        """Whether a job may have its turn now."""
        return time.monotonic() >= self._due.get(job_id, 0.0)

    def ended(self, job_id: str, *, succeeded: bool) -> None:
        """Note how a turn ended."""
        failures = 0 if succeeded else self._failures.get(job_id, 0) + 1
        self._failures[job_id] = failures
        pause = min(_FIRST_PAUSE * 2 ** min(failures - 1, 10), _LONGEST_PAUSE) if failures else 0.0
        self._due[job_id] = time.monotonic() + pause
