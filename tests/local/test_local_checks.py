"""A check on this machine, by the step in a process of its own."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.engine.toy_runner import toy_definition
from tests.monitoring.traffic_store import answers_to, line, rows_of, store_with_release
from trimaran_providers.local.checks import check_traffic
from trimaran_providers.local.definition import write_definition
from trimaran_providers.local.layout import Layout
from trimaran_runtime.monitoring.archive import read_latest

ROWS = 300


def test_labels_are_looked_for_in_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(tmp_path)
    store, release = store_with_release(layout.store("flights-test"))
    rows = rows_of(ROWS, 5)
    now = datetime.now(UTC)
    for number, (row, answer) in enumerate(zip(rows, answers_to(rows, 2), strict=True)):
        key = f"capture/flights/blue/{now:%Y/%m/%d/%H}/w-{number:06d}.jsonl"
        told = {"time": now.isoformat(timespec="milliseconds"), "prediction": [answer]}
        store.create(key, line(f"e{number}", release, [row], **told))
    (tmp_path / "truth").mkdir()
    labels = {"event_id": [f"e{n}" for n in range(ROWS)], "label": [True] * ROWS}
    pq.write_table(pa.table(labels), tmp_path / "truth/today.parquet")
    # Whoever starts the check may be anywhere.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    definition = toy_definition(
        tmp_path / "code", model="flights", monitor={"labels": {"source": "truth"}}
    )
    write_definition(
        layout.store("flights-test"),
        definition.model_copy(update={"project_directory": str(tmp_path)}),
    )
    check_traffic(layout, "flights-test", report=lambda _: None)
    found = read_latest(store)
    assert found is not None
    assert found["rows"] == ROWS
    (verdict,) = [e.key for e in store.list("monitor") if e.key.endswith("verdict.json")][-1:]
    content = store.read(verdict).decode()
    assert f'"matched":{ROWS}' in content.replace(" ", "")
