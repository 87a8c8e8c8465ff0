"""The example on real flights: what it loads, and that a column known later cannot slip in."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pandas as pd
import pyarrow as pa
import pytest

from trimaran_runtime.config import RunConfig
from trimaran_runtime.data.features import feature_names
from trimaran_runtime.data.normal_form import normalise
from trimaran_runtime.validation.validate import validate

STACKS = Path(__file__).parents[2] / "stacks"
LATER = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"]


@pytest.fixture(scope="module")
def flights() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(STACKS)
        yield import_module("flights")
    sys.modules.pop("flights", None)


@pytest.fixture(scope="module")
def known_later(flights: ModuleType) -> pd.DataFrame:
    """Every row of the example, with the columns that the example leaves out."""
    return flights.flights(range(1, 7))


def config(known: list[str]) -> RunConfig:
    return RunConfig.model_validate(
        {
            "model": "flights",
            "data": {
                "source": "flights:load",
                "target": "late",
                "time": "scheduled_departure",
                "known_later": known,
                "segments": ["origin", "carrier"],
            },
            "training": {"train": "flights:fit"},
        }
    )


def arrow(frame: pd.DataFrame) -> pa.Table:
    return normalise(pa.Table.from_pandas(frame, preserve_index=False), "flights:load")


def test_it_is_half_a_year_of_schedules_and_weather(flights: ModuleType) -> None:
    table = arrow(flights.load())
    assert table.num_rows == 160_678
    assert not set(table.column_names) & set(LATER)
    found = validate(table, config(LATER))
    assert found.errors == ()
    assert len(feature_names(config(LATER).data, table.column_names)) == 15


@pytest.mark.parametrize("column", ["dep_delay", "arr_delay"])
def test_a_delay_left_in_is_caught_without_being_listed(
    flights: ModuleType, known_later: pd.DataFrame, column: str
) -> None:
    table = arrow(flights.load().assign(**{column: known_later[column]}))
    errors = validate(table, config([])).errors
    assert [(error.check, error.column) for error in errors] == [("leak", column)]


def test_every_listed_column_left_in_is_caught(
    flights: ModuleType, known_later: pd.DataFrame
) -> None:
    table = arrow(flights.load().join(known_later[LATER]))
    found = validate(table, config(LATER))
    assert {error.column for error in found.errors if error.check == "leak"} == set(LATER)


def test_traffic_is_rows_of_requests(flights: ModuleType) -> None:
    rows = flights.traffic("2013-07-01", "2013-07-31", rows=20, seed=1)
    features = feature_names(config(LATER).data, list(flights.load().columns))
    assert len(rows) == 20
    assert all(list(row) == features for row in rows)
    assert all(value == value for row in rows for value in row.values())  # no NaN
    assert rows == flights.traffic("2013-07-01", "2013-07-31", rows=20, seed=1)
