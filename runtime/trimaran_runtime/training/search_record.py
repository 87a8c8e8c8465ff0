"""What a search tried, in what order, and what came of it: no clock in it."""

from enum import StrEnum

from trimaran_runtime.section import Section
from trimaran_runtime.training.config import Scalar

SEARCH = "search.json"
"""Name of the file with every trial, beside the model."""


class State(StrEnum):
    """How a trial ended."""

    complete = "complete"
    """Its model was measured on the validation rows."""
    pruned = "pruned"
    """It was ended early: worse than the trials before."""
    failed = "failed"
    """The function raised, or the metric is undefined on its predictions."""


class TrialRecord(Section):
    """One setting."""

    number: int
    """Place in the order of starting, from 0."""
    parameters: dict[str, Scalar]
    """The values tried."""
    value: float | None
    """The metric on the validation rows; of a pruned trial the last one reported; None: none."""
    state: State
    """How it ended."""


class SearchRecord(Section):
    """Every trial of a search."""

    metric: str
    """The metric it went by."""
    repeatable: bool
    """Whether the same inputs give the same trials: one trial at a time, and no time limit."""
    best: int
    """Number of the trial whose parameters the model was fitted with."""
    trials: tuple[TrialRecord, ...]
    """In the order of starting."""


class Search(Section):
    """A search in short."""

    metric: str
    """The metric it went by."""
    repeatable: bool
    """Whether the same inputs give the same trials: one trial at a time, and no time limit."""
    trials: dict[State, int]
    """How many trials ended in which way."""
    leaderboard: tuple[TrialRecord, ...]
    """The best trial of each built-in learner, or the ten best trials of a function; best first."""
