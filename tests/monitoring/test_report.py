"""The report: one file that needs nothing else, and shows data as text."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.monitoring.traffic_store import (
    NOON,
    check_of,
    rows_of,
    send,
    store_with_release,
)
from trimaran_runtime.drift import Profile
from trimaran_runtime.drift.comparison import compare
from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.monitoring.bars import bars
from trimaran_runtime.monitoring.outcome import Outcome
from trimaran_runtime.monitoring.plot import comparison_plot
from trimaran_runtime.monitoring.report import render

HOSTILE = "<script>alert('x')</script>\"&"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    store, release = store_with_release(tmp_path_factory.mktemp("report") / "store")
    rows = rows_of(5_000, 5, shift=0.6)
    for row in rows[:500]:
        row["carrier"] = HOSTILE
    send(store, release, rows)
    return check_of(store, release, on_drift="retrain")


class Parsed(HTMLParser):
    """Tags and attributes of a page, and whether every tag is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_it_refers_to_nothing_outside_itself(outcome: Outcome) -> None:
    html = render(outcome)
    assert not re.search(r"(https?:)?//[a-z]", html, re.IGNORECASE)
    parsed = Parsed(html)
    assert parsed.open == []
    assert not {tag for tag, _ in parsed.tags} & {"script", "link", "img", "iframe", "object"}
    names = {name for _, attributes in parsed.tags for name in attributes}
    assert not names & {"src", "href", "xlink:href", "onload", "onerror", "onclick"}


def test_what_comes_from_data_is_shown_as_text(outcome: Outcome) -> None:
    html = render(outcome)
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_it_says_what_was_judged(outcome: Outcome) -> None:
    html = render(outcome)
    assert outcome.release is not None
    for told in (
        "Strong drift in carrier, distance",
        outcome.release[:12],
        "5,000 in 50 requests",
        "2026-01-01 12:00 UTC to 2026-01-02 12:00 UTC",
        "Action: retrain",
        "only their missing values are judged: when",
    ):
        assert told in html


def test_drifted_columns_answers_and_traffic_are_drawn(outcome: Outcome) -> None:
    parsed = Parsed(render(outcome))
    labels = [
        attributes.get("aria-label") or "" for tag, attributes in parsed.tags if tag == "figure"
    ]
    assert sum(tag == "svg" for tag, _ in parsed.tags) == 5
    for name in ("carrier", "distance", "probability", "label"):
        assert any(text.startswith(f"Distribution of {name} ") for text in labels)


def test_the_report_of_the_same_check_is_the_same_bytes(outcome: Outcome) -> None:
    assert render(outcome) == render(outcome)


def test_fifty_drifted_columns_stay_below_two_megabytes(outcome: Outcome) -> None:
    from dataclasses import replace

    draw = np.random.default_rng(1)
    before = {f"a column with quite a long name {i}": draw.normal(0, 1, 3_000) for i in range(50)}
    after = {name: values + 1 for name, values in before.items()}
    reference = Profile.of(pa.table(before))
    current = Profile.of(pa.table(after), reference=reference)
    assert outcome.subject is not None
    traffic = replace(outcome.subject.traffic, features=current)
    wide = replace(
        outcome,
        subject=replace(outcome.subject, reference=reference, traffic=traffic),
        features=compare(reference, current, DriftConfig()),
        watch=None,
    )
    assert len(wide.drifted) == 50
    assert len(render(wide).encode()) < 2_000_000


def test_bars_hold_all_rows_of_both_sides() -> None:
    draw = np.random.default_rng(2)
    tables = [
        pa.table(
            {
                "wide": draw.lognormal(0, 2, rows),
                "whole": draw.integers(0, 12, rows),
                "one": np.full(rows, 3.5),
                "many": draw.integers(0, 400, rows).astype(str),
            }
        )
        for rows in (3_000, 1_000)
    ]
    reference = Profile.of(tables[0])
    current = Profile.of(tables[1], reference=reference)
    for name in reference.columns:
        found = bars(reference.columns[name], current.columns[name])
        assert sum(bar.reference for bar in found) == pytest.approx(1)
        assert sum(bar.current for bar in found) == pytest.approx(1)
    labels = [bar.label for bar in bars(reference.columns["whole"], current.columns["whole"])]
    assert labels == [str(value) for value in range(12)]


def test_a_plot_of_a_single_value_is_drawn() -> None:
    profile = Profile.of(pa.table({"x": [3.5, 3.5]}))
    assert "<svg" in comparison_plot(bars(profile.columns["x"], profile.columns["x"]))


@pytest.mark.parametrize(
    "level", ["\x00", "a\x0bb", "\uffff", "\x1b[31m", "\u202eabc", "👩‍👩‍👧", "", "]]>"]
)
def test_a_level_may_hold_any_character(level: str) -> None:
    profile = Profile.of(pa.table({"x": [level, "b"]}))
    assert "<svg" in comparison_plot(bars(profile.columns["x"], profile.columns["x"]))


def test_nothing_to_judge_is_a_report_too(tmp_path: Path) -> None:
    store, _ = store_with_release(tmp_path / "store")
    empty = check_of(
        store,
        None,
        now=NOON + timedelta(hours=1),
    )
    html = render(empty)
    assert "Nothing to judge" in html
    assert "within tolerance" not in html
