"""The `tracking` section: the MLflow server that hears of every run."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from trimaran_runtime.section import Section

FOLDER = "tracking"
"""Folder of the store that holds what is told of runs."""
CREDENTIALS = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
"""Environment variables by which MLflow's client says who it is (MLflow, "Authentication", read
2026-11-24)."""
_SCHEMES = frozenset({"http", "https", "sqlite"})


def tracking_uri(text: str) -> str:
    """Check an address of an MLflow server or database; raises ValueError."""
    parts = urlsplit(text)
    if parts.scheme in {"", "file"}:
        raise ValueError(
            "MLflow keeps no runs in plain files any more; give a database instead: "
            "sqlite:////absolute/path.db"
        )
    if parts.scheme not in _SCHEMES:
        raise ValueError("allowed are http(s)://server and sqlite:////absolute/path.db")
    if parts.username or parts.password:
        raise ValueError(
            f"an address holds no user or password: put them into {CREDENTIALS[0]} and "
            f"{CREDENTIALS[1]}, or a token into {CREDENTIALS[2]}, of the environment or `secrets`"
        )
    if parts.scheme in {"http", "https"} and not parts.hostname:
        raise ValueError("the address names no server")
    if parts.scheme == "sqlite" and (parts.netloc or not parts.path.startswith("//")):
        raise ValueError("the path of a database is absolute: sqlite:////absolute/path.db")
    return text


TrackingUri = Annotated[str, AfterValidator(tracking_uri)]


class TrackingConfig(Section):
    """Where runs are tracked with MLflow, beside the store."""

    uri: TrackingUri | None = None
    """MLflow server or SQLite database, without credentials; None: `trimaran track` decides."""
    experiment: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """MLflow experiment of the runs; None: the model's name."""
