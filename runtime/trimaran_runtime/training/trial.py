"""One setting of a search, as the function that fits it sees it."""

from collections.abc import Callable
from dataclasses import dataclass

Watch = Callable[[int, float], bool]
"""Takes a step and a value; says whether the trial is to end here."""


class Pruned(BaseException):
    """Ends a trial that will not be among the best.

    No `Exception`: code that catches every error of a library must not catch this.
    """


@dataclass(frozen=True, slots=True)
class Trial:
    """What a function that fits may report to while it does.

    Attributes:
        watch: who is told; None: nobody, because there is no search, or it is over.
    """

    watch: Watch | None = None

    @property
    def is_watched(self) -> bool:
        """Whether a search goes on; if not, values need not be measured."""
        return self.watch is not None

    def report(self, step: int, value: float) -> None:
        """Say how good the model is so far.

        Args:
            step: how far it is, 0 or more, rising: rounds, epochs.
            value: the search's metric (or what moves with it) on the validation rows.

        Raises:
            Pruned: it is worse than the trials before at this step. Let it pass.
        """
        if self.watch is not None and self.watch(int(step), float(value)):
            raise Pruned


UNWATCHED = Trial()
"""The trial of a fit outside a search."""
