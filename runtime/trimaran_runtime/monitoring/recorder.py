"""Who recorded the traffic, and the reader of what they wrote."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from trimaran_runtime.errors import ConfigError
from trimaran_runtime.monitoring.capture import Counts, Requests
from trimaran_runtime.monitoring.server_capture import ServerCapture
from trimaran_runtime.registry.release import Release
from trimaran_runtime.storage.store import Store

_TABLE = "bq://"


class RecordedBy(StrEnum):
    """Who records requests."""

    server = "server"
    """Our server, into the store, in whichever format."""
    sagemaker = "sagemaker"
    """SageMaker's data capture, into a bucket."""
    azureml = "azureml"
    """Azure ML's data collector (payload logging), into a container."""
    vertex = "vertex"
    """Vertex AI's request-response logging, into a BigQuery table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Where recorded traffic is, and in whose format.

    Attributes:
        by: who recorded it.
        uri: folder of the records; of Vertex AI also `bq://project.dataset.table`; empty: the
            store.
        fraction: share of the requests that is recorded, 0 to 1; our server tells it itself.
        deployed: Vertex AI alone: ids of the deployed models that serve the release.
    """

    by: RecordedBy = RecordedBy.server
    uri: str = ""
    fraction: float = 1.0
    deployed: tuple[str, ...] = ()

    @classmethod
    def parse(cls, parameters: Mapping[str, str]) -> Self:
        """The recorder that a step's parameters name.

        Args:
            parameters: `capture`, the URI; `recorder`, who writes it (default: `sagemaker` where
                there is a URI, else `server`); `fraction`; `deployed`, ids with commas.

        Raises:
            ConfigError: they do not fit together.
        """
        uri = parameters.get("capture", "")
        by = parameters.get("recorder") or (RecordedBy.sagemaker if uri else RecordedBy.server)
        if by not in set(RecordedBy):
            raise ConfigError(f"--param recorder={by!r}", allowed=", ".join(RecordedBy))
        if bool(uri) == (by == RecordedBy.server):
            given = f"capture={uri}" if uri else "no capture"
            raise ConfigError(
                f"--param recorder={by} with {given}",
                allowed="a URI for every recorder but `server`, which writes into the store",
            )
        deployed = tuple(filter(None, parameters.get("deployed", "").split(",")))
        if (by == RecordedBy.vertex) != bool(deployed):
            raise ConfigError(
                f"--param recorder={by} with deployed={','.join(deployed)!r}",
                allowed="ids of the deployed models for `vertex`, and for no other",
            )
        fraction = _fraction(parameters.get("fraction", "1"))
        return cls(by=RecordedBy(by), uri=uri, fraction=fraction, deployed=deployed)

    def requests(
        self, store: Store, endpoint: str, *, release: Release, since: datetime, until: datetime
    ) -> Requests:
        """The requests that one release answered in a window of time.

        Args:
            store: the artifact store.
            endpoint: name of the endpoint.
            release: the release.
            since: beginning of the window, UTC, excluded.
            until: end of the window, UTC, included.

        Raises:
            StoreError: the records cannot be reached.
        """
        about: dict[str, Any] = {"release": release, "since": since, "until": until}
        match self.by:
            case RecordedBy.server:
                return ServerCapture(store, endpoint, **about, fraction=self.fraction)
            case RecordedBy.sagemaker:
                from trimaran_runtime.monitoring.sagemaker_capture import SageMakerCapture

                return SageMakerCapture(self.uri, endpoint, **about, fraction=self.fraction)
            case RecordedBy.azureml:
                from trimaran_runtime.monitoring.azure_capture import AzureCapture

                return AzureCapture(self.uri, endpoint, **about, fraction=self.fraction)
            case RecordedBy.vertex:
                return self._vertex(release, since, until)

    def _vertex(self, release: Release, since: datetime, until: datetime) -> Requests:
        from trimaran_runtime.monitoring.vertex_capture import VertexCapture
        from trimaran_runtime.monitoring.vertex_rows import exported_rows, table_rows

        counts = Counts()
        rows = (
            table_rows(self.uri.removeprefix(_TABLE), since, until)
            if self.uri.startswith(_TABLE)
            else exported_rows(self.uri, counts)
        )
        return VertexCapture(
            rows,
            release=release,
            deployed=self.deployed,
            since=since,
            until=until,
            fraction=self.fraction,
            counts=counts,
        )


def _fraction(text: str) -> float:
    try:
        fraction = float(text)
    except ValueError:
        fraction = -1.0
    if not 0 < fraction <= 1:
        raise ConfigError(f"--param fraction={text!r}", allowed="above 0, at most 1")
    return fraction
