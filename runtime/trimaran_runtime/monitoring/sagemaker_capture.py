"""Reads what SageMaker's data capture records: the same requests, in SageMaker's words.

SageMaker writes one JSON object per invocation to
`<destination>/<endpoint>/<variant>/yyyy/mm/dd/hh/<uuid>.jsonl` (developer guide, "Capture data
from real-time endpoint", read 2026-11-24). Bodies are in it as they went over the wire: the
request in any shape that the server takes, the answer as the server spells it.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from trimaran_runtime.errors import NotFound
from trimaran_runtime.monitoring.capture import Counts, Request
from trimaran_runtime.monitoring.hours import hours_of
from trimaran_runtime.registry.release import SHORT, Release
from trimaran_runtime.serving.message import Refusal
from trimaran_runtime.serving.rows import RowReader
from trimaran_runtime.storage.store import Store

LIVE_TEST = "trimaran-live-test"
"""Beginning of the `InferenceId` of an invocation that tests the endpoint and is no traffic."""
_LINES = ".jsonl"
_ANY_NUMBER = 2**62
"""No limit on rows: what was answered was within the server's own."""


class SageMakerCapture:
    """The invocations that one release answered in a window of time.

    Args:
        uri: destination of the data capture, `s3://bucket/prefix`.
        endpoint: name of the endpoint.
        release: the release; its signature says how bodies are read.
        since: beginning of the window, UTC, excluded.
        until: end of the window, UTC, included.
    """

    def __init__(
        self, uri: str, endpoint: str, *, release: Release, since: datetime, until: datetime
    ) -> None:
        self._store, self._endpoint = Store(uri), endpoint
        self._release = release.id[:SHORT]
        self._reader = RowReader(release.signature, _ANY_NUMBER)
        self._names = [feature.name for feature in release.signature.features]
        self._since, self._until = since, until
        self._seen: set[str] = set()
        self.counts = Counts()

    def requests(self) -> Iterator[Request]:
        """Every request once, file by file; `counts` is complete at the end."""
        for key in self._keys():
            try:
                content = self._store.read(key)
            except NotFound:
                continue  # deleted by retention since it was listed
            self.counts.files += 1
            yield from self._file(content)

    def _keys(self) -> Iterator[str]:
        hours = hours_of(self._since, self._until)
        for variant in self._store.folders(self._endpoint):
            for hour in hours:
                for entry in self._store.list(f"{variant}/{hour}"):
                    if entry.key.endswith(_LINES):
                        yield entry.key

    def _file(self, content: bytes) -> Iterator[Request]:
        lines = content.split(b"\n")
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                # Only what no line feed ends can be cut off.
                if number == len(lines):
                    self.counts.torn += 1
                else:
                    self.counts.unreadable += 1
                continue
            request = self._record(record)
            if request is not None:
                self.counts.requests += 1
                self.counts.rows += len(request.rows)
                yield request

    def _record(self, record: Any) -> Request | None:
        try:
            about, data = record["eventMetadata"], record["captureData"]
            event, moment = about["eventId"], datetime.fromisoformat(about["inferenceTime"])
            is_test = str(about.get("inferenceId", "")).startswith(LIVE_TEST)
            given, answer = data["endpointInput"], data.get("endpointOutput")
            if not isinstance(event, str) or moment.tzinfo is None:
                raise ValueError("no event")
        except (KeyError, TypeError, ValueError, AttributeError):
            self.counts.unreadable += 1
            return None
        if not self._since < moment <= self._until:
            return None
        if event in self._seen:
            self.counts.duplicates += 1
            return None
        self._seen.add(event)
        if is_test:
            self.counts.live_tests += 1
            return None
        return self._answered(event, moment.astimezone(UTC), given, answer)

    def _answered(self, event: str, moment: datetime, given: Any, answer: Any) -> Request | None:
        try:
            document = orjson.loads(_body(answer)) if answer else None
            if not isinstance(document, dict) or "predictions" not in document:
                self.counts.unanswered += 1
                return None
            if document.get("release") != self._release:
                self.counts.other_release += 1
                return None
            rows = self._rows(given)
            predictions = document["predictions"]
            if not isinstance(predictions, list) or len(predictions) != len(rows):
                raise ValueError("not one prediction per row")
        except (KeyError, TypeError, ValueError, AttributeError, Refusal):
            self.counts.unreadable += 1
            return None
        return Request(event_id=event, time=moment, rows=rows, predictions=predictions)

    def _rows(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        rows = self._reader.read(given.get("observedContentType"), _body(given))
        return [dict(zip(self._names, row, strict=True)) for row in zip(*rows.raw, strict=True)]


def _body(side: Mapping[str, Any]) -> bytes:
    """A body as it went over the wire; raises ValueError for an encoding that is not known."""
    data, encoding = side["data"], side.get("encoding")
    match encoding:
        case "JSON" | "CSV":
            # A body that is JSON may be in the record as JSON itself, not as text.
            return data.encode() if isinstance(data, str) else orjson.dumps(data)
        case "BASE64":
            try:
                return base64.b64decode(data, validate=True)
            except binascii.Error as exc:
                raise ValueError("not base64") from exc
        case _:
            raise ValueError(f"unknown encoding {encoding!r}")
