"""Lowered forms of scikit-learn's encoders of categories.

Their many options (rare levels, levels left out, unknown and missing values) are not translated:
the fitted encoder is asked for the code of each of its levels, of an unknown one and of a missing
one, each in a frame as the server would build it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.lowering.from_steps import kind
from trimaran_runtime.lowering.reader import Levels, OneHot, Ordinal, Reader
from trimaran_runtime.registry.release import Feature

ENCODERS = frozenset({"OneHotEncoder", "OrdinalEncoder"})
_UNKNOWN_TEXT = "\N{REPLACEMENT CHARACTER} no such level"
_TEXTS = frozenset({"category", "text"})


def encoder(fitted: Any, features: tuple[Feature, ...], places: NDArray[np.int32]) -> Reader:
    """A reader that encodes as a fitted encoder does.

    Args:
        fitted: OneHotEncoder or OrdinalEncoder.
        features: the columns that it was fitted on.
        places: where they are in the signature.
    """
    hot = kind(fitted) == "OneHotEncoder"
    widths = list(fitted._n_features_outs) if hot else [1] * len(features)
    probe = _Probe(fitted, features)
    starts = np.cumsum([0, *widths])
    levels = tuple(
        probe.levels(i, slice(int(starts[i]), int(starts[i + 1])), hot=hot)
        for i in range(len(features))
    )
    if not hot:
        return Ordinal(places, levels)
    return OneHot(places, levels, np.array(widths, dtype=np.int32))


class _Probe:
    """Asks a fitted encoder about one column at a time."""

    def __init__(self, fitted: Any, features: tuple[Feature, ...]) -> None:
        from trimaran_runtime.serving.column import Column

        self._fitted, self._features = fitted, features
        self._columns = [Column(feature) for feature in features]
        self._known = [
            [level for level in each.tolist() if level is not None and level == level]
            for each in fitted.categories_
        ]

    def levels(self, which: int, part: slice, *, hot: bool) -> Levels:
        """The levels of a column, whose codes are in a part of the encoder's matrix."""
        known, feature = self._known[which], self._features[which]
        codes = [self._codes(which, [level], part, hot=hot) for level in known]
        unknown = self._codes(which, self._unknown(which), part, hot=hot)
        askable = feature.nullable or feature.type in _TEXTS
        missing = self._codes(which, [None] if askable else [], part, hot=hot)
        return Levels(
            levels=tuple(known),
            codes=np.array(codes, dtype=np.float64),
            unknown=unknown,
            missing=missing,
        )

    def _unknown(self, which: int) -> list[Any]:
        known, feature = self._known[which], self._features[which]
        if feature.type in _TEXTS:
            return [_UNKNOWN_TEXT]
        if feature.type == "boolean" and not feature.nullable:
            others = [value for value in (False, True) if value not in known]
            return others[:1]
        return [max(known, default=0) + 1]

    def _codes(self, which: int, value: list[Any], part: slice, *, hot: bool) -> float | None:
        """Code of a value; None: the encoder refuses it, or there is none to ask for."""
        if not value:
            return None
        import pandas as pd

        row = {
            feature.name: column.array(value if i == which else self._known[i][:1] or [None])
            for i, (feature, column) in enumerate(zip(self._features, self._columns, strict=True))
        }
        try:
            encoded = self._fitted.transform(pd.DataFrame(row))
        except ValueError:
            return None
        dense = encoded.toarray() if hasattr(encoded, "toarray") else np.asarray(encoded)
        mine = np.asarray(dense, dtype=np.float64)[0, part]
        if not hot:
            return float(mine[0])
        return float(mine.argmax()) if mine.any() else -1.0
