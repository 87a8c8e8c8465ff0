"""Contributions of any model, estimated by sampling orders of the columns.

Columns are switched from a reference row's values to the row's own, one after the other in a
random order; what the answer changes by at its turn is a column's contribution. Each order is
walked in both directions, which takes out much of the chance (Strumbelj and Kononenko, 2014;
Mitchell et al., 2022, section 3.1). Every row meets the same reference rows, so contributions add
up to the answer exactly.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.errors import DataError
from trimaran_runtime.evaluation.predictions import predict
from trimaran_runtime.explain.contributions import Contributions, Floats, Places
from trimaran_runtime.explain.explanation import Method, Scale

if TYPE_CHECKING:
    import pandas as pd

    from trimaran_runtime.registry.release import Signature

MOST_ROWS = 50
"""Rows that are explained by sampling at most."""
_MOST_ANSWERS = 10_000
"""Answers of the model that all rows together may take, beyond the fewest orders."""
_MOST_PAIRS, _FEWEST_PAIRS = 10, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """A model of unknown form.

    Attributes:
        model: the fitted model.
        reference: rows to compare with.
        signature: what the model takes and gives.
        seed: of the orders.
        why: why it is sampled.
    """

    model: Any
    reference: "pd.DataFrame"
    signature: "Signature"
    seed: int
    why: str
    method: Method = Method.sampled

    @property
    def scale(self) -> Scale:
        """What the contributions add up to."""
        return Scale.probability if self.signature.classes else Scale.value

    def explain(self, frame: "pd.DataFrame") -> Contributions:
        """Contributions of the n rows of a frame."""
        import pandas as pd

        n, p = frame.shape
        pairs = int(np.clip(_MOST_ANSWERS // (2 * n * (p + 1)), _FEWEST_PAIRS, _MOST_PAIRS))
        pairs = min(pairs, len(self.reference))
        generator = np.random.default_rng(self.seed)
        orders = [generator.permutation(p) for _ in range(pairs)]
        both = pd.concat([frame, self.reference], ignore_index=True)
        # Two ways of each pair, (n, p + 1) mixed rows along each way: one call of the model.
        turns = np.stack([np.argsort(way) for order in orders for way in (order, order[::-1])])
        rows = np.stack([_walk(turns[at], n, n + at // 2) for at in range(2 * pairs)])
        mixed = type(both)(
            {
                name: both[name].array.take(rows[..., at].ravel())
                for at, name in enumerate(both.columns)
            }
        )
        answers = self._answers(mixed).reshape(2 * pairs, n, p + 1, -1)
        changes = np.diff(answers, axis=2)
        ways = np.stack([changes[at][:, turns[at]] for at in range(2 * pairs)])
        draws = ways.reshape(pairs, 2, *ways.shape[1:]).mean(axis=1)
        return Contributions(
            values=draws.mean(axis=0),
            base=answers[::2, 0, 0].mean(axis=0),
            error=draws.std(axis=0, ddof=1) / np.sqrt(pairs),
        )

    def _answers(self, frame: "pd.DataFrame") -> Floats:
        scores = predict(self.model, frame, self.signature).scores
        if not np.isfinite(scores).all():
            raise DataError(
                "the model's answers are not finite for rows that mix the values of several",
                where="explain",
                next_step="leave explanations out with explain.enabled: false",
            )
        return scores[:, 1:] if len(self.signature.classes) == 2 else scores


def _walk(turns: Places, n: int, reference: int) -> Places:
    """(n, p + 1, p) row each column is taken from, after 0, 1, … p columns were switched.

    Args:
        turns: (p,) when each column is switched.
        n: rows that are explained; they come first.
        reference: row that every walk starts from.
    """
    switched = turns < np.arange(len(turns) + 1)[:, np.newaxis]
    return np.where(switched, np.arange(n)[:, np.newaxis, np.newaxis], reference)
