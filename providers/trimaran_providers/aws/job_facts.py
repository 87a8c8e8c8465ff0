"""What the jobs of a stack have in common, gathered from the context."""

import pulumi

from trimaran_providers.aws.job_policy import job_base
from trimaran_providers.aws.key import key_of
from trimaran_providers.aws.network import VpcConfig
from trimaran_providers.aws.secrets import secret_names
from trimaran_providers.aws.step_definition import JobFacts
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.errors import Problem, SpecError


def image_of(context: Context) -> pulumi.Output[str]:
    """URI of the image that runs every step.

    Raises:
        SpecError: the component was given none.
    """
    uri = context.platform.image.uri
    # An output is neither: it cannot be asked yet.
    if uri is None or uri == "":
        problem = Problem(
            path="image.uri",
            what="no image is given to this component",
            allowed="an image in ECR by digest: that of an ArtifactStore, its output `image`",
        )
        raise SpecError([problem])
    image: pulumi.Output[str] = pulumi.Output.from_input(uri)
    return image


def job_facts(
    context: Context,
    *,
    role: pulumi.Output[str],
    store: pulumi.Output[str],
    network: VpcConfig | None,
) -> pulumi.Output[JobFacts]:
    """The facts, once all of them are known.

    Args:
        context: where the component stands.
        role: ARN of the jobs' role.
        store: URI of the artifact store.
        network: where jobs run; None: in no VPC of the user's.
    """
    known: pulumi.Output[list[object]] = pulumi.Output.all(
        role,
        image_of(context),
        store,
        key_of(context),
        pulumi.Output.all(*(network.subnets if network else ())),
        pulumi.Output.all(*(network.security_groups if network else ())),
    )
    secrets, tags, private = (
        secret_names(context),
        tags_of(context),
        context.platform.network.private,
    )
    base = job_base(context)

    def gathered(found: list[object]) -> JobFacts:
        role_arn, image, uri, key, subnets, groups = found
        return JobFacts(
            base=base,
            role=str(role_arn),
            image=str(image),
            store=str(uri).rstrip("/"),
            secrets=secrets,
            subnets=[str(subnet) for subnet in _listed(subnets)],
            security_groups=[str(group) for group in _listed(groups)],
            private=private,
            key=str(key or ""),
            tags=tags,
        )

    return known.apply(gathered)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
