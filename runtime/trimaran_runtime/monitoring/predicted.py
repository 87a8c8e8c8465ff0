"""Predictions that wait for their labels: of each no more than a label has to be compared with."""

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from trimaran_runtime.drift.level_name import text_of
from trimaran_runtime.errors import DataError
from trimaran_runtime.monitoring.capture import Request
from trimaran_runtime.monitoring.predictions import LABEL, PROBABILITY

START = datetime(1970, 1, 1, tzinfo=UTC)
"""Parts of time begin at multiples of their length since then."""
UNREADABLE = -1
"""Class of an answer that is none."""


@dataclass(slots=True, kw_only=True)
class Predicted:
    """Answers of captured requests: 16 bytes a row, and the id of each request.

    Attributes:
        names: classes in the order of the release's probabilities, as text; empty: regression.
        every: length of a part of time.
        events: id of each request.
        parts: number of the part of time of each, from 1970 on.
        sizes: rows of each.
        chosen: predicted class of each row, by its place in `names`; `UNREADABLE`: none.
        scores: probability of the last class, or the predicted number; NaN: there is none.
    """

    names: tuple[str, ...]
    every: timedelta
    events: list[str] = field(default_factory=list)
    parts: "array[int]" = field(default_factory=lambda: array("q"))
    sizes: "array[int]" = field(default_factory=lambda: array("q"))
    chosen: "array[int]" = field(default_factory=lambda: array("q"))
    scores: "array[float]" = field(default_factory=lambda: array("d"))

    @classmethod
    def of(
        cls,
        requests: Iterable[Request],
        *,
        classes: Sequence[Any] = (),
        every: timedelta = timedelta(days=1),
    ) -> Self:
        """Take the answers of requests.

        Args:
            requests: captured requests, each once, in any order.
            classes: of the release, in the order of its probabilities; empty: regression.
            every: length of a part.

        Raises:
            DataError: `every` is not positive.
        """
        if every <= timedelta(0):
            raise DataError(f"parts of {every}", where="late performance", allowed="more than 0")
        found = cls(names=tuple(text_of(label) for label in classes), every=every)
        place = {name: at for at, name in enumerate(found.names)}
        for request in requests:
            found.events.append(request.event_id)
            found.parts.append((request.time - START) // every)
            found.sizes.append(len(request.predictions))
            for answer in request.predictions:
                found.chosen.append(_chosen(answer, place))
                given = answer.get(PROBABILITY) if isinstance(answer, dict) else answer
                score = number_of(given)
                found.scores.append(math.nan if score is None else score)
        return found


def number_of(value: Any) -> float | None:
    """A finite number; None: it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _chosen(answer: Any, place: dict[str, int]) -> int:
    label = answer.get(LABEL) if isinstance(answer, dict) else None
    return UNREADABLE if label is None else place.get(text_of(label), UNREADABLE)
