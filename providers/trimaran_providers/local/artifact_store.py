"""The artifact store on this machine: a directory."""

import pulumi

from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.outputs import ArtifactStoreOutputs
from trimaran_providers.contract.spec import StoreSpec
from trimaran_providers.local.handlers.store import StoreOutputs
from trimaran_providers.local.layout import Layout
from trimaran_providers.plugin.resource import PluginResource


def render(context: Context, spec: StoreSpec) -> ArtifactStoreOutputs:
    """A directory below `.trimaran/stores/`."""
    store = PluginResource(
        "trimaran:local:Store",
        f"{context.name}-store",
        {
            "path": str(Layout(context.project_directory).store(context.physical_name)),
            "retention_days": spec.retention_days,
            "keep_on_destroy": spec.keep_on_destroy,
        },
        StoreOutputs,
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    return ArtifactStoreOutputs(
        uri=store.output("uri"),
        id=store.output("path"),
        image=pulumi.Output.from_input(""),
        resources=(store,),
    )
