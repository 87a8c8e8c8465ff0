"""Reads what Azure ML's data collector records: questions and answers in files of their own.

Payload logging writes CloudEvents, one JSON object a line, to
`<root>/<endpoint>/<deployment>/request|response/yyyy/MM/dd/HH/<instance>.jsonl`; how far down the
folders go depends on `rolling_rate`. `data` is the body; a body above 4 MB, and a binary one, is in
a blob that `data` names, which `datainblob` tells. A question and its answer have one
`correlationid`, which the caller may choose and repeat. Requests that come close together may be
put into one object. Where there is no payload logging, the tables `model_inputs` and
`model_outputs` are read, which our server writes, too
(`trimaran_runtime.serving.captured.azureml`): `data` is a list of rows, and `modelversion` the id
of the release. (Microsoft Learn, "Collect production data from models deployed for
real-time inferencing", sections "Enable payload logging" and "Store collected data in Blob
Storage", read 2026-11-25.)
"""

import re
from base64 import b64decode
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlparse

import orjson

from trimaran_runtime.errors import NotFound
from trimaran_runtime.monitoring.capture import Counts, Request
from trimaran_runtime.monitoring.exchange import LIVE_TEST, Exchanges, moment_of
from trimaran_runtime.monitoring.json_lines import json_lines
from trimaran_runtime.monitoring.rolled import rolled_files
from trimaran_runtime.registry.release import SHORT, Release
from trimaran_runtime.serving.bodies.json_body import FORMS
from trimaran_runtime.serving.captured.azureml import INPUTS, OUTPUTS, PREDICTION
from trimaran_runtime.storage.store import Store

_QUESTION, _ANSWER = "request", "response"
_COLLECTIONS = ((_QUESTION, _ANSWER), (INPUTS, OUTPUTS))
"""Pairs of collections, of which the first that is there is read: both tell of one traffic."""
_RANGE = re.compile(r"bytes (?P<first>\d+)-(?P<last>\d+)/(?P<all>\d+|\*)")
_GRACE = timedelta(hours=1)
"""How much older than its answer a question may be, and be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One body of an exchange."""

    event: str
    together: str
    moment: datetime
    is_test: bool
    content_type: str | None
    body: bytes


class AzureCapture:
    """The requests that one release answered in a window of time.

    Args:
        uri: folder that the collector writes to, `az://container/modelDataCollector` say.
        endpoint: name of the endpoint.
        release: the release; its signature says how bodies are read.
        since: beginning of the window, UTC, excluded.
        until: end of the window, UTC, included.
        fraction: the collector's `sampling_rate`, 0 to 1.
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
        self._since, self._until = since, until
        self._exchanges = Exchanges(release, since, until, fraction, counts)
        self._read: set[str] = set()

    @property
    def counts(self) -> Counts:
        """What was found, complete when everything was read."""
        return self._exchanges.counts

    def requests(self) -> Iterator[Request]:
        """Every request once; `counts` is complete at the end."""
        for deployment in self._store.folders(self._endpoint):
            waiting: dict[str, _Waiting] = defaultdict(_Waiting)
            for key, name in self._files(deployment):
                for side in self._sides(key, name):
                    pair = waiting[side[0]].meet(name, side[1])
                    if pair is None:
                        continue
                    if not waiting[side[0]]:
                        del waiting[side[0]]
                    request = self._exchange(*pair)
                    if request is not None:
                        yield request
            for sides in waiting.values():
                self.counts.unmatched += sum(self._since < s.moment <= self._until for s in sides)

    def _files(self, deployment: str) -> Iterator[tuple[str, str]]:
        """Files of both collections, those of the same time and instance side by side."""
        # The answer to a question at the end of the window may be in the folder after.
        since, until = self._since - _GRACE, self._until + _GRACE
        for names in _COLLECTIONS:
            folders = {name: f"{deployment}/{name}" for name in names}
            found = [
                (key.removeprefix(folder), name, key)
                for name, folder in folders.items()
                for key in rolled_files(self._store, folder, since, until)
            ]
            if found:
                yield from ((key, name) for _, name, key in sorted(found))
                return

    def _sides(self, key: str, name: str) -> Iterator[tuple[str, _Side]]:
        try:
            content = self._store.read(key)
        except NotFound:
            return  # deleted by retention since it was listed
        self.counts.files += 1
        for record in json_lines(content, self.counts):
            yield from self._record(record, name)

    def _record(self, record: Any, name: str) -> Iterator[tuple[str, _Side]]:
        try:
            event, moment = record["id"], moment_of(record["time"])
            together = record.get("correlationid") or record["xrequestid"]
            if not isinstance(event, str) or not isinstance(together, str):
                raise ValueError("no event")
            if event in self._read:
                self.counts.duplicates += 1
                return
            bodies = self._bodies(record, name)
        except (KeyError, TypeError, ValueError, AttributeError):
            self.counts.unreadable += 1
            return
        except NotFound:
            self.counts.dropped["payload in a blob that is not there"] += 1
            return
        self._read.add(event)
        ids = (together, str(record.get("xrequestid")))
        is_test = any(given.startswith(LIVE_TEST) for given in ids)
        content_type = record.get("datacontenttype")
        for number, body in enumerate(bodies):
            side = _Side(
                event=f"{event}/{number}",
                together=together,
                moment=moment,
                is_test=is_test,
                content_type=content_type if isinstance(content_type, str) else None,
                body=body,
            )
            yield f"{together}/{number}", side

    def _bodies(self, record: Mapping[str, Any], name: str) -> list[bytes]:
        """The bodies in a record: one, or those that were put together; ValueError: incomplete."""
        bodies = self._payloads(record)
        if name not in (INPUTS, OUTPUTS):
            return bodies
        rows = [row for body in bodies for row in _table(body)]
        if name == INPUTS:
            return [orjson.dumps({FORMS[0]: rows})]
        predictions = [row[PREDICTION] if row.keys() == {PREDICTION} else row for row in rows]
        release = record["modelversion"][:SHORT]
        return [orjson.dumps({"predictions": predictions, "release": release})]

    def _payloads(self, record: Mapping[str, Any]) -> list[bytes]:
        if str(record.get("datainblob", "")).lower() == "true":
            return [self._store.read(self._blob(record["data"]))]
        found = _RANGE.fullmatch(record.get("contentrange") or "bytes 0-0/*")
        if found is None or found["first"] != "0":
            raise ValueError("a piece of a body")
        if found["all"] != "*" and int(found["last"]) + 1 != int(found["all"]):
            raise ValueError("a piece of a body")
        if "data_base64" in record:
            return [b64decode(record["data_base64"], validate=True)]
        data = record["data"]
        if isinstance(data, str):
            return [data.encode()]
        if isinstance(data, list) and data and all(map(_is_body, data)):
            return [orjson.dumps(body) for body in data]
        return [orjson.dumps(data)]

    def _blob(self, url: str) -> str:
        """Key of a blob by its address: what is below the root begins with the endpoint."""
        path = unquote(urlparse(url).path)
        place = path.find(f"/{self._endpoint}/")
        if place < 0:
            raise NotFound(f"{url!r} is not below {self._store.uri}", where="capture")
        return path[place + 1 :]

    def _exchange(self, question: _Side, answer: _Side) -> Request | None:
        is_test = question.is_test or answer.is_test
        if not self._exchanges.chosen(question.event, question.moment, is_test=is_test):
            return None
        return self._exchanges.read(
            question.together, question.moment, question.content_type, question.body, answer.body
        )


class _Waiting:
    """Sides of one id whose other side was not met yet; first come, first met."""

    def __init__(self) -> None:
        self._side, self._queue = "", deque[_Side]()

    def __bool__(self) -> bool:
        return bool(self._queue)

    def __iter__(self) -> Iterator[_Side]:
        return iter(self._queue)

    def meet(self, name: str, side: _Side) -> tuple[_Side, _Side] | None:
        """Question and answer, when the other one waits; else the side waits, too."""
        if not self._queue or self._side == name:
            self._side = name
            self._queue.append(side)
            return None
        other = self._queue.popleft()
        return (other, side) if name in (_ANSWER, OUTPUTS) else (side, other)


def _table(body: bytes) -> list[dict[str, Any]]:
    """Rows of a table; raises ValueError when it is none."""
    rows = orjson.loads(body)
    rows = rows if isinstance(rows, list) else [rows]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("no table")
    return rows


def _is_body(value: Any) -> bool:
    return isinstance(value, dict) and (
        sum(form in value for form in FORMS) == 1 or "predictions" in value
    )
