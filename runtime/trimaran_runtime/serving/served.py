"""What a server serves over its life: taken, changed while it runs, and closed at the end."""

import asyncio
import logging

from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.serving.application import Application
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.source import Source
from trimaran_runtime.serving.traffic import Traffic, Variant

LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 0.5
"""Time between two looks at whether there is something else to serve."""
_RETIRE_SECONDS = 60.0
"""Longest wait for the requests of a release that is not served any more."""


class Served:
    """The releases of an application.

    Args:
        application: answers with them.
        source: where they come from.
        config: the server's configuration.
    """

    def __init__(self, application: Application, source: Source, config: ServerConfig) -> None:
        self._application, self._source, self._config = application, source, config
        self._traffic: Traffic | None = None
        self._retiring: set[asyncio.Task[None]] = set()

    def take(self, traffic: Traffic) -> None:
        """Answer with these releases from now on; those that are not among them are closed."""
        before = self._traffic.loaded if self._traffic is not None else ()
        for variant in traffic.loaded:
            if variant not in before:
                variant.service.start()
                _tell(variant)
        self._application.serve(traffic)
        self._traffic = traffic
        for variant in before:
            if variant not in traffic.loaded:
                self._retire(variant)

    async def watch(self) -> None:
        """Look for changes for ever; one that cannot be served leaves everything as it is."""
        metrics = self._application.metrics
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not await asyncio.to_thread(self._source.changed):
                continue
            try:
                traffic = await asyncio.to_thread(
                    self._source.load, self._config, metrics, self._traffic
                )
            except RuntimeFault as fault:
                LOG.error("%s (what was served before still is)", fault)
                metrics.reloaded("failed")
            except Exception:
                LOG.exception("a release could not be loaded (what was served before still is)")
                metrics.reloaded("failed")
            else:
                self.take(traffic)
                metrics.reloaded("done")

    async def close(self, seconds: float) -> None:
        """Wait for what is being answered, at most so long; then record the last of it."""
        loaded = self._traffic.loaded if self._traffic is not None else ()
        await asyncio.gather(*(each.close(seconds) for each in loaded), *self._retiring)

    def _retire(self, variant: Variant) -> None:
        task = asyncio.get_running_loop().create_task(self._closed(variant))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _closed(self, variant: Variant) -> None:
        await variant.close(_RETIRE_SECONDS)
        service = variant.service
        LOG.info("variant %s: release %s is not served any more", variant.name, service.short_id)


def _tell(variant: Variant) -> None:
    service = variant.service
    told = service.execution
    LOG.info(
        "variant %s: release %s, loaded in %.2f s, %.1f ms for 64 rows; %s by %s, batches of %d",
        variant.name,
        service.short_id,
        service.load_seconds,
        service.call_seconds * 1e3,
        told.form,
        told.provider,
        told.batch_rows,
    )
