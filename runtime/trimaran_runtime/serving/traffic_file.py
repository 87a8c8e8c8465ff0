"""A document that says which releases are served; it may change while the server runs."""

from dataclasses import dataclass, field
from pathlib import Path

from trimaran_runtime.errors import ConfigError
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.metrics import ServerMetrics
from trimaran_runtime.serving.service import load
from trimaran_runtime.serving.traffic import Traffic, Variant
from trimaran_runtime.serving.traffic_config import TrafficConfig
from trimaran_runtime.storage.store import Store


@dataclass(slots=True)
class TrafficFile:
    """Releases of one artifact store, as a file shares the traffic among them.

    Attributes:
        store_uri: URI of the store.
        path: JSON file in the shape of `TrafficConfig`; write it under another name, then rename.
    """

    store_uri: str
    path: Path
    _content: bytes = field(default=b"", init=False)

    def load(
        self, config: ServerConfig, metrics: ServerMetrics, before: Traffic | None = None
    ) -> Traffic:
        # Noted first: a document that cannot be served is tried once, not without end.
        self._content = self._read()
        wanted = self._parsed()
        known = {(v.name, v.service.release_id): v for v in before.loaded} if before else {}
        store = Store(self.store_uri)

        def variant(name: str, release: str) -> Variant:
            found = known.get((name, release))
            if found is not None:
                return found
            named = config.model_copy(update={"variant": name})
            return Variant(name, load(store, release, named, metrics))

        return Traffic(
            variants=tuple(variant(v.name, v.release) for v in wanted.variants),
            weights=tuple(v.weight for v in wanted.variants),
            shadow=variant(wanted.shadow.name, wanted.shadow.release) if wanted.shadow else None,
            shadow_fraction=wanted.shadow.fraction if wanted.shadow else 1.0,
            sticky_header=wanted.sticky_header.lower() if wanted.sticky_header else None,
        )

    def changed(self) -> bool:
        try:
            return self.path.read_bytes() != self._content
        except OSError:
            # Between two versions, or gone: what is served stays.
            return False

    def _parsed(self) -> TrafficConfig:
        try:
            return TrafficConfig.parse(self._content)
        except ConfigError as exc:
            allowed = '{"variants": [{"name": …, "release": <full id>, "weight": …}, …]}'
            raise ConfigError(exc.what, where=f"{self.path}, {exc.where}", allowed=allowed) from exc

    def _read(self) -> bytes:
        try:
            return self.path.read_bytes()
        except OSError as exc:
            raise ConfigError(
                f"the document of the traffic cannot be read: {exc}",
                where=str(self.path),
                allowed="a JSON file with `variants`",
            ) from exc
