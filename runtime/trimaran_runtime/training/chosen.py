"""What an earlier search chose, to be fitted again without a search."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from trimaran_runtime.errors import ConfigError, Corrupted
from trimaran_runtime.training.config import Scalar
from trimaran_runtime.training.record import RECORD, TrainingRecord
from trimaran_runtime.training.search import Found
from trimaran_runtime.training.search_record import SEARCH, SearchRecord

CHOSEN = "chosen"
"""Parameter: folder with the `training.json` of an earlier run, and its `search.json`."""


def chosen(folder: Path) -> tuple[Mapping[str, Scalar], Found | None]:
    """The hyperparameters, and the search that found them; None: the cloud's own did.

    Args:
        folder: has `training.json`, and `search.json` unless the search was the cloud's own.

    Raises:
        ConfigError: there is no such record.
        Corrupted: a record cannot be read.
    """
    path = folder / RECORD
    if not path.is_file():
        raise ConfigError(f"there is no {RECORD} in {folder}", where=f"--param {CHOSEN}")
    record = TrainingRecord.parse(path.read_bytes())
    trials = folder / SEARCH
    if record.search is None or not trials.is_file():
        return record.parameters, None
    try:
        searched = SearchRecord.model_validate_json(trials.read_bytes())
    except ValidationError as exc:
        raise Corrupted(f"the record of a search cannot be read: {exc}", where="train") from exc
    found = Found(parameters=record.parameters, record=searched, search=record.search)
    return record.parameters, found
