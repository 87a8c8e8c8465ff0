"""Registry: releases, and the channels that point at them."""

import pulumi

from trimaran.args import RegistryArgs
from trimaran.component import Component
from trimaran.links import upstream_of
from trimaran_providers.contract.cloud import Cloud, Context
from trimaran_providers.contract.outputs import RegistryOutputs
from trimaran_providers.contract.spec import StoreSpec
from trimaran_runtime.registry.config import RegistryConfig


class Registry(Component[RegistryArgs, RegistryOutputs]):
    """Releases, and the channels that point at them; empty: at nothing yet.

    Attributes:
        candidate: full id of the newest release that the gate accepted.
        approved: full id of the newest approved release.
        production: full id of the release in production.
    """

    token = "trimaran:index:Registry"
    args_model = RegistryArgs
    spec_model = RegistryConfig
    outputs = ("candidate", "approved", "production")
    section = "registry"
    candidate: pulumi.Output[str]
    approved: pulumi.Output[str]
    production: pulumi.Output[str]

    def _check(self, cloud: Cloud, args: RegistryArgs) -> None:
        super()._check(cloud, args)
        # Of the spec's store, and refused where the store would be.
        if args.share_with:
            self._check_section(cloud, StoreSpec(share_with=args.share_with), "store", args)

    def _render(self, cloud: Cloud, context: Context, args: RegistryArgs) -> RegistryOutputs:
        upstream = upstream_of(store_uri=args.store_uri, run=args.run, share_with=args.share_with)
        return cloud.registry(context, args.of(RegistryConfig), upstream)
