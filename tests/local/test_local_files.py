"""Files are whole or absent, secrets are for their owner, old things go and releases stay."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trimaran_providers.contract.errors import ProjectError
from trimaran_providers.local.atomic import is_locked, locked, write_atomic
from trimaran_providers.local.destinations import (
    Destination,
    Destinations,
    read_destinations,
    write_destinations,
)
from trimaran_providers.local.layout import Layout, owner_of
from trimaran_providers.local.retention import delete_old
from trimaran_runtime.alerting.config import AlertRules


def test_a_failed_write_leaves_the_old_content_and_no_debris(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"
    write_atomic(path, b"old")

    def fail(self: Path, target: Path) -> Path:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["state.json"]


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path, wait_seconds=0):
        assert is_locked(path)
        with pytest.raises(TimeoutError), locked(path, wait_seconds=0.1):
            pass
    assert not is_locked(path)


def test_destinations_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "toy.json"
    channel = Destination(kind="webhook", address="https://example.com/hook?token=1")
    given = Destinations(store_uri="file:///s", rules=AlertRules(), channels=(channel,))
    write_destinations(path, given)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_destinations(path) == given
    assert read_destinations(tmp_path / "none.json") is None


def test_retention_deletes_traffic_runs_and_reports_and_never_a_release(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text('{"retention_days": 30}')
    names = ("capture/e/v/2026/01/01/00/a.jsonl", "runs/r1/run.json", "monitor/c1/report.html")
    kept = ("releases/x/manifest.json", "blobs/sha256/aa/b", "channels/production/1.json")
    for name in (*names, *kept):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text("x")
    long_ago = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    for path in tmp_path.rglob("*"):
        if path.name != "store.json":
            os.utime(path, (long_ago, long_ago))
    assert delete_old(tmp_path, now=datetime(2026, 1, 20, tzinfo=UTC)) == 0
    assert delete_old(tmp_path, now=datetime(2026, 2, 2, tzinfo=UTC)) == 3
    assert not any((tmp_path / name).exists() for name in names)
    assert all((tmp_path / name).exists() for name in kept)


def test_the_project_is_found_from_below_and_its_absence_is_named(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").touch()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert Layout.find(below).project == tmp_path
    assert owner_of(Layout(tmp_path).store("toy-test")) == Layout(tmp_path)
    with pytest.raises(ProjectError, match=r"no Pulumi\.yaml"):
        Layout.find(Path("/"))
