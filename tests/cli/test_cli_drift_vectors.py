"""`trimaran drift` of tables with embeddings, whatever lists they are stored as, and with text."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

from tests.cli.deployed import Trimaran
from tests.drift.notes import TEXT_CHANGES, texts
from trimaran_runtime.monitoring import table_profile

SIZE = 24


def vectors_of(count: int, seed: int, *, shift: float = 0.0) -> pa.FixedSizeListArray:
    """Embeddings, one in fifty of them missing; `shift` moves the first six coordinates."""
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(count, SIZE)).astype(np.float32)
    values[:, :6] += shift
    missing = pa.array(draw.random(count) < 0.02)
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), SIZE, mask=missing)


def write(name: str, vectors: pa.Array, seed: int = 0, **more: pa.Array) -> None:
    amount = np.random.default_rng(seed).normal(50, 10, len(vectors))
    table = pa.table({"amount": amount, "embedding": vectors, **more})
    pyarrow.parquet.write_table(table, name, row_group_size=3_000)


@pytest.fixture(autouse=True)
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tables of one distribution, in a working directory that is no project."""
    monkeypatch.chdir(tmp_path)
    write("before.parquet", vectors_of(20_000, 1), seed=11)
    write("same.parquet", vectors_of(20_000, 2), seed=12)


def test_embeddings_that_did_not_change_are_no_drift(trimaran: Trimaran) -> None:
    answer = trimaran("drift", "before.parquet", "same.parquet", "--json")
    assert (answer.code, answer.err) == (0, "")
    document = json.loads(answer.out)
    assert {c["column"]: c["kind"] for c in document["columns"]} == {
        "amount": "number",
        "embedding": "vector",
    }


@pytest.mark.parametrize(
    "stored",
    [
        pa.list_(pa.float32(), SIZE),
        pa.list_(pa.float64(), SIZE),
        pa.list_(pa.float32()),
        pa.large_list(pa.float64()),
    ],
    ids=str,
)
def test_embeddings_that_moved_are_found_whatever_lists_they_are_stored_as(
    trimaran: Trimaran, stored: pa.DataType
) -> None:
    write("moved.parquet", vectors_of(20_000, 3, shift=0.5).cast(stored), seed=13)
    answer = trimaran("drift", "before.parquet", "moved.parquet")
    assert answer.code == 6
    said = answer.out.splitlines()
    assert said[0].startswith("1 of 2 columns drifted, embedding most: projection ")
    assert said[2].split()[:3] == ["embedding", "strong", "drift"]
    assert "surely beyond" in said[2]


def test_arrow_files_and_profiles_stand_in_for_parquet(trimaran: Trimaran) -> None:
    moved = pyarrow.parquet.read_table("same.parquet").set_column(
        1, "embedding", vectors_of(20_000, 3, shift=0.5)
    )
    pyarrow.feather.write_feather(moved, "moved.arrow")
    trimaran("drift", "before.parquet", "--profile-out", "before.profile")
    answers = [
        trimaran("drift", before, "moved.arrow", "--json", "--no-classifier")
        for before in ("before.parquet", "before.profile")
    ]
    assert [answer.code for answer in answers] == [6, 6]
    one, other = (json.loads(answer.out)["columns"] for answer in answers)
    assert one == other


def test_files_of_one_table_may_store_them_differently(trimaran: Trimaran) -> None:
    Path("parts").mkdir()
    whole = vectors_of(20_000, 2)
    write("parts/a.parquet", whole.slice(0, 9_000), seed=12)
    write("parts/b.parquet", whole.slice(9_000).cast(pa.large_list(pa.float64())), seed=14)
    assert trimaran("drift", "before.parquet", "parts").code == 0
    trimaran("drift", "parts", "--profile-out", "parts.profile")
    both = trimaran("drift", "parts.profile", "same.parquet", "--columns", "embedding", "--json")
    assert {f["effect"] for f in json.loads(both.out)["columns"][0]["facets"]} == {0.0}


def test_how_many_rows_are_held_does_not_show(
    trimaran: Trimaran, monkeypatch: pytest.MonkeyPatch
) -> None:
    trimaran("drift", "before.parquet", "--profile-out", "known.profile")
    arguments = ("drift", "known.profile", "same.parquet", "--current-profile-out")
    trimaran(*arguments, "whole.profile")
    monkeypatch.setattr(table_profile, "HELD_BYTES", 100_000)
    trimaran(*arguments, "pieces.profile")
    assert Path("whole.profile").read_bytes() == Path("pieces.profile").read_bytes()


ODD = {
    "struct": pa.array([{"a": 1}] * 900),
    "bytes": pa.array([b"x"] * 900),
    "texts": pa.array([["a", "b"]] * 900),
    "map": pa.array([[("a", 1)]] * 900, pa.map_(pa.string(), pa.int64())),
}


@pytest.mark.parametrize("odd", ODD)
def test_what_cannot_be_compared_is_one_error_and_may_be_left_out(
    trimaran: Trimaran, odd: str
) -> None:
    write("odd.parquet", vectors_of(900, 4), payload=ODD[odd])
    for tables in (("before.parquet", "odd.parquet"), ("odd.parquet", "before.parquet")):
        refused = trimaran("drift", *tables)
        said = " ".join(refused.err.split())
        assert refused.code == 2
        assert "odd.parquet: column 'payload' is of type" in said
        assert "vectors of one size" in said
        assert "--ignore payload" in said
        assert "Traceback" not in said
        left_out = trimaran("drift", *tables, "--ignore", "payload", "--fail-on", "never")
        assert (left_out.code, left_out.err) == (0, "")


def test_free_text_is_told_by_its_words_and_letters(trimaran: Trimaran) -> None:
    draw = np.random.default_rng(5)
    pyarrow.parquet.write_table(pa.table({"note": texts(draw, 20_000)}), "notes.parquet")
    same, drawn = texts(draw, 20_000), texts(draw, 20_000)
    other = TEXT_CHANGES["a seventh is about something else"](drawn, draw)
    for name, notes in (("same.csv", same), ("other.csv", other)):
        pyarrow.csv.write_csv(pa.table({"note": pa.array(notes, pa.string())}), name)
    assert trimaran("drift", "notes.parquet", "same.csv").code == 0
    answer = trimaran("drift", "notes.parquet", "other.csv")
    assert answer.code == 6
    assert "note most: vocabulary: other words are used, or some of them more often" in answer.out


def test_a_query_may_look_into_vectors(trimaran: Trimaran) -> None:
    query = "SELECT embedding[1] AS first, embedding FROM source"
    answer = trimaran("drift", "before.parquet", "same.parquet", "--query", query, "--json")
    assert answer.code == 0
    kinds = {c["column"]: c["kind"] for c in json.loads(answer.out)["columns"]}
    assert kinds == {"embedding": "vector", "first": "number"}


def test_lists_of_several_lengths_are_no_vectors(trimaran: Trimaran) -> None:
    write("ragged.parquet", pa.array([[1.0] * (n % 3) for n in range(900)]))
    answer = trimaran("drift", "ragged.parquet", "before.parquet")
    assert answer.code == 2
    assert "column embedding: its lists have no length that most of them share" in answer.err
