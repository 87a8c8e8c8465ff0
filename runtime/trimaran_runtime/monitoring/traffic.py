"""Captured traffic in profiles: streamed, so memory does not grow with the window."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.summary import EmptySummary, Kind
from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.monitoring.capture import Counts, Request, Requests
from trimaran_runtime.monitoring.predictions import LABEL, PREDICTION, PROBABILITY, with_scores
from trimaran_runtime.monitoring.table import table_of

_BATCH_ROWS = 50_000
_UNREADABLE = (RuntimeFault, ValueError, TypeError, ArithmeticError, MemoryError)
"""What a column of garbage can raise; Arrow's errors are ValueErrors and TypeErrors."""
PERIODS = 48
"""Periods that the window is divided into for the plot of traffic over time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A part of the window."""

    start: datetime
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What the judged release was asked and answered in the window.

    Attributes:
        features: profile of the recorded rows.
        predictions: profile of the predictions.
        counts: what was found while reading.
        unrecorded: reference columns that no or not every row recorded (redacted ones).
        unread: values that could not be read as what they were in training, by column.
        unreadable: columns that cannot be profiled at all, with the reason; left out of both
            profiles.
        periods: rows over time; equal periods that cover the window.
        newest: arrival of the newest request, UTC; None: there was none.
    """

    features: Profile
    predictions: Profile
    counts: Counts
    unrecorded: tuple[str, ...]
    unread: Mapping[str, int]
    unreadable: Mapping[str, str]
    periods: tuple[Period, ...]
    newest: datetime | None


def read_traffic(
    capture: Requests,
    *,
    reference: Profile,
    predictions: Profile,
    since: datetime,
    until: datetime,
    positive: str | None = None,
) -> Traffic:
    """Read and profile captured requests.

    Args:
        capture: the requests.
        reference: profile of the rows the release was made on; says each column's kind.
        predictions: profile of its predictions on the test rows.
        since: beginning of the window, UTC.
        until: end of the window, UTC.
        positive: the class that a probability is of, of two; None: there are not two.
    """
    reader = _Reader(reference, predictions, positive, since, until)
    for request in capture.requests():
        reader.add(request)
    return reader.finish(capture.counts)


class _Reader:
    """Takes requests, and profiles them in batches."""

    def __init__(
        self,
        reference: Profile,
        predictions: Profile,
        positive: str | None,
        since: datetime,
        until: datetime,
    ) -> None:
        self._features = _Side(reference)
        self._predictions = _Side(predictions, positive)
        self._since, self._step = since, (until - since) / PERIODS
        self._periods = [0] * PERIODS
        self._newest: datetime | None = None
        self._absent: Counter[str] = Counter()

    def add(self, request: Request) -> None:
        for row in request.rows:
            for name, values in self._features.pending.items():
                if name not in row:
                    self._absent[name] += 1
                values.append(row.get(name))
        for name, values in self._predictions.pending.items():
            values.extend(_prediction(answer, name) for answer in request.predictions)
        place = int((request.time - self._since) / self._step)
        self._periods[min(max(place, 0), PERIODS - 1)] += len(request.rows)
        if self._newest is None or request.time > self._newest:
            self._newest = request.time
        self._features.count(len(request.rows))
        self._predictions.count(len(request.rows))

    def finish(self, counts: Counts) -> Traffic:
        # Redaction may have been switched on within the window: half a column is no column.
        unrecorded = tuple(sorted(self._absent))
        features = self._features.finish()
        periods = [
            Period(start=self._since + place * self._step, rows=rows)
            for place, rows in enumerate(self._periods)
        ]
        return Traffic(
            features=features.only(set(features.columns) - set(unrecorded)),
            predictions=self._predictions.finish(),
            counts=counts,
            unrecorded=unrecorded,
            unread={n: k for n, k in self._features.unread.items() if n not in unrecorded},
            unreadable={**self._predictions.unreadable, **self._features.unreadable},
            periods=tuple(periods),
            newest=self._newest,
        )


class _Side:
    """Columns of one profile: values that wait, and the profile of those before."""

    def __init__(self, reference: Profile, positive: str | None = None) -> None:
        self._positive = None if reference.scores is None else positive
        self._kinds: dict[str, Kind] = {n: c.kind for n, c in reference.columns.items()}
        self._reference = reference
        self.pending: dict[str, list[Any]] = {name: [] for name in self._kinds}
        self.unread: Counter[str] = Counter()
        self.unreadable: dict[str, str] = {}
        self._rows = 0
        self._profile: Profile | None = None

    def count(self, rows: int) -> None:
        """Rows were appended to `pending`; profiles them when there are enough."""
        self._rows += rows
        if self._rows >= _BATCH_ROWS:
            self._flush()

    def finish(self) -> Profile:
        self._flush()
        empty = {name: EmptySummary(missing=0) for name in self.pending}
        return self._profile or Profile(rows=0, columns=empty)

    def _flush(self) -> None:
        if not self._rows:
            return
        try:
            self._profile = self._with(list(self.pending))
        except _UNREADABLE:
            self._leave_out()
            self._profile = self._with(list(self.pending))
        self._rows = 0
        for values in self.pending.values():
            values.clear()

    def _with(self, names: list[str]) -> Profile:
        """The profile of the rows before and of those that wait, with some of the columns."""
        unread: Counter[str] = Counter()
        table = table_of({name: self.pending[name] for name in names}, self._kinds, unread)
        batch = Profile.of(table, reference=self._sampled(names))
        if self._positive is not None and {LABEL, PROBABILITY} <= set(names):
            batch = with_scores(batch, table, self._positive, reference=self._reference)
        # A profile without columns cannot know its rows from the table.
        batch = batch if names else Profile(rows=self._rows, columns={})
        merged = batch if self._profile is None else self._before(names).merge(batch)
        self.unread += unread
        return merged

    def _before(self, names: list[str]) -> Profile:
        """The profile of the rows before, with the parts that these columns can have."""
        assert self._profile is not None
        whole = self._profile.only(names)
        if not names:
            return whole.without_parts()
        return whole if {LABEL, PROBABILITY} <= set(names) else replace(whole, scores=None)

    def _sampled(self, names: list[str]) -> Profile:
        """The reference, its rows with these columns alone; all else of it stays whole."""
        rows = self._reference.sample
        return (
            self._reference if rows is None else replace(self._reference, sample=rows.only(names))
        )

    def _leave_out(self) -> None:
        """Part from the columns that cannot be profiled; the rest is judged without them."""
        for name in list(self.pending):
            counted = self.unread.copy()
            try:
                self._with([name])
            except _UNREADABLE as exc:
                self.unreadable[name] = str(getattr(exc, "what", exc))
                del self.pending[name]
            self.unread = counted


def _prediction(answer: Any, name: str) -> Any:
    if name == PREDICTION:
        return answer
    if isinstance(answer, dict) and name in {LABEL, PROBABILITY}:
        return answer.get(name)
    return None
