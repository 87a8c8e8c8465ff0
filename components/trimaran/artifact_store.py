"""ArtifactStore: where artifacts live."""

import pulumi

from trimaran.args import ArtifactStoreArgs
from trimaran.component import Component
from trimaran_providers.contract.cloud import Cloud, Context
from trimaran_providers.contract.outputs import ArtifactStoreOutputs
from trimaran_providers.contract.spec import StoreSpec


class ArtifactStore(Component[ArtifactStoreArgs, ArtifactStoreOutputs]):
    """Where artifacts live.

    Attributes:
        uri: root URI.
        store_id: the cloud's own id.
        image: the image of steps and server, by digest; empty: none is used.
    """

    token = "trimaran:index:ArtifactStore"
    args_model = ArtifactStoreArgs
    spec_model = StoreSpec
    outputs = ("uri", "store_id", "image")
    section = "store"
    uri: pulumi.Output[str]
    store_id: pulumi.Output[str]
    image: pulumi.Output[str]

    def _render(
        self, cloud: Cloud, context: Context, args: ArtifactStoreArgs
    ) -> ArtifactStoreOutputs:
        return cloud.artifact_store(context, args.of(StoreSpec))

    def _outputs(self, rendered: ArtifactStoreOutputs) -> dict[str, pulumi.Output[str]]:
        return {"uri": rendered.uri, "store_id": rendered.id, "image": rendered.image}
