"""Bodies as they went over the wire, as requests: what the clouds' own recorders keep.

Our server writes bodies in their formats without the columns that are redacted.
"""

from datetime import UTC, datetime
from typing import Any

import orjson

from trimaran_runtime.monitoring.capture import Counts, Request
from trimaran_runtime.registry.release import SHORT, Feature, Release
from trimaran_runtime.serving.bodies.json_body import FORMS
from trimaran_runtime.serving.message import Refusal
from trimaran_runtime.serving.rows import RowReader

LIVE_TEST = "trimaran-live-test"
"""Beginning of the caller's id of a request that tests the endpoint and is no traffic."""
_ANY_NUMBER = 2**62
"""No limit on rows: what was answered was within the server's own."""


class Exchanges:
    """Chooses the exchanges of one release in a window, each once, and reads them.

    Args:
        release: the release; its signature says how bodies are read.
        since: beginning of the window, UTC, excluded.
        until: end of the window, UTC, included.
        fraction: share of the requests that the recorder was told to keep, 0 to 1.
        counts: gets what is found; None: its own.

    Attributes:
        counts: what was found so far.
    """

    def __init__(
        self,
        release: Release,
        since: datetime,
        until: datetime,
        fraction: float = 1.0,
        counts: Counts | None = None,
    ) -> None:
        self._release = release.id[:SHORT]
        self._reader = RowReader(release.signature, _ANY_NUMBER)
        self._signature = release.signature
        self._fewer: tuple[list[Feature], RowReader] | None = None
        self._since, self._until = since, until
        self._seen: set[str] = set()
        self.counts = Counts() if counts is None else counts
        self.counts.least_fraction = min(self.counts.least_fraction, fraction)

    @property
    def release(self) -> str:
        """The release as the server names it in its answers."""
        return self._release

    def chosen(self, event: str, moment: datetime, *, is_test: bool = False) -> bool:
        """Whether an exchange is traffic in the window that was not seen before; counts it.

        Args:
            event: its id.
            moment: its time, with a zone.
            is_test: whether the caller said that it is no traffic.
        """
        if not self._since < moment <= self._until:
            return False
        if event in self._seen:
            self.counts.duplicates += 1
            return False
        self._seen.add(event)
        if is_test:
            self.counts.live_tests += 1
        return not is_test

    def read(
        self,
        event: str,
        moment: datetime,
        content_type: str | None,
        body: bytes,
        answer: bytes | None,
    ) -> Request | None:
        """The request that two bodies are; None: it is no traffic of the release; counts it.

        Args:
            event: the id that its caller knows, and that a label will name.
            moment: its time, with a zone.
            content_type: of the body; None: JSON.
            body: what was asked, in any shape that the server takes.
            answer: what was answered; None: nothing.
        """
        try:
            document = orjson.loads(answer) if answer else None
        except orjson.JSONDecodeError:
            self.counts.unreadable += 1
            return None
        if not isinstance(document, dict) or "predictions" not in document:
            self.counts.unanswered += 1
            return None
        if document.get("release") != self._release:
            self.counts.other_release += 1
            return None
        rows, predictions = self._rows(content_type, body), document["predictions"]
        if rows is None or not isinstance(predictions, list) or len(predictions) != len(rows):
            self.counts.unreadable += 1
            return None
        self.counts.requests += 1
        self.counts.rows += len(rows)
        return Request(
            event_id=event, time=moment.astimezone(UTC), rows=rows, predictions=predictions
        )

    def _rows(self, content_type: str | None, body: bytes) -> list[dict[str, Any]] | None:
        """Rows of a body by column; None: it is no body that the server takes."""
        try:
            try:
                return _by_name(self._reader, content_type, body)
            except Refusal:
                return self._rows_with_fewer(body)
        except (TypeError, ValueError, AttributeError, KeyError, IndexError, Refusal):
            return None

    def _rows_with_fewer(self, body: bytes) -> list[dict[str, Any]]:
        """Rows without columns that none of them has.

        The server answers no request that lacks one, so whoever recorded it left them out.

        Raises:
            KeyError, TypeError, IndexError, ValueError, Refusal: it is no body either.
        """
        rows: list[dict[str, Any]] = orjson.loads(body)[FORMS[0]]
        kept = [feature for feature in self._signature.features if feature.name in rows[0]]
        if not kept and not any(rows) and all(isinstance(row, dict) for row in rows):
            return rows  # every column is left out
        if self._fewer is None or self._fewer[0] != kept:
            signature = self._signature.model_copy(update={"features": tuple(kept)})
            self._fewer = kept, RowReader(signature, _ANY_NUMBER)
        return _by_name(self._fewer[1], None, body)


def _by_name(reader: RowReader, content_type: str | None, body: bytes) -> list[dict[str, Any]]:
    names = [column.name for column in reader.columns]
    rows = reader.read(content_type, body)
    return [dict(zip(names, row, strict=True)) for row in zip(*rows.raw, strict=True)]


def moment_of(value: Any) -> datetime:
    """A time of a record; raises ValueError or TypeError when it is none, or has no zone."""
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment
