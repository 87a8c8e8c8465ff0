"""Rows of the training data in a release: only where the spec asks, never of redacted columns."""

from pathlib import Path

from tests.runtime.toy_run import ToyRun
from trimaran_runtime.monitoring.reference_rows import ROLE, SCORE, TRUTH, rows_of
from trimaran_runtime.registry.release import read_release


def test_a_release_keeps_rows_with_answers_and_without_what_is_redacted(tmp_path: Path) -> None:
    toy = ToyRun(tmp_path)
    assert toy.run(monitor={"drift": {"sample_rows": 1_000}}, redact=["shop"]) == 0
    release = read_release(toy.store, toy.output("release/release.json")["release"])
    sample = rows_of(toy.store.read_blob(release.files[ROLE].digest))
    assert sample is not None
    assert sample.capacity == 1_000
    assert {SCORE, TRUTH} < set(sample.columns)
    assert not {"shop", "bought"} & set(sample.columns)
