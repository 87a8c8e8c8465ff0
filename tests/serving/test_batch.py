"""Batch inference: the server's answers for the rows of files, written whole or not at all."""

import hashlib
import shlex
from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from tests.docs.pages import BLOCKS
from tests.docs.test_doc_examples import calls_in
from tests.serving.batch_case import Batch, publish_seeing, request, rows, write
from tests.serving.conftest import Connect
from tests.serving.releases import FEATURES, publish, publish_misbehaving, regressor, table
from trimaran_runtime.errors import AlreadyExists, Exit
from trimaran_runtime.serving.batch.__main__ import main
from trimaran_runtime.serving.batch.manifest import manifest_name
from trimaran_runtime.serving.batch.target import LocalTarget
from trimaran_runtime.storage.store import Store


def served(connect: Connect, release: str, given: pa.Table, **parameters: Any) -> list[Any]:
    """What the server answers for all rows in one request."""
    body = {"instances": request(given), "parameters": parameters}
    response, answer = connect(release).predict(body)
    assert response.status == 200, answer
    return list(answer["predictions"])


def tree() -> Any:
    """A model whose answers do not depend on which rows share a call."""
    frame = table()
    columns = make_column_transformer(("passthrough", ["stops", "distance"]))
    return make_pipeline(columns, DecisionTreeClassifier()).fit(frame, frame["distance"] > 900)


# --- the server's numbers ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["in.parquet", "in.csv", "in.arrow"])
def test_the_answers_are_those_of_the_server_bit_for_bit(
    batch: Batch, connect: Connect, tmp_path: Path, name: str
) -> None:
    given = rows(300)
    done = batch(write(given, tmp_path / name), "--probabilities")
    assert done.code == Exit.OK, done.err
    assert done.table.to_pylist() == served(connect, batch.release, given, probabilities=True)


@pytest.mark.parametrize("name", ["in.parquet", "in.csv", "in.arrow"])
def test_the_model_is_handed_what_the_server_hands_it(
    batch: Batch, store: Store, connect: Connect, tmp_path: Path, name: str
) -> None:
    release = publish_seeing(store)
    given = rows(300)
    expected = served(connect, release, given)
    assert len(set(expected)) == 300
    done = batch(write(given, tmp_path / name), release=release)
    assert done.table["prediction"].to_pylist() == expected


def test_without_being_asked_for_the_classes_are_left_out(
    batch: Batch, connect: Connect, tmp_path: Path
) -> None:
    given = rows(20)
    done = batch(write(given, tmp_path / "in.parquet"))
    assert done.table.to_pylist() == served(connect, batch.release, given)


def test_numbers_are_a_column_of_their_own(
    batch: Batch, store: Store, connect: Connect, tmp_path: Path
) -> None:
    release = publish(store, 501, model=regressor(), task="regression", classes=())
    given = rows(40)
    done = batch(write(given, tmp_path / "in.parquet"), release=release)
    assert done.table.column_names == ["prediction"]
    assert done.table["prediction"].to_pylist() == served(connect, release, given)


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_a_model_that_takes_rows_one_by_one_answers_the_same_however_they_are_cut(
    batch: Batch, store: Store, tmp_path: Path, size: int
) -> None:
    release = publish(store, 502, model=tree(), trusted=("sklearn.tree._tree.Tree",))
    source = write(rows(300), tmp_path / "in.parquet")
    whole = batch(source, release=release, output="whole.parquet").table
    assert batch(source, f"--rows-per-batch={size}", release=release).table.equals(whole)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_matrix_product_may_round_the_last_bits_otherwise_in_batches_of_another_size(
    batch: Batch, tmp_path: Path, size: int
) -> None:
    source = write(rows(300), tmp_path / "in.parquet")
    whole, cut = (batch(source, f"--rows-per-batch={n}", "--overwrite") for n in (300, size))
    assert cut.table["label"].equals(whole.table["label"])
    one, other = (np.array(done.table["probability"]) for done in (whole, cut))
    np.testing.assert_array_max_ulp(one, other, maxulp=4)


def test_the_cuts_depend_on_the_rows_and_not_on_the_files(batch: Batch, tmp_path: Path) -> None:
    given = rows(300)
    whole = batch(write(given, tmp_path / "in.parquet"), "--rows-per-batch=64").table
    for number, begin in enumerate(range(0, 300, 90)):
        write(given.slice(begin, 90), tmp_path / "parts" / f"{number}.parquet")
    parts = batch(tmp_path / "parts", "--rows-per-batch=64", output="parts.parquet")
    assert parts.table.equals(whole)


# --- what is read -----------------------------------------------------------------------------


def test_files_are_read_in_the_order_of_their_names_and_folders_give_columns(
    batch: Batch, tmp_path: Path
) -> None:
    given = rows(30)
    for day, begin in (("b", 20), ("a", 0)):
        part = given.slice(begin, 10 if day == "b" else 20)
        write(part, tmp_path / "in" / f"day={day}" / "rows.parquet")
    write(given, tmp_path / "in" / "_temporary" / "rows.parquet")
    done = batch(tmp_path / "in", "--keep=day,id")
    assert done.table["id"].to_pylist() == given["id"].to_pylist()
    assert done.table["day"].to_pylist() == ["a"] * 20 + ["b"] * 10
    found = [(file["name"], file["rows"]) for file in done.manifest["files"]]
    assert found == [("day=a/rows.parquet", 20), ("day=b/rows.parquet", 10)]


def test_a_glob_names_files(batch: Batch, tmp_path: Path) -> None:
    write(rows(5), tmp_path / "in" / "one.csv")
    write(rows(7), tmp_path / "in" / "two.csv")
    write(rows(9), tmp_path / "in" / "three.parquet")
    assert batch(f"{tmp_path}/in/*.csv").table.num_rows == 12


def test_what_goes_along_is_what_the_file_holds(batch: Batch, tmp_path: Path) -> None:
    kept = {
        "number": pa.array([2**64 - 1, None], pa.uint64()),
        "key": pa.array([b"\x00\xff", b""], pa.binary()),
        "when": pa.array([0, 1], pa.timestamp("ns", tz="Asia/Tokyo")),
        "list": pa.array([[1], []], pa.list_(pa.int8())),
        "not kept": pa.array([{"a": 1}, None]),
    }
    given = rows(2)
    for name, column in kept.items():
        given = given.append_column(name, column)
    done = batch(write(given, tmp_path / "in.parquet"), "--keep=when,number,distance,key,list")
    assert done.table.select(range(5)).equals(
        given.select(["when", "number", "distance", "key", "list"])
    )


def test_cells_of_csv_go_along_as_the_text_they_are(batch: Batch, tmp_path: Path) -> None:
    done = batch(write(rows(3), tmp_path / "in.csv"), "--keep=id,stops", output="out.csv")
    assert done.code == Exit.OK, done.err
    lines = done.path.read_text().splitlines()
    assert lines[0] == '"id","stops","label","probability"'
    assert lines[1].startswith('"00000","')


def test_csv_of_predictions_reads_back_to_the_bit(batch: Batch, tmp_path: Path) -> None:
    source = write(rows(100), tmp_path / "in.parquet")
    written = batch(source, "--probabilities", output="out.csv")
    text = csv.read_csv(written.path)
    binary = batch(source, "--probabilities").table.flatten()
    assert text.column_names == ["label", "probability", *binary.column_names[2:]]
    assert text.equals(binary.cast(text.schema))


def test_spellings_of_missing_that_training_reads_are_missing_here(
    batch: Batch, connect: Connect, tmp_path: Path
) -> None:
    names = ",".join(feature.name for feature in FEATURES)
    file = tmp_path / "in.csv"
    file.write_text(f"{names}\nNA,1,NA,true,2013-01-05 08:00\nnan,1,,1,2013-01-05T08:00:00\n")
    done = batch(file)
    assert done.code == Exit.OK, done.err
    row = {"distance": None, "stops": 1, "weekend": True, "departs": "2013-01-05T08:00:00"}
    asked = {"instances": [{**row, "carrier": "NA"}, {**row, "carrier": None}]}
    assert done.table.to_pylist() == connect().predict(asked)[1]["predictions"]


def test_no_rows_give_a_file_without_rows(batch: Batch, tmp_path: Path) -> None:
    done = batch(write(rows(0), tmp_path / "in.parquet"), "--keep=id", "--probabilities")
    assert (done.code, done.table.num_rows) == (Exit.OK, 0)
    full = batch(write(rows(1), tmp_path / "one.parquet"), "--keep=id", "--probabilities", "--over")
    assert done.table.schema == full.table.schema


@pytest.mark.parametrize("name", ["in.parquet", "in.csv"])
@pytest.mark.parametrize(
    ("change", "options", "says"),
    [
        (lambda t: t.drop(["stops"]), (), "has no column 'stops'"),
        (lambda t: t, ("--keep=ids",), "has no column 'ids'"),
        (lambda t: t, ("--keep=id,id",), "keep: column 'id' is named twice"),
        (lambda t: t.append_column("label", t["id"]), ("--keep=label",), "the name of a column of"),
        (lambda t: t, ("--rows-per-batch=0",), "--rows-per-batch: 0 rows"),
    ],
)
def test_what_cannot_be_read_or_kept_is_told(
    batch: Batch,
    tmp_path: Path,
    name: str,
    change: Callable[[pa.Table], pa.Table],
    options: tuple[str, ...],
    says: str,
) -> None:
    done = batch(write(change(rows(3)), tmp_path / name), *options)
    assert done.code == Exit.BAD_INPUT
    assert says in done.err
    assert not done.path.exists()


def test_a_second_file_without_a_kept_column_is_told_before_anything_is_predicted(
    batch: Batch, tmp_path: Path
) -> None:
    write(rows(3), tmp_path / "in" / "a.parquet")
    write(rows(3).drop(["id"]), tmp_path / "in" / "b.parquet")
    done = batch(tmp_path / "in", "--keep=id")
    assert done.code == Exit.BAD_INPUT
    assert "b.parquet: has no column 'id'" in done.err


# --- rows that the signature refuses -----------------------------------------------------------


def spoiled(count: int, row: int, **values: Any) -> pa.Table:
    """Rows of which one has other values."""
    given = rows(count)
    for name, value in values.items():
        cells = given[name].to_pylist()
        cells[row] = value
        place = given.column_names.index(name)
        given = given.set_column(place, name, pa.array(cells, given[name].type))
    return given


@pytest.mark.parametrize("size", [1, 13, 65_536])
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_refused_row_is_one_error_with_file_row_and_column(
    batch: Batch, tmp_path: Path, size: int, suffix: str
) -> None:
    write(rows(40), tmp_path / "in" / f"a{suffix}")
    write(spoiled(40, 16, stops=None), tmp_path / "in" / f"b{suffix}")
    done = batch(tmp_path / "in", f"--rows-per-batch={size}")
    assert done.code == Exit.BAD_INPUT
    assert f"b{suffix}: column 'stops', row 17: the model does not take a missing value" in done.err
    assert "Allowed: a whole number" in done.err
    assert "--on-bad-row null" in done.err
    assert list(done.path.parent.iterdir()) == []


def test_the_first_row_is_told_whatever_the_order_of_the_columns(
    batch: Batch, tmp_path: Path
) -> None:
    given = spoiled(40, 30, distance=float("inf"))
    cells = given["stops"].to_pylist()
    cells[20] = None
    given = given.set_column(2, "stops", pa.array(cells, pa.int64()))
    done = batch(write(given, tmp_path / "in.parquet"))
    assert "column 'stops', row 21:" in done.err


@pytest.mark.parametrize("size", [1, 13, 65_536])
def test_refused_rows_can_be_null_and_are_counted(
    batch: Batch, connect: Connect, tmp_path: Path, size: int
) -> None:
    given = spoiled(40, 5, stops=None)
    write(given, tmp_path / "in" / "a.parquet")
    write(spoiled(40, 7, distance=float("inf")), tmp_path / "in" / "b.parquet")
    done = batch(
        tmp_path / "in", "--on-bad-row=null", "--keep=id", "--probabilities",
        f"--rows-per-batch={size}",
    )  # fmt: skip
    assert done.code == Exit.OK, done.err
    refused = [row["id"] for row in done.table.to_pylist() if row["label"] is None]
    assert refused == ["00005", "00007"]
    nothing = {"label": None, "probability": None, "probabilities": None}
    assert done.table.to_pylist()[5] == {"id": "00005", **nothing}
    assert done.table["label"].null_count == 2
    assert [file["refused"] for file in done.manifest["files"]] == [1, 1]
    first = {"file": "a.parquet", "row": 6, "column": "stops"}
    assert (done.manifest["refused"], done.manifest["first_refused"]) == (2, first)
    assert "2 without a prediction, the first a.parquet, row 6, column 'stops'" in done.out
    taken = served(connect, batch.release, pa.concat_tables([given.slice(0, 5), given.slice(6)]))
    found = [row["label"] for row in done.table.to_pylist()[:40] if row["label"] is not None]
    assert found == [answer["label"] for answer in taken]


def test_a_file_of_refused_rows_alone_is_all_null(batch: Batch, tmp_path: Path) -> None:
    given = rows(30)
    given = given.set_column(2, "stops", pa.nulls(30, pa.int64()))
    done = batch(write(given, tmp_path / "in.parquet"), "--on-bad-row=null")
    assert (done.table.num_rows, done.table["probability"].null_count) == (30, 30)


# --- models that fail -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "says"), [("raise", "ValueError: secret inside"), ("nan", "NaN or infinity")]
)
def test_a_row_that_the_model_fails_on_is_told(
    batch: Batch, store: Store, tmp_path: Path, kind: str, says: str
) -> None:
    release = publish_misbehaving(store, kind, marker=503)
    source = write(spoiled(300, 123, stops=101), tmp_path / "in.parquet")
    done = batch(source, release=release)
    assert done.code == Exit.USER_CODE
    assert "in.parquet: row 124: the model failed: " in done.err
    assert says in done.err
    assert list(done.path.parent.iterdir()) == []


# --- what is written --------------------------------------------------------------------------


def test_the_file_says_which_release_made_it(batch: Batch, tmp_path: Path) -> None:
    done = batch(write(rows(3), tmp_path / "in.parquet"))
    metadata = parquet.read_schema(done.path).metadata
    assert metadata[b"trimaran.release"].decode() == batch.release
    assert metadata[b"trimaran.model"] == b"flights"
    assert done.out == f"3 rows of 1 file in {done.path}, release {batch.release[:12]}\n"


def test_the_manifest_tells_what_was_written(batch: Batch, tmp_path: Path) -> None:
    source = write(rows(3), tmp_path / "in.parquet")
    done = batch(source, "--keep=id")
    content = done.path.read_bytes()
    assert done.manifest["output"] == {
        "name": "out.parquet",
        "size_bytes": len(content),
        "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "columns": {"id": "string", "label": "bool", "probability": "double"},
    }
    assert (done.manifest["release"], done.manifest["rows"]) == (batch.release, 3)
    assert (done.manifest["input"], done.manifest["rows_per_batch"]) == (str(source), 65_536)


def test_equal_rows_give_equal_bytes(batch: Batch, tmp_path: Path) -> None:
    source = write(rows(300), tmp_path / "in.parquet")
    one, other = batch(source, output="a.parquet"), batch(source, output="b.parquet")
    assert one.path.read_bytes() == other.path.read_bytes()


def test_a_release_is_found_by_the_first_digits_of_its_id(batch: Batch, tmp_path: Path) -> None:
    done = batch(write(rows(3), tmp_path / "in.parquet"), release=batch.release[:20])
    assert done.manifest["release"] == batch.release


def test_an_output_that_is_there_is_left_alone_unless_it_may_be_replaced(
    batch: Batch, tmp_path: Path
) -> None:
    first = batch(write(rows(3), tmp_path / "in.parquet"))
    before = first.path.read_bytes()
    more = write(rows(9), tmp_path / "more.parquet")
    refused = batch(more)
    assert refused.code == Exit.BAD_INPUT
    assert "out.parquet: is there already" in refused.err
    assert refused.path.read_bytes() == before
    assert batch(more, "--overwrite").manifest["rows"] == 9


def test_of_two_jobs_that_end_at_the_same_time_one_is_refused(tmp_path: Path) -> None:
    target = LocalTarget(tmp_path / "out.parquet")
    with target.staged() as one, target.staged() as other:
        one.write_bytes(b"one")
        other.write_bytes(b"other")
        target.place(one, b"{}", overwrite=False)
        with pytest.raises(AlreadyExists):
            target.place(other, b"{}", overwrite=False)
    assert (tmp_path / "out.parquet").read_bytes() == b"one"
    assert {p.name for p in tmp_path.iterdir()} == {"out.parquet", manifest_name("out.parquet")}


def test_a_file_is_as_readable_as_any_that_is_made_here(batch: Batch, tmp_path: Path) -> None:
    done = batch(write(rows(3), tmp_path / "in.parquet"))
    (tmp_path / "plain").touch()
    assert done.path.stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("out.txt", "a file that ends in .parquet, .pq or .csv"),
        ("out", "out' is of an unknown kind"),
    ],
)
def test_an_output_of_no_known_kind_is_refused(
    batch: Batch, tmp_path: Path, output: str, says: str
) -> None:
    done = batch(write(rows(3), tmp_path / "in.parquet"), output=output)
    assert done.code == Exit.BAD_INPUT
    assert says in done.err


def test_csv_cannot_hold_every_column(batch: Batch, tmp_path: Path) -> None:
    given = rows(2).append_column("list", pa.array([[1], []], pa.list_(pa.int8())))
    done = batch(write(given, tmp_path / "in.parquet"), "--keep=list", output="out.csv")
    assert done.code == Exit.BAD_INPUT
    assert "column 'list' is of type list<" in done.err
    assert list(done.path.parent.iterdir()) == []


# --- the page ---------------------------------------------------------------------------------


def test_the_page(
    store: Store,
    release: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    named = "tests/serving/test_batch.py::test_the_page"
    whole, refused, null = (block.text for block in BLOCKS if block.held_by == named)
    monkeypatch.chdir(tmp_path)
    write(rows(1_000), tmp_path / "flights.parquet")
    write(spoiled(40, 16, stops=None), tmp_path / "flights-may.csv")
    known = {"STORE": store.uri, "RELEASE": release, "SHORT": release[:12]}
    for page in (whole, null):
        ((command, shown),) = calls_in(Template(page).safe_substitute(known))
        python, flag, module, *arguments = shlex.split(command)
        assert (python, flag, module) == ("python", "-m", "trimaran_runtime.serving.batch")
        assert main(arguments) == Exit.OK
        assert capsys.readouterr().out == shown
    strict = [word for word in arguments if word not in {"--on-bad-row", "null"}]
    assert main([*strict, "--overwrite"]) == Exit.BAD_INPUT
    assert caplog.messages[-1] == refused.rstrip()
