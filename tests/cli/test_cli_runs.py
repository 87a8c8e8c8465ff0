"""`run` and `monitor`: what they print, and how they end."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.cli.deployed import Deployed, Trimaran
from trimaran_providers.contract.deployment import DriftState, RunState
from trimaran_providers.local.deployment import LocalDeployment

Report = Callable[[str], None]


def ends(monkeypatch: pytest.MonkeyPatch, status: str, message: str = "") -> None:
    state = RunState(
        id="20260101-120000-aaaaaa",
        status=status,
        trigger="manual",
        started=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=21,
        release="8b0982fadcf6" + "0" * 52,
        message=message,
    )

    def run(_: LocalDeployment, report: Report) -> RunState:
        report("data ✓")
        report("data ✓   train")
        report("data ✓   train ✓")
        return state

    monkeypatch.setattr(LocalDeployment, "run", run)


@pytest.mark.parametrize(
    ("status", "code"), [("succeeded", 0), ("refused", 4), ("invalid", 1), ("failed", 1)]
)
def test_a_run_ends_with_what_came_of_it(
    deployed: Deployed,
    trimaran: Trimaran,
    monkeypatch: pytest.MonkeyPatch,
    status: str,
    code: int,
) -> None:
    ends(monkeypatch, status, "why it ended")
    answer = trimaran("run")
    assert answer.code == code
    lines = answer.out.splitlines()
    assert lines[:2] == ["data ✓", "train"]
    assert f"{status} in 21 s   release 8b0982fadcf6" in lines
    assert "why it ended" in lines
    assert ("see `trimaran logs 20260101-120000-aaaaaa`" in lines) == (status != "succeeded")
    as_json = trimaran("run", "--json")
    assert as_json.code == code
    assert as_json.document["status"] == status


def test_without_a_pipeline_there_is_nothing_to_run(deployed: Deployed, trimaran: Trimaran) -> None:
    answer = trimaran("run")
    assert answer.code == 3
    assert "flights-local has no pipeline\n  Next: run `pulumi up -s local`" in answer.err


@pytest.mark.parametrize(
    ("severity", "code"),
    [("ok", 0), ("too_few_rows", 0), ("nothing_to_judge", 0), ("warn", 1), ("alert", 1)],
)
def test_drift_ends_with_1(
    deployed: Deployed,
    trimaran: Trimaran,
    monkeypatch: pytest.MonkeyPatch,
    severity: str,
    code: int,
) -> None:
    state = DriftState(
        checked=datetime(2026, 1, 1, tzinfo=UTC),
        severity=severity,
        summary="The whole sentence.",
        columns=41,
        rows=12408,
        report="file:///report.html",
    )
    monkeypatch.setattr(LocalDeployment, "check", lambda *_: state)
    answer = trimaran("monitor")
    assert answer.code == code
    assert "41 columns (12,408 rows)" in answer.out
    assert "The whole sentence.\nfile:///report.html\n" in answer.out
    assert trimaran("monitor", "--json").document["severity"] == severity
