"""Reads what our server records into the store, in whichever formats it did.

The format is a setting that may change, so one window may hold several.
"""

from collections.abc import Iterator
from datetime import datetime

from trimaran_runtime.monitoring.capture import Capture, Counts, Request, Requests
from trimaran_runtime.registry.release import Release
from trimaran_runtime.serving.capture_format import CaptureFormat, root_of
from trimaran_runtime.storage.store import Store


class ServerCapture:
    """The captured requests that one release answered in a window of time.

    Args:
        store: the artifact store.
        endpoint: name of the endpoint.
        release: the release.
        since: beginning of the window, UTC, excluded.
        until: end of the window, UTC, included.
        fraction: share of the requests that is recorded, 0 to 1; our own format tells it itself.

    Attributes:
        counts: what was found, complete when everything was read.
    """

    def __init__(
        self,
        store: Store,
        endpoint: str,
        *,
        release: Release,
        since: datetime,
        until: datetime,
        fraction: float = 1.0,
    ) -> None:
        self._store, self._endpoint = store, endpoint
        self._release, self._since, self._until = release, since, until
        self._fraction = fraction
        self.counts = Counts()

    def requests(self) -> Iterator[Request]:
        """Every request once, format by format; `counts` is complete at the end."""
        for form in CaptureFormat:
            # Our folder also says what was dropped, whatever the format.
            if self._store.folders(f"{root_of(form)}/{self._endpoint}"):
                yield from self._reader(form).requests()

    def _reader(self, form: CaptureFormat) -> Requests:
        root = f"{self._store.uri}/{root_of(form)}"
        release, since, until = self._release, self._since, self._until
        match form:
            case CaptureFormat.trimaran:
                return Capture(
                    self._store,
                    self._endpoint,
                    release=release.id,
                    since=since,
                    until=until,
                    counts=self.counts,
                )
            case CaptureFormat.sagemaker:
                from trimaran_runtime.monitoring.sagemaker_capture import SageMakerCapture

                return SageMakerCapture(
                    root,
                    self._endpoint,
                    release=release,
                    since=since,
                    until=until,
                    fraction=self._fraction,
                    counts=self.counts,
                )
            case CaptureFormat.azureml:
                from trimaran_runtime.monitoring.azure_capture import AzureCapture

                return AzureCapture(
                    root,
                    self._endpoint,
                    release=release,
                    since=since,
                    until=until,
                    fraction=self._fraction,
                    counts=self.counts,
                )
            case CaptureFormat.vertex:
                from trimaran_runtime.monitoring.vertex_capture import VertexCapture
                from trimaran_runtime.monitoring.vertex_rows import exported_rows

                return VertexCapture(
                    exported_rows(f"{root}/{self._endpoint}", self.counts),
                    release=release,
                    deployed=[release.id],
                    since=since,
                    until=until,
                    fraction=self._fraction,
                    counts=self.counts,
                )
