"""Pipeline: from data to a release."""

import pulumi

from trimaran.args import PipelineArgs
from trimaran.component import Component
from trimaran.links import upstream_of
from trimaran_providers.contract.cloud import Cloud, Context
from trimaran_providers.contract.outputs import PipelineOutputs
from trimaran_providers.contract.spec import StackSpec


class Pipeline(Component[PipelineArgs, PipelineOutputs]):
    """From data to a release, on change and by the clock.

    Attributes:
        run: id of the run of this update; empty when none ran.
        status: `succeeded`, `refused`, or `none`.
        release: full id of the release that the run registered.
        pipeline_id: the cloud's own id of it.
    """

    token = "trimaran:index:Pipeline"
    args_model = PipelineArgs
    spec_model = StackSpec
    outputs = ("run", "status", "release", "pipeline_id")
    run: pulumi.Output[str]
    status: pulumi.Output[str]
    release: pulumi.Output[str]
    pipeline_id: pulumi.Output[str]

    def _render(self, cloud: Cloud, context: Context, args: PipelineArgs) -> PipelineOutputs:
        upstream = upstream_of(store_uri=args.store_uri, alerts_id=args.alerts_id)
        return cloud.pipeline(context, args.of(StackSpec), upstream)

    def _outputs(self, rendered: PipelineOutputs) -> dict[str, pulumi.Output[str]]:
        return {
            "run": rendered.run,
            "status": rendered.status,
            "release": rendered.release,
            "pipeline_id": rendered.id,
        }
