"""Reads captured traffic: the requests of a window, each once, whatever happened to the files.

The server writes one JSON object per answered request to
`capture/<endpoint>/<variant>/yyyy/mm/dd/hh/*.jsonl` (`trimaran_runtime.serving.capture`).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson

from trimaran_runtime.errors import Corrupted, NotFound
from trimaran_runtime.monitoring.hours import hours_of
from trimaran_runtime.storage.store import Store

_GROWING = ".part"
_LINES = (".jsonl", f".jsonl{_GROWING}")
_DROPS = "-drops.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One captured request.

    Attributes:
        event_id: what its label will be found by.
        time: arrival, UTC.
        rows: the rows it asked about: value by column; redacted columns are absent.
        predictions: one per row, as answered.
    """

    event_id: str
    time: datetime
    rows: list[dict[str, Any]]
    predictions: list[Any]


@dataclass(slots=True, kw_only=True)
class Counts:
    """What was found while reading, complete when everything was read.

    Attributes:
        files: files read.
        requests: requests of the judged release in the window.
        rows: their rows.
        duplicates: lines that repeat a request that was read already.
        torn: last lines that are cut off: their server was killed, or is still writing.
        unreadable: other lines that are no captured request.
        unanswered: requests in the window that were answered with an error: they hold no
            prediction.
        live_tests: requests in the window that tested the endpoint, and are no traffic.
        unmatched: records of a question without its answer, or of an answer without its
            question: the other one is in a file that is late, or lost.
        other_release: requests in the window that another release answered.
        dropped: requests that the server could not record, by reason.
        sampled_out: requests that the server was told not to record.
        least_fraction: smallest share of requests that was recorded, 0 to 1.
    """

    files: int = 0
    requests: int = 0
    rows: int = 0
    duplicates: int = 0
    torn: int = 0
    unreadable: int = 0
    unanswered: int = 0
    live_tests: int = 0
    unmatched: int = 0
    other_release: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    sampled_out: int = 0
    least_fraction: float = 1.0


class Requests(Protocol):
    """Captured requests of one release in a window, whoever recorded them."""

    @property
    def counts(self) -> Counts:
        """What was found, complete when everything was read."""

    def requests(self) -> Iterator[Request]:
        """Every request once; `counts` is complete at the end."""


class Capture:
    """The captured requests that one release answered in a window of time.

    Args:
        store: the artifact store.
        endpoint: name of the endpoint.
        release: full id of the release.
        since: beginning of the window, UTC, excluded.
        until: end of the window, UTC, included.
        counts: gets what is found; None: its own.
    """

    def __init__(
        self,
        store: Store,
        endpoint: str,
        *,
        release: str,
        since: datetime,
        until: datetime,
        counts: Counts | None = None,
    ) -> None:
        self._store, self._endpoint, self._release = store, endpoint, release
        self._since, self._until = since, until
        self._seen: set[str] = set()
        self.counts = Counts() if counts is None else counts

    def requests(self) -> Iterator[Request]:
        """Every request once, file by file; `counts` is complete at the end."""
        for key in self._keys():
            if key.endswith(_DROPS):
                self._count_drops(key)
            elif key.endswith(_LINES):
                yield from self._file(key)

    def _keys(self) -> Iterator[str]:
        hours = hours_of(self._since, self._until)
        for variant in self._store.folders(f"capture/{self._endpoint}"):
            for folder in hours:
                for entry in self._store.list(f"{variant}/{folder}"):
                    yield entry.key

    def _file(self, key: str) -> Iterator[Request]:
        content = self._content(key)
        if content is None:
            return
        self.counts.files += 1
        lines = content.split(b"\n")
        # Every complete line ends in a line feed: what follows the last one is torn.
        self.counts.torn += bool(lines.pop())
        for line in lines:
            if line:
                request = self._line(line)
                if request is not None:
                    self.counts.requests += 1
                    self.counts.rows += len(request.rows)
                    yield request

    def _content(self, key: str) -> bytes | None:
        try:
            return self._store.read(key)
        except NotFound:
            if not key.endswith(_GROWING):
                return None  # deleted by retention since it was listed
        try:
            return self._store.read(key.removesuffix(_GROWING))
        except NotFound:
            return None

    def _line(self, line: bytes) -> Request | None:
        try:
            record = orjson.loads(line)
            event, release = record["event_id"], record["release"]
            moment = datetime.fromisoformat(record["time"])
            rows, predictions = record["request"], record["prediction"]
            fraction = float(record.get("sampled_fraction", 1.0))
            well_formed = isinstance(event, str) and _is_list_of_objects(rows)
            well_formed = well_formed and len(rows) == len(predictions)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            well_formed = False
        if not well_formed or moment.tzinfo is None:
            self.counts.unreadable += 1
            return None
        if not self._since < moment <= self._until:
            return None
        if event in self._seen:
            self.counts.duplicates += 1
            return None
        self._seen.add(event)
        if release != self._release:
            self.counts.other_release += 1
            return None
        self.counts.least_fraction = min(self.counts.least_fraction, fraction)
        return Request(
            event_id=event, time=moment.astimezone(UTC), rows=rows, predictions=predictions
        )

    def _count_drops(self, key: str) -> None:
        try:
            document = self._store.read_json(key)
            self.counts.dropped.update({k: int(v) for k, v in document["dropped"].items()})
            self.counts.sampled_out += int(document["sampled_out"])
        except (NotFound, Corrupted, KeyError, TypeError, ValueError, AttributeError):
            self.counts.unreadable += 1


def _is_list_of_objects(rows: Any) -> bool:
    return isinstance(rows, list) and all(type(row) is dict for row in rows)
