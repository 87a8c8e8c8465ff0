"""What the server recorded, read as each format's owner has it read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson

from trimaran_runtime.monitoring.capture import Counts, Request
from trimaran_runtime.monitoring.recorder import Recorder
from trimaran_runtime.registry.release import read_release
from trimaran_runtime.serving.capture_file import PART
from trimaran_runtime.serving.capture_format import CaptureFormat
from trimaran_runtime.storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a reader found."""

    requests: list[Request]
    counts: Counts

    @property
    def problems(self) -> dict[str, Any]:
        """What was found beside requests."""
        names = ("duplicates", "torn", "unreadable", "unanswered", "unmatched", "other_release")
        return {name: value for name in names if (value := getattr(self.counts, name))}


def parameters(store: Store, endpoint: str, release: str, form: CaptureFormat) -> dict[str, str]:
    """The step's parameters that name a format's reader, as the documentation gives them."""
    root = f"{store.uri}/capture/format={form}"
    return {
        CaptureFormat.trimaran: {},
        CaptureFormat.sagemaker: {"recorder": "sagemaker", "capture": root},
        CaptureFormat.azureml: {"recorder": "azureml", "capture": root},
        CaptureFormat.vertex: {
            "recorder": "vertex",
            "capture": f"{root}/{endpoint}",
            "deployed": release,
        },
    }[form]


def read(store: Store, endpoint: str, release: str, **given: str) -> Found:
    """Requests of the last hour; without parameters as our server's, in whichever format."""
    now, hour = datetime.now(UTC), timedelta(hours=1)
    found = Recorder.parse(given).requests(
        store, endpoint, release=read_release(store, release), since=now - hour, until=now + hour
    )
    return Found(requests=list(found.requests()), counts=found.counts)


def files(store: Store, endpoint: str) -> dict[str, bytes]:
    """Every closed file that an endpoint's capture wrote, in any format."""
    entries = [entry.key for entry in store.list("capture") if not entry.key.endswith(PART)]
    return {key: store.read(key) for key in entries if f"/{endpoint}/" in key}


def documents(store: Store, endpoint: str) -> list[Any]:
    """Every line, file by file."""
    return [
        orjson.loads(line)
        for key, content in files(store, endpoint).items()
        if key.endswith(".jsonl")
        for line in content.splitlines()
    ]


def documented_number(request_id: str) -> int:
    """The number that `docs/serving.md` says a request's id becomes in Vertex's column."""
    return int.from_bytes(blake2b(request_id.encode(), digest_size=8).digest(), "big")


KEPT: dict[CaptureFormat, Callable[[str], str]] = {
    form: (lambda given: str(documented_number(given))) if form == "vertex" else str
    for form in CaptureFormat
}
"""How a reader names a request whose id is no number."""
SHARPNESS = {
    CaptureFormat.trimaran: timedelta(milliseconds=1),
    CaptureFormat.sagemaker: timedelta(seconds=1),
    CaptureFormat.azureml: timedelta(seconds=1),
    CaptureFormat.vertex: timedelta(microseconds=1),
}
"""How exact a format's times are: they are cut off, never rounded up."""
