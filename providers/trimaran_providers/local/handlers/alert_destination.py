"""`trimaran:local:AlertDestination`: what is worth a message, and where it goes."""

import json
from pathlib import Path

from pydantic import Field

from trimaran_providers.contract.errors import CorruptedError
from trimaran_providers.contract.handler import Created, Reporter, ResourceModel
from trimaran_providers.local.destinations import (
    Destination,
    Destinations,
    read_destinations,
    write_destinations,
)
from trimaran_providers.local.layout import owner_of
from trimaran_providers.local.removal import remove_atomic, remove_empty
from trimaran_runtime.alerting.config import AlertRules


class AlertDestinationInputs(ResourceModel):
    """Rules and destinations."""

    path: str
    """File that holds them, readable by its owner alone."""
    store_uri: str
    """Store that keeps the log."""
    rules: str
    """Rules, JSON (`AlertRules`)."""
    channels: str = Field(json_schema_extra={"secret": True})
    """Destinations, JSON: kind and address each."""
    smtp_url: str | None = Field(default=None, json_schema_extra={"secret": True})
    """Apprise URL of the mail server that e-mail goes through."""


class AlertDestinationOutputs(ResourceModel):
    """Where the destinations are kept."""

    path: str
    """File that holds them."""
    store_uri: str
    """Store that keeps the log."""


class AlertDestinationHandler:
    """CRUD of the destinations; its id is the file's path."""

    token = "trimaran:local:AlertDestination"
    inputs = AlertDestinationInputs
    outputs = AlertDestinationOutputs
    replace_on = frozenset({"path"})

    def create(
        self, inputs: AlertDestinationInputs, report: Reporter
    ) -> Created[AlertDestinationOutputs]:
        return Created(id=inputs.path, outputs=_write(inputs))

    def read(
        self, resource_id: str
    ) -> tuple[AlertDestinationInputs, AlertDestinationOutputs] | None:
        try:
            found = read_destinations(Path(resource_id))
        except CorruptedError:
            return None
        if found is None:
            return None
        inputs = AlertDestinationInputs(
            path=resource_id,
            store_uri=found.store_uri,
            rules=found.rules.model_dump_json(),
            channels=json.dumps([c.model_dump(mode="json") for c in found.channels]),
            smtp_url=found.smtp_url,
        )
        return inputs, AlertDestinationOutputs(path=resource_id, store_uri=found.store_uri)

    def drifted(self, outputs: AlertDestinationOutputs) -> frozenset[str]:
        return frozenset()

    def update(
        self,
        resource_id: str,
        old: AlertDestinationOutputs,
        new: AlertDestinationInputs,
        report: Reporter,
    ) -> AlertDestinationOutputs:
        return _write(new)

    def delete(self, resource_id: str, old: AlertDestinationOutputs, report: Reporter) -> None:
        path = Path(resource_id)
        # A killed writer's part of it may hold secrets, and would keep the folder from going.
        remove_atomic(path)
        remove_empty(path.parent, owner_of(path).root)


def _write(inputs: AlertDestinationInputs) -> AlertDestinationOutputs:
    destinations = Destinations(
        store_uri=inputs.store_uri,
        rules=AlertRules.model_validate_json(inputs.rules),
        channels=tuple(Destination.model_validate(c) for c in json.loads(inputs.channels)),
        smtp_url=inputs.smtp_url,
    )
    write_destinations(Path(inputs.path), destinations)
    return AlertDestinationOutputs(path=inputs.path, store_uri=inputs.store_uri)
