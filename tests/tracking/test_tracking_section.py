"""The `tracking` section, what MLflow takes of names and texts, and when a server is asked."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trimaran_providers.aws.limits.pipeline import tracking_problems
from trimaran_providers.local.supervisor import turns
from trimaran_providers.local.supervisor.turns import Turns
from trimaran_runtime.tracking.config import TrackingConfig
from trimaran_runtime.tracking.limits import keyed, shortened

TAKEN = re.compile(r"[/\w.\- :]{1,250}")


@pytest.mark.parametrize(
    "uri", ["https://mlflow.example.com/base", "http://10.0.0.7:5000", "sqlite:////data/mlflow.db"]
)
def test_a_server_and_a_database_are_addresses(uri: str) -> None:
    assert TrackingConfig(uri=uri).uri == uri


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("https://ann:hunter2@mlflow.example.com", "MLFLOW_TRACKING_PASSWORD"),
        ("https://ann@mlflow.example.com", "no user or password"),
        ("mlruns", "sqlite:////absolute/path.db"),
        ("file:///data/mlruns", "sqlite:////absolute/path.db"),
        ("sqlite:///mlflow.db", "the path of a database is absolute"),
        ("sqlite://host/mlflow.db", "the path of a database is absolute"),
        ("https://", "names no server"),
        ("postgresql://db/mlflow", "allowed are http"),
    ],
)
def test_any_other_is_refused_with_what_to_do(uri: str, said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        TrackingConfig(uri=uri)


def test_a_database_on_a_container_of_the_cloud_is_refused_there() -> None:
    found = list(tracking_problems(TrackingConfig(uri="sqlite:////opt/ml/mlflow.db")))
    assert [problem.path for problem in found] == ["tracking.uri"]
    assert not list(tracking_problems(TrackingConfig(uri="https://mlflow.example.com")))


@given(st.dictionaries(st.text(), st.integers()))
def test_every_value_keeps_a_key_of_its_own_that_mlflow_takes(values: dict[str, int]) -> None:
    found = keyed(values)
    assert sorted(found.values()) == sorted(values.values())
    for key in found:
        assert TAKEN.fullmatch(key)
        assert all(part not in {"", ".", ".."} for part in key.split("/"))
    assert keyed(found) == found


def test_what_mlflow_takes_keeps_its_name() -> None:
    names = {"gate/segment carrier=HA": 1, "gate/segment carrier_HA": 2, "größe": 3}
    found = keyed(names)
    assert found["gate/segment carrier_HA"] == 2
    assert found["größe"] == 3
    (other,) = (key for key, value in found.items() if value == 1)
    assert re.fullmatch(r"gate/segment carrier_HA-[0-9a-f]{8}", other)


def test_a_text_that_is_cut_says_so() -> None:
    assert shortened("x" * 6000, 6000) == "x" * 6000
    cut = shortened("x" * 6001, 6000)
    assert len(cut) == 6000
    assert cut.endswith("x … (cut, 6,001 characters in all)")


def test_a_server_that_is_down_is_asked_ever_more_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(turns.time, "monotonic", lambda: now)
    jobs = Turns()
    assert jobs.is_due("a")
    pauses = []
    for _ in range(9):
        jobs.ended("a", succeeded=False)
        begun = now
        while not jobs.is_due("a"):
            now += 10
        pauses.append(now - begun)
        assert jobs.is_due("b")
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    jobs.ended("a", succeeded=True)
    assert jobs.is_due("a")
