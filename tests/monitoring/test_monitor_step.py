"""The monitor step: verdict, report and archive; and never "no drift" without having looked."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.monitoring.traffic_store import (
    NOON,
    answers_to,
    config_of,
    line,
    rows_of,
    send,
    store_with_release,
)
from trimaran_runtime.errors import ConfigError, Corrupted
from trimaran_runtime.monitoring.action import Retraining
from trimaran_runtime.monitoring.archive import (
    LATEST_REPORT,
    last_retraining,
    read_latest,
    record_retraining,
)
from trimaran_runtime.registry.release import read_release
from trimaran_runtime.steps.monitor import STEP
from trimaran_runtime.steps.step import Context
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.storage.store import Store

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def world(tmp_path: Path) -> tuple[Store, str]:
    return store_with_release(tmp_path / "store")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def step(config: dict[str, Any] | None = None, **parameters: str) -> dict[str, Any]:
        (tmp_path / "config.json").write_bytes(config_of(**(config or {})).to_json())
        output = tmp_path / "out"
        output.mkdir(exist_ok=True)
        given = {
            "store": (tmp_path / "store").as_uri(),
            "endpoint": "flights",
            "now": NOON.isoformat(),
            **parameters,
        }
        STEP.run(
            Context(
                inputs={"config": tmp_path / "config.json"},
                outputs={"report": output},
                parameters=given,
                progress=lambda line: None,
            )
        )
        verdict: dict[str, Any] = json.loads((output / "verdict.json").read_bytes())
        return verdict

    return step


def test_traffic_like_the_training_rows_is_not_drift(world: tuple[Store, str], run: Run) -> None:
    store, release = world
    send(store, release, rows_of(25_000, 5), per_request=500)
    verdict = run()
    assert verdict["drifted"] == []
    assert verdict["severity"] in {"ok", "too_few_rows"}
    assert (verdict["rows"], verdict["requests"]) == (25_000, 50)
    assert verdict["action"]["kind"] == "log"


def test_a_shift_is_found_stored_and_acted_upon(world: tuple[Store, str], run: Run) -> None:
    store, release = world
    send(store, release, rows_of(8_000, 5, shift=0.6))
    verdict = run({"on_drift": "retrain"})
    assert verdict["severity"] == "alert"
    assert verdict["drifted"] == ["distance"]
    assert verdict["action"]["kind"] == "retrain"
    latest = read_latest(store)
    assert latest is not None
    assert latest["severity"] == "alert"
    assert latest["key"] == "monitor/20260102T120000Z"
    assert latest["release"] == release
    kept = store.read_json(f"{latest['key']}/verdict.json")
    assert kept == verdict
    report = store.read(f"{latest['key']}/report.html")
    assert report == store.read(LATEST_REPORT)
    assert b"Strong drift in distance" in report


def test_changed_answers_are_drift_too(world: tuple[Store, str], run: Run) -> None:
    store, release = world
    rows = rows_of(6_000, 5)
    answers = [{"label": True, "probability": 0.9} for _ in rows]
    store.create(
        "capture/flights/blue/2026/01/02/11/w-1.jsonl", line("a", release, rows, prediction=answers)
    )
    verdict = run()
    assert set(verdict["drifted"]) == {"label", "probability"}
    assert "the model's answers" in verdict["sentence"].lower()


def test_no_traffic_is_nothing_to_judge(world: tuple[Store, str], run: Run) -> None:
    verdict = run()
    assert verdict["severity"] == "nothing_to_judge"
    assert verdict["sentence"].startswith("Nothing to judge: no request to release")
    assert verdict["action"]["kind"] == "log"


def test_no_release_is_nothing_to_judge(tmp_path: Path, run: Run) -> None:
    Store.open_directory(tmp_path / "store", create=True)
    verdict = run()
    assert verdict["severity"] == "nothing_to_judge"
    assert "no release is in production" in verdict["sentence"]
    assert "No drift" not in (tmp_path / "out/report.html").read_text()


def test_traffic_of_another_release_is_not_judged(world: tuple[Store, str], run: Run) -> None:
    store, _ = world
    send(store, "0" * 64, rows_of(2_000, 5, shift=3))
    verdict = run()
    assert verdict["severity"] == "nothing_to_judge"
    assert verdict["counts"]["other_release"] == 20


def test_few_rows_are_too_few_to_tell(world: tuple[Store, str], run: Run) -> None:
    store, release = world
    send(store, release, rows_of(300, 5, shift=0.1))
    verdict = run()
    assert verdict["severity"] == "too_few_rows"
    assert verdict["drifted"] == []


def test_a_redacted_column_is_named_not_called_missing(
    world: tuple[Store, str], run: Run, tmp_path: Path
) -> None:
    store, release = world
    rows = rows_of(6_000, 5)
    for number, row in enumerate(rows):
        del row["carrier"]
        if number < 3_000:
            del row["hour"]
    send(store, release, rows)
    verdict = run()
    assert verdict["drifted"] == []
    assert verdict["unrecorded"] == ["carrier", "hour"]
    assert (
        "Not recorded, so not watched: carrier, hour." in (tmp_path / "out/report.html").read_text()
    )


def test_the_same_rows_in_other_files_give_the_same_verdict(tmp_path: Path, run: Run) -> None:
    rows, verdicts = rows_of(4_000, 5), []
    for per_request in (4_000, 37):
        store, release = store_with_release(tmp_path / "store")
        answers = answers_to(rows, 2)
        for start in range(0, len(rows), per_request):
            part = slice(start, start + per_request)
            content = line(f"{start}", release, rows[part], prediction=answers[part])
            store.create(f"capture/flights/v{start % 3}/2026/01/02/11/w-{start}.jsonl", content)
        verdicts.append(run())
        (tmp_path / "store").rename(tmp_path / f"store {per_request}")
    for part in ("features", "predictions"):
        assert canonical_json(verdicts[0][part]) == canonical_json(verdicts[1][part])


def test_it_does_not_retrain_within_the_cool_down(world: tuple[Store, str], run: Run) -> None:
    store, release = world
    send(store, release, rows_of(8_000, 5, shift=0.6))
    record_retraining(store, Retraining(when=NOON, release=release, drifted=("distance",)))
    verdict = run({"on_drift": "retrain", "cool_down_hours": 6})
    assert verdict["action"]["kind"] == "log"
    assert "not again before 2026-01-02 18:00" in verdict["action"]["why"]
    assert "the estimated performance is not worse" in verdict["action"]["why"]


def test_the_last_retraining_is_read_back(world: tuple[Store, str]) -> None:
    store, release = world
    assert last_retraining(store) is None
    retraining = Retraining(when=NOON, release=release, drifted=("a",), data="d")
    record_retraining(store, retraining)
    assert last_retraining(store) == retraining


def test_a_damaged_profile_stops_the_check(world: tuple[Store, str], run: Run) -> None:
    store, release = world
    digest = read_release(store, release).files["reference_profile"].digest.removeprefix("sha256:")
    store.write(f"blobs/sha256/{digest[:2]}/{digest}", b"damaged")
    with pytest.raises(Corrupted, match="does not match its digest"):
        run()
    assert read_latest(store) is None


@pytest.mark.parametrize("now", ["yesterday", "2026-01-02T12:00:00"])
def test_a_time_without_meaning_is_refused(world: tuple[Store, str], run: Run, now: str) -> None:
    with pytest.raises(ConfigError, match="offset from UTC"):
        run(now=now)


def test_the_whole_process_judges_20000_rows_in_seconds(
    world: tuple[Store, str], tmp_path: Path
) -> None:
    store, release = world
    send(store, release, rows_of(20_000, 5), per_request=200)
    (tmp_path / "config.json").write_bytes(config_of().to_json())
    command = [sys.executable, "-m", "trimaran_runtime.steps", "monitor"]
    command += ["--input", f"config={tmp_path / 'config.json'}"]
    command += ["--output", f"report={tmp_path / 'out'}"]
    command += ["--param", f"store={store.uri}", "--param", "endpoint=flights"]
    command += ["--param", f"now={NOON.isoformat()}"]
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "no drift" in done.stdout.lower()
    # 2.4 s on two idle cores; the rest is room for a busy machine.
    assert time.monotonic() - begun < 15
