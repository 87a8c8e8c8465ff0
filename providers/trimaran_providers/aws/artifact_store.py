"""The artifact store on AWS: a bucket, the image of steps and server, the stack's secrets."""

import pulumi

from trimaran_providers.aws.bucket import Bucket
from trimaran_providers.aws.image import image_lock, render_image
from trimaran_providers.aws.network import render_private_endpoints
from trimaran_providers.aws.own_bucket import render_bucket
from trimaran_providers.aws.secrets import render_secrets
from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.outputs import ArtifactStoreOutputs
from trimaran_providers.contract.spec import StoreSpec


def render(context: Context, spec: StoreSpec) -> ArtifactStoreOutputs:
    """A bucket of the stack's own or a given one, and what all other components share."""
    # Read first: a lock file that does not do stops the preview before the first resource.
    lock = image_lock(context)
    if spec.existing is None:
        uri, resources = render_bucket(context, spec)
    else:
        uri, resources = pulumi.Output.from_input(existing_uri(spec.existing)), ()
    image, built = render_image(context, spec, Bucket.of(uri), lock)
    secrets = render_secrets(context)
    network = render_private_endpoints(context)
    return ArtifactStoreOutputs(
        uri=uri,
        id=Bucket.of(uri).name,
        image=image,
        share_with=spec.share_with,
        resources=(*resources, *built, *secrets.resources, *network),
    )


def existing_uri(existing: str) -> str:
    """URI of a store that is given by its URI or by its bucket's name."""
    return existing.rstrip("/") if existing.startswith("s3://") else f"s3://{existing}"
