"""An Optuna study that goes on where a killed process left it.

Every trial's sampler is seeded by the trial's place, so a search that was killed and resumed makes
the same trials as one that was not. One process alone writes the journal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimaran_runtime.training.config import Scalar, SearchRange
from trimaran_runtime.training.learner.auto import NINTHS, REDUCTION
from trimaran_runtime.training.learner.portfolio import LEARNER, LEARNERS, PORTFOLIO
from trimaran_runtime.training.search_record import State, TrialRecord
from trimaran_runtime.training.seeds import derived_seed
from trimaran_runtime.training.space import draw

if TYPE_CHECKING:
    import optuna

JOURNAL = "search.journal"
"""Name of the file that a search goes on from."""
_STUDY = "search"
_PARAMETERS = "parameters"
"""Attribute of a trial: its setting, as the function gets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a search draws its settings from.

    Attributes:
        space: the searched space; None: the built-in learners'.
        parameters: values that stay.
        higher_is_better: of the metric.
        seed: of the sampler.
    """

    space: Mapping[str, SearchRange] | None
    parameters: Mapping[str, Scalar]
    higher_is_better: bool
    seed: int


class Study:
    """The trials so far, and the next one.

    Args:
        plan: what settings are drawn from.
        folder: where the journal is kept; None: in memory only.
    """

    def __init__(self, plan: Plan, folder: Path | None) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._plan = plan
        self._study = optuna.create_study(
            storage=_storage(folder),
            study_name=_STUDY,
            direction="maximize" if plan.higher_is_better else "minimize",
            pruner=_pruner(plan),
            load_if_exists=True,
        )
        # What was under way when the process was killed is done again, first.
        self._interrupted = [t for t in self._trials() if t.state.name == "RUNNING"]

    @property
    def started(self) -> int:
        """How many trials were started, by any process, and need no second start."""
        return sum(t.state.name != "WAITING" for t in self._trials()) - len(self._interrupted)

    @property
    def resumed(self) -> int:
        """How many trials had ended before this process began, or have since."""
        return sum(t.state.is_finished() for t in self._trials())

    @property
    def seconds(self) -> float:
        """How long the trials that have ended took, one after the other, seconds."""
        durations = [t.duration for t in self._trials() if t.duration is not None]
        return sum(duration.total_seconds() for duration in durations)

    def next(self) -> "Drawn":
        """Draw the next setting."""
        import optuna

        if self._interrupted:
            frozen = self._interrupted.pop(0)
            trial = optuna.Trial(self._study, frozen._trial_id)  # there is no public way
            place = frozen.number
        else:
            place = len([t for t in self._trials() if t.state.name != "WAITING"])
            if self._plan.space is None and place < len(PORTFOLIO):
                first = PORTFOLIO[place].first_setting
                self._study.enqueue_trial(first, skip_if_exists=True)
            self._seed(place)
            trial = self._study.ask()
        self._seed(place)
        parameters = {**self._plan.parameters, **self._drawn(trial)}
        trial.set_user_attr(_PARAMETERS, parameters)
        spared = self._plan.space is None and place < len(PORTFOLIO)
        return Drawn(trial, parameters, spared)

    def end(self, drawn: "Drawn", state: State, value: float | None = None) -> None:
        """Write down how a trial ended."""
        import optuna

        states = {
            State.complete: optuna.trial.TrialState.COMPLETE,
            State.pruned: optuna.trial.TrialState.PRUNED,
            State.failed: optuna.trial.TrialState.FAIL,
        }
        self._study.tell(drawn.trial, value, state=states[state])

    def records(self) -> tuple[TrialRecord, ...]:
        """Every trial that has ended, in the order of starting."""
        return tuple(_record(t) for t in self._trials() if t.state.is_finished())

    def _trials(self) -> "list[optuna.trial.FrozenTrial]":
        return self._study.get_trials(deepcopy=False)

    def _seed(self, place: int) -> None:
        import optuna

        seed = derived_seed(self._plan.seed, place)
        self._study.sampler = optuna.samplers.TPESampler(seed=seed)

    def _drawn(self, trial: "optuna.Trial") -> dict[str, Scalar]:
        if self._plan.space is not None:
            # Sorted: the order in which a document names them must not matter.
            return {name: draw(trial, name, s) for name, s in sorted(self._plan.space.items())}
        name = trial.suggest_categorical(LEARNER, [learner.name for learner in PORTFOLIO])
        space = LEARNERS[name].space
        return {LEARNER: name, **{key: draw(trial, key, s) for key, s in space.items()}}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A trial that was started.

    Attributes:
        trial: Optuna's trial.
        parameters: the setting.
        spared: whether it is never pruned: every learner's first setting is seen to its end.
    """

    trial: "optuna.Trial"
    parameters: Mapping[str, Scalar]
    spared: bool

    def watch(self, step: int, value: float) -> bool:
        """Take an intermediate value; says whether the trial is to end here."""
        self.trial.report(value, step)
        return self.trial.should_prune() and not self.spared


def _storage(folder: Path | None) -> Any:
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    if folder is None:
        return optuna.storages.InMemoryStorage()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / JOURNAL
    _mend(path)
    return optuna.storages.JournalStorage(
        JournalFileBackend(str(path), lock_obj=JournalFileOpenLock(str(path)))
    )


def _mend(path: Path) -> None:
    """Take away what a killed process left: half a line, and its lock."""
    for lock in path.parent.glob(f"{path.name}.lock*"):
        lock.unlink()
    if path.is_file():
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            partial = path.with_name(f"{path.name}.partial")
            partial.write_bytes(whole)
            partial.replace(path)


def _pruner(plan: Plan) -> "optuna.pruners.BasePruner":
    import optuna

    if plan.space is None:
        return optuna.pruners.SuccessiveHalvingPruner(
            min_resource=NINTHS[0], reduction_factor=REDUCTION
        )
    # Worse than the median of the trials before at the same step (Golovin et al. 2017, Vizier).
    return optuna.pruners.MedianPruner()


def _record(trial: "optuna.trial.FrozenTrial") -> TrialRecord:
    states = {"COMPLETE": State.complete, "PRUNED": State.pruned, "FAIL": State.failed}
    state = states[trial.state.name]
    return TrialRecord(
        number=trial.number,
        parameters=trial.user_attrs.get(_PARAMETERS, trial.params),
        value=None if state is State.failed else trial.value,
        state=state,
    )
