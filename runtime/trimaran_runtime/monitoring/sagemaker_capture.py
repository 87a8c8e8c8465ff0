"""Reads what SageMaker's data capture records: the same requests, in SageMaker's words.

SageMaker writes one JSON object per invocation to
`<destination>/<endpoint>/<variant>/yyyy/mm/dd/hh/<uuid>.jsonl` (developer guide, "Capture data
from real-time endpoint", read 2026-11-24). Bodies are in it as they went over the wire: the
request in any shape that the server takes, the answer as the server spells it.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from trimaran_runtime.errors import NotFound
from trimaran_runtime.monitoring.capture import Counts, Request
from trimaran_runtime.monitoring.exchange import LIVE_TEST, Exchanges, moment_of
from trimaran_runtime.monitoring.hours import hours_of
from trimaran_runtime.monitoring.json_lines import json_lines
from trimaran_runtime.registry.release import Release
from trimaran_runtime.storage.store import Store

_LINES = ".jsonl"


class SageMakerCapture:
    """The invocations that one release answered in a window of time.

    Args:
        uri: destination of the data capture, `s3://bucket/prefix`.
        endpoint: name of the endpoint.
        release: the release; its signature says how bodies are read.
        since: beginning of the window, UTC, excluded.
        until: end of the window, UTC, included.
        fraction: share of the invocations that are captured, 0 to 1.
        counts: gets what is found; None: its own.
    """

    def __init__(
        self,
        uri: str,
        endpoint: str,
        *,
        release: Release,
        since: datetime,
        until: datetime,
        fraction: float = 1.0,
        counts: Counts | None = None,
    ) -> None:
        self._store, self._endpoint = Store(uri), endpoint
        self._hours = hours_of(since, until)
        self._exchanges = Exchanges(release, since, until, fraction, counts)

    @property
    def counts(self) -> Counts:
        """What was found, complete when everything was read."""
        return self._exchanges.counts

    def requests(self) -> Iterator[Request]:
        """Every request once, file by file; `counts` is complete at the end."""
        for key in self._keys():
            try:
                content = self._store.read(key)
            except NotFound:
                continue  # deleted by retention since it was listed
            self.counts.files += 1
            for record in json_lines(content, self.counts):
                request = self._record(record)
                if request is not None:
                    yield request

    def _keys(self) -> Iterator[str]:
        for variant in self._store.folders(self._endpoint):
            for hour in self._hours:
                for entry in self._store.list(f"{variant}/{hour}"):
                    if entry.key.endswith(_LINES):
                        yield entry.key

    def _record(self, record: Any) -> Request | None:
        try:
            about, data = record["eventMetadata"], record["captureData"]
            event, moment = about["eventId"], moment_of(about["inferenceTime"])
            told = str(about.get("inferenceId") or "")
            is_test = told.startswith(LIVE_TEST)
            given, answer = data["endpointInput"], data.get("endpointOutput")
            if not isinstance(event, str):
                raise ValueError("no event")
        except (KeyError, TypeError, ValueError, AttributeError):
            self.counts.unreadable += 1
            return None
        if not self._exchanges.chosen(event, moment, is_test=is_test):
            return None
        try:
            bodies = _body(given), _body(answer) if answer else None
            content_type = given.get("observedContentType")
        except (KeyError, TypeError, ValueError, AttributeError):
            self.counts.unreadable += 1
            return None
        # A label names the id that the caller gave: SageMaker's own it never saw.
        return self._exchanges.read(told or event, moment, content_type, *bodies)


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
