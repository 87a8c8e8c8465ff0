"""Labels and the lock in a check: told always, an alert only when surely worse."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from tests.monitoring.traffic_store import (
    NOON,
    answers_to,
    check_of,
    config_of,
    rows_of,
    send,
    store_with_release,
)
from trimaran_runtime.config import RunConfig
from trimaran_runtime.drift import Profile
from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.monitoring.lock_rules import judge_rules
from trimaran_runtime.monitoring.metrics import metrics_of
from trimaran_runtime.monitoring.report import render
from trimaran_runtime.steps.monitor import STEP
from trimaran_runtime.steps.step import Context
from trimaran_runtime.validation.lock import TableLock

ROWS = 1000


def check(path: Path, labels: dict[str, Any]) -> dict[str, Any]:
    store, release = store_with_release(path / "store")
    send(store, release, rows_of(ROWS, 5), per_request=1)
    (path / "config.json").write_bytes(config_of(labels=labels).to_json())
    (path / "out").mkdir()
    STEP.run(
        Context(
            inputs={"config": path / "config.json"},
            outputs={"report": path / "out"},
            parameters={
                "store": (path / "store").as_uri(),
                "endpoint": "flights",
                "now": NOON.isoformat(),
            },
            progress=lambda line: None,
        )
    )
    verdict: dict[str, Any] = json.loads((path / "out/verdict.json").read_bytes())
    return verdict


def write_labels(path: Path, *, wrong: bool) -> str:
    answers = answers_to(rows_of(ROWS, 5), 2)
    truth = [(a["probability"] > 0.3) != wrong for a in answers]
    file = path / "labels.parquet"
    pq.write_table(pa.table({"event_id": [f"e{n}" for n in range(ROWS)], "label": truth}), file)
    return str(file)


def test_labels_that_show_a_worse_model_alert_without_any_drift(tmp_path: Path) -> None:
    verdict = check(tmp_path, {"source": write_labels(tmp_path, wrong=True)})
    assert verdict["labelled"]["harm"] is True
    assert verdict["labelled"]["performance"]["counts"]["matched"] == ROWS
    assert verdict["drifted"] == []
    assert (verdict["severity"], verdict["action"]["kind"]) == ("alert", "alert")
    assert "Performance with labels" in (tmp_path / "out/report.html").read_text()


def test_labels_that_show_a_good_model_alert_nobody(tmp_path: Path) -> None:
    verdict = check(tmp_path, {"source": write_labels(tmp_path, wrong=False)})
    assert verdict["labelled"]["harm"] is False
    assert verdict["action"]["kind"] == "log"


@pytest.mark.parametrize(("wrong", "action"), [(False, "log"), (True, "alert")])
def test_labels_decide_what_drift_means_whatever_is_estimated(
    tmp_path: Path, wrong: bool, action: str
) -> None:
    store, release = store_with_release(tmp_path / "store")
    send(store, release, rows_of(ROWS, 5, shift=0.6), per_request=1)
    without = check_of(store, release)
    assert without.severity == "alert"
    assert (without.harm, without.action.kind) == (None, "alert")
    found = check_of(store, release, labels={"source": write_labels(tmp_path, wrong=wrong)})
    assert found.severity == "alert"
    assert (found.harm, found.action.kind) == (wrong, action)


def test_labels_are_among_the_metrics(tmp_path: Path) -> None:
    store, release = store_with_release(tmp_path / "store")
    send(store, release, rows_of(ROWS, 5), per_request=1)
    source = write_labels(tmp_path, wrong=True)

    def metrics(**labels: Any) -> dict[str, float]:
        return metrics_of(check_of(store, release, **labels))

    found = metrics(labels={"source": source})
    assert (found["LabelledRows"], found["LabelsUnreadable"]) == (ROWS, 0)
    assert found["LabelledPerformance"] < 0.5
    gone = metrics(labels={"source": str(tmp_path / "gone.parquet")})
    assert (gone["LabelledRows"], gone["LabelsUnreadable"]) == (0, 1)
    assert "LabelledPerformance" not in gone
    assert not any(name.startswith("Label") for name in metrics())


def test_the_releases_lock_is_held_to_the_traffic(tmp_path: Path) -> None:
    lock = {"columns": [{"name": "temp", "type": "number", "nullable": False}]}
    config = RunConfig.model_validate(
        {
            "model": "flights",
            "data": {"source": "flights:load", "target": "late"},
            "training": {},
            "validation": {"lock": lock},
        }
    )
    store, release = store_with_release(tmp_path / "store", files={"config": config.to_json()})
    rows = [row | ({"temp": None} if n % 10 == 0 else {}) for n, row in enumerate(rows_of(ROWS, 5))]
    send(store, release, rows)
    found = check_of(store, release)
    (rule,) = found.rules
    missing = sum(row["temp"] is None for row in rows)
    assert (rule.breach.column, rule.breach.rows, rule.alert) == ("temp", missing, True)
    assert found.severity is not None
    assert found.severity.drifted
    assert "temp" in found.document()["rules"][0]["sentence"]


def test_a_lock_of_another_version_is_told_and_stops_nothing(tmp_path: Path) -> None:
    lock = {"columns": [{"name": "temp", "type": "number", "nullable": False}]}
    later = {"model": "flights", "validation": {"lock": lock, "rule_of_a_later_version": 1}}
    store, release = store_with_release(
        tmp_path / "store", files={"config": json.dumps(later).encode()}
    )
    send(store, release, rows_of(ROWS, 5))
    found = check_of(store, release)
    assert found.rules == ()
    told = "o rule of a lock was held to the traffic: the release's configuration is of another"
    assert f"N{told}" in found.sentence
    assert f"n{told}" in found.document()["lock_fault"]
    assert f"N{told}".replace("'", "&#39;") in render(found)
    assert found.severity is not None
    assert not found.severity.drifted


def test_the_labels_of_others_are_counted_and_neither_kept_nor_read_whole(tmp_path: Path) -> None:
    store, release = store_with_release(tmp_path / "store")
    send(store, release, rows_of(ROWS, 5), per_request=1)
    known = pq.read_table(write_labels(tmp_path, wrong=False))
    others = pa.table({"event_id": [f"other{n}" for n in range(3_000)], "label": [True] * 3_000})
    whole = pa.concat_tables([others, known])
    # What a label table holds besides is not even read: here it could not be.
    odd = pa.array([{"a": n} for n in range(whole.num_rows)])
    file = tmp_path / "labels.parquet"
    pq.write_table(whole.append_column("odd", odd), file, write_page_checksum=True)
    content = bytearray(file.read_bytes())
    place = pq.read_metadata(file).row_group(0).column(2).data_page_offset
    content[place + 40 : place + 60] = bytes(20)
    file.write_bytes(content)
    found = check_of(store, release, labels={"source": str(file)}).labelled
    assert found is not None
    assert found.performance is not None
    counts = found.performance.counts
    assert (counts.labels, counts.matched, counts.unmatched) == (ROWS + 3_000, ROWS, 3_000)
    assert found.harm is False


def test_labels_that_cannot_be_read_are_one_finding(tmp_path: Path) -> None:
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 torn")
    verdict = check(tmp_path, {"source": str(tmp_path / "torn.parquet")})
    assert verdict["labelled"]["fault"]
    assert "labels cannot be read" in verdict["sentence"]
    assert verdict["action"]["kind"] == "log"


@pytest.mark.parametrize("source", ["flights:labels", "sqlite:///labels.db"])
def test_a_source_that_is_no_file_is_refused(source: str) -> None:
    with pytest.raises(ValidationError, match="no file or folder"):
        config_of(labels={"source": source})


@pytest.mark.parametrize(("missing", "alert"), [(1, False), (50, False), (500, True)])
def test_a_rule_alerts_when_surely_too_many_rows_break_it(missing: int, alert: bool) -> None:
    values = [None] * missing + [1.0] * (10_000 - missing)
    lock = TableLock.model_validate(
        {"columns": [{"name": "x", "type": "number", "nullable": False}]}
    )
    (found,) = judge_rules(lock, Profile.of(pa.table({"x": values})), DriftConfig())
    assert found.breach.rows == missing
    assert found.alert is alert
