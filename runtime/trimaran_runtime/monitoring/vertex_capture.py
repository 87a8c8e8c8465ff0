"""Reads what Vertex AI's request-response logging records: rows of a BigQuery table.

A row has `endpoint STRING, deployed_model_id STRING, logging_time TIMESTAMP, request_id NUMERIC,
request_payload STRING REPEATED, response_payload STRING REPEATED` (Google Cloud, "Use online
inference logging", read 2026-11-25). Of a `predict` call the payloads hold one JSON text for each
instance and each prediction, and nothing of what the server says beside them; of a `rawPredict`
call each holds the one body. Which release answered is told by the deployed model, and by the
body where there is one.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from trimaran_runtime.monitoring.capture import Counts, Request
from trimaran_runtime.monitoring.exchange import Exchanges, moment_of
from trimaran_runtime.registry.release import Release
from trimaran_runtime.serving.bodies.json_body import FORMS, is_body


class VertexCapture:
    """The requests that one release answered in a window of time.

    Args:
        rows: rows of the table, in any order, as `trimaran_runtime.monitoring.vertex_rows` gives.
        release: the release; its signature says how instances are read.
        deployed: ids of the deployed models that serve it.
        since: beginning of the window, UTC, excluded.
        until: end of the window, UTC, included.
        fraction: `samplingRate` of the logging, 0 to 1.
        counts: what whoever reads the rows counts in; None: nobody does.
    """

    def __init__(
        self,
        rows: Iterable[Mapping[str, Any]],
        *,
        release: Release,
        deployed: Collection[str],
        since: datetime,
        until: datetime,
        fraction: float = 1.0,
        counts: Counts | None = None,
    ) -> None:
        self._rows, self._deployed = rows, frozenset(deployed)
        self._exchanges = Exchanges(release, since, until, fraction, counts)

    @property
    def counts(self) -> Counts:
        """What was found, complete when everything was read."""
        return self._exchanges.counts

    def requests(self) -> Iterator[Request]:
        """Every request once; `counts` is complete at the end."""
        for row in self._rows:
            request = self._row(row)
            if request is not None:
                yield request

    def _row(self, row: Mapping[str, Any]) -> Request | None:
        try:
            model, moment = row["deployed_model_id"], _moment(row["logging_time"])
            number = _whole(row["request_id"])
            event = f"{row['endpoint']}/{model}/{number}"
            asked, answered = _texts(row["request_payload"]), _texts(row["response_payload"])
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
            self.counts.unreadable += 1
            return None
        if not self._exchanges.chosen(event, moment):
            return None
        if str(model) not in self._deployed:
            self.counts.other_release += 1
            return None
        try:
            question, answer = _question(asked), self._answer(answered)
        except orjson.JSONDecodeError:
            self.counts.unreadable += 1
            return None
        return self._exchanges.read(str(number), moment, None, question, answer)

    def _answer(self, answered: list[str]) -> bytes | None:
        """The answer as the server gives it; a deployed model answers for its release."""
        if not answered:
            return None
        values = [orjson.loads(text) for text in answered]
        if len(values) == 1 and isinstance(values[0], dict) and "predictions" in values[0]:
            return answered[0].encode()
        return orjson.dumps({"predictions": values, "release": self._exchanges.release})


def _question(asked: list[str]) -> bytes:
    """The body as it was sent; of `predict` it is made from the instances."""
    if len(asked) == 1:
        value = orjson.loads(asked[0])
        if is_body(value):
            return asked[0].encode()
        return orjson.dumps({FORMS[0]: [value]})
    return orjson.dumps({FORMS[0]: [orjson.loads(text) for text in asked]})


def _texts(value: Any) -> list[str]:
    """A repeated column; raises TypeError when it is none."""
    if value is None:
        return []
    if not isinstance(value, (list, tuple)) or not all(isinstance(text, str) for text in value):
        raise TypeError("not a list of texts")
    return list(value)


def _whole(value: Any) -> int:
    """A NUMERIC, which is a decimal or its text by the way it was exported."""
    number = Decimal(value)
    whole = int(number)
    if whole != number:
        raise ValueError("not a whole number")
    return whole


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        # BigQuery's TIMESTAMP is an instant; some exports leave its zone out.
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return moment_of(value.removesuffix(" UTC") + "+00:00" if value.endswith(" UTC") else value)
