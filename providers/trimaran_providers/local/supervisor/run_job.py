"""`python -m trimaran_providers.local.supervisor.run_job`: one job, in a process of its own."""

import argparse
import sys
from pathlib import Path

from trimaran_providers.contract.errors import ProjectError, TrimaranError
from trimaran_providers.local.checks import check_traffic
from trimaran_providers.local.definition import read_definition
from trimaran_providers.local.layout import Layout
from trimaran_providers.local.observed_run import run_and_alert
from trimaran_providers.local.run_record import Status
from trimaran_providers.local.supervisor.job import Job, JobKind, read_job
from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.process.parent_watch import exit_with_parent
from trimaran_runtime.storage.store import Store
from trimaran_runtime.tracking.send import send


def main() -> int:
    """Run the job; 1 when it did not succeed."""
    exit_with_parent()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--job", required=True)
    arguments = parser.parse_args()
    layout = Layout(arguments.project)
    try:
        job = read_job(layout.job(arguments.job))
        if job is None:
            raise ProjectError(f"no job {arguments.job!r} in {layout.supervisor}")
        return 0 if _run(layout, job) else 1
    except (TrimaranError, RuntimeFault) as exc:
        sys.exit(f"{arguments.job}: {exc}")


def _show(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _run(layout: Layout, job: Job) -> bool:
    if job.kind is JobKind.monitor:
        check_traffic(layout, job.physical, report=_show)
        return True
    store = layout.store(job.physical)
    if job.kind is JobKind.track:
        outcome = send(Store.open_directory(store))
        _show(str(outcome))
        return not outcome.waiting
    definition = read_definition(store)
    if definition is None:
        raise ProjectError(f"{job.physical} has no pipeline", next_step="run `pulumi up`")
    record = run_and_alert(store, definition, trigger="schedule", report=_show)
    return record.status in {Status.succeeded, Status.refused}


if __name__ == "__main__":
    sys.exit(main())
