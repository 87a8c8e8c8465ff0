"""The search for hyperparameters: draws settings, has them tried, and chooses the best."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trimaran_runtime.errors import ConfigError
from trimaran_runtime.training.attempt import Outcome, attempt
from trimaran_runtime.training.config import Scalar, Tune
from trimaran_runtime.training.experiment import Experiment
from trimaran_runtime.training.learner.portfolio import LEARNER, simplicity
from trimaran_runtime.training.search_record import Search, SearchRecord, State, TrialRecord
from trimaran_runtime.training.study import Drawn, Plan, Study
from trimaran_runtime.training.trial import Trial
from trimaran_runtime.training.worker import Crew

_LEADERS = 10
_DIGITS = 12
"""Values that agree to so many digits are a tie."""
_HOPELESS = 5
"""After so many trials without one that worked, the search ends with the last error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found.

    Attributes:
        parameters: the best setting.
        record: every trial.
        search: the search in short.
    """

    parameters: dict[str, Scalar]
    record: SearchRecord
    search: Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long a search goes on.

    Attributes:
        trials: how many trials are started.
        seconds: no trial starts after so much time, which earlier processes' trials count
            towards; None: no limit.
        parallel: trials at the same time.
    """

    trials: int
    seconds: float | None
    parallel: int

    @classmethod
    def of(cls, tune: Tune) -> "Budget":
        """The budget that a configuration states."""
        seconds = None if tune.minutes is None else tune.minutes * 60
        return cls(trials=tune.trials, seconds=seconds, parallel=min(tune.parallel, tune.trials))

    @property
    def repeatable(self) -> bool:
        """Whether the clock has no say in what is tried."""
        return self.seconds is None and self.parallel == 1


def search(
    experiment: Experiment,
    *,
    splits: Path,
    folder: Path | None,
    progress: Callable[[str], None],
) -> Found:
    """Search within the budget of `pipeline.tune`.

    The same inputs and seed give the same trials and the same choice with one trial at a time and
    no time limit, also after a kill in between; with `parallel` above 1, or `minutes`, the order
    in which trials end, or the machine's speed, has a say.

    Args:
        experiment: the rows, and what fits them.
        splits: the folder that the rows are in, for other processes.
        folder: where the journal is kept, from which a killed search goes on; None: nowhere.
        progress: takes one line per trial.

    Raises:
        ConfigError: the metric does not fit the task, or no trial worked.
        UserCodeError: the user's function raised in every trial.
    """
    config = experiment.config
    tune = config.training.tune or Tune()
    metric = experiment.metric
    if experiment.is_built_in and tune.space:
        raise ConfigError(
            "the built-in learner brings its own space",
            where="pipeline.tune.space",
            next_step="leave it out, or name a function of yours in pipeline.train",
        )
    plan = Plan(
        space=None if experiment.is_built_in else tune.space,
        parameters=config.training.parameters,
        higher_is_better=metric.higher_is_better,
        seed=config.training.seed,
    )
    hunt = _Hunt(Study(plan, folder), Budget.of(tune), progress)
    if hunt.study.resumed:
        progress(f"train: the search goes on after {hunt.study.resumed} trials")
    if hunt.budget.parallel == 1:
        hunt.alone(experiment)
    else:
        hunt.with_crew(experiment, splits)
    return _found(hunt.study.records(), metric.value, plan.higher_is_better, hunt.budget)


class _Hunt:
    """Starts trials while there is budget, and writes down how they end."""

    def __init__(self, study: Study, budget: Budget, progress: Callable[[str], None]) -> None:
        self.study, self.budget, self._progress = study, budget, progress
        self._began = time.monotonic()
        self._before = study.seconds / budget.parallel
        self._has_worked = any(t.state is not State.failed for t in study.records())
        self._failures = 0

    def alone(self, experiment: Experiment) -> None:
        """One trial after the other, in this process."""
        while self._has_budget():
            drawn = self.study.next()
            self._end(drawn, attempt(experiment, drawn.parameters, Trial(drawn.watch)))

    def with_crew(self, experiment: Experiment, splits: Path) -> None:
        """Several trials at once, each in a process of its own."""
        with Crew(self.budget.parallel, experiment, splits) as crew:
            under_way: dict[int, Drawn] = {}
            while True:
                for number in crew.idle:
                    if not self._has_budget():
                        break
                    under_way[number] = self.study.next()
                    crew.give(number, under_way[number].parameters)
                if not under_way:
                    return
                for number, told in crew.listen():
                    if isinstance(told, Outcome):
                        self._end(under_way.pop(number), told)
                    else:
                        crew.answer(number, prune=under_way[number].watch(*told))

    def _has_budget(self) -> bool:
        if self.study.started >= self.budget.trials:
            return False
        if self.budget.seconds is None or self.study.started == 0:
            return True
        return self._before + time.monotonic() - self._began < self.budget.seconds

    def _end(self, drawn: Drawn, outcome: Outcome) -> None:
        self.study.end(drawn, outcome.state, outcome.value)
        self._progress(f"train: trial {drawn.trial.number + 1} {outcome.line}")
        self._has_worked |= outcome.state is not State.failed
        self._failures += outcome.state is State.failed
        if not self._has_worked and self._failures >= min(_HOPELESS, self.budget.trials):
            raise outcome.fault or ConfigError(
                "the metric is undefined for every setting that was tried",
                where="pipeline.tune.metric",
                next_step="look at the predictions: they are not finite, or of one class",
            )


def _found(
    trials: tuple[TrialRecord, ...], metric: str, higher_is_better: bool, budget: Budget
) -> Found:
    def rank(trial: TrialRecord) -> tuple[float, int, int]:
        value = round(trial.value or 0.0, _DIGITS)
        worth = -value if higher_is_better else value
        return worth, simplicity(trial.parameters), trial.number

    ended = sorted((t for t in trials if t.state is State.complete), key=rank)
    if not ended:
        raise ConfigError(
            f"none of {len(trials)} trials was measured to its end",
            where="pipeline.tune",
            next_step="raise trials or minutes, or look at what the trials say in the log",
        )
    counts = {state: sum(t.state is state for t in trials) for state in State}
    return Found(
        parameters=ended[0].parameters,
        record=SearchRecord(
            metric=metric, repeatable=budget.repeatable, best=ended[0].number, trials=trials
        ),
        search=Search(
            metric=metric,
            repeatable=budget.repeatable,
            trials=counts,
            leaderboard=_leaders(ended),
        ),
    )


def _leaders(ended: list[TrialRecord]) -> tuple[TrialRecord, ...]:
    """The best of each learner; without learners, the ten best."""
    if LEARNER not in ended[0].parameters:
        return tuple(ended[:_LEADERS])
    best: dict[Scalar, TrialRecord] = {}
    for trial in ended:
        best.setdefault(trial.parameters[LEARNER], trial)
    return tuple(best.values())
