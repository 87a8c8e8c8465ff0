"""AWS's resources that Pulumi's package lacks: what the plugin serves under `trimaran:aws:*`."""

from trimaran_providers.contract.handler import AnyHandler

HANDLERS: tuple[AnyHandler, ...] = ()
