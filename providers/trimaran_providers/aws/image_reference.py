"""What the URI of an image in ECR tells: its repository, and its digest."""

import re
from dataclasses import dataclass

from trimaran_providers.aws.bucket import partition
from trimaran_providers.contract.errors import ResourceError

_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"/(?P<repository>[a-z0-9._/-]+)@(?P<digest>sha256:[0-9a-f]{64})"
)
_ALLOWED = "ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@sha256:DIGEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """An image by digest.

    Attributes:
        repository_arn: ARN of its repository.
        digest: `sha256:` and 64 hexadecimal digits.
    """

    repository_arn: str
    digest: str

    @classmethod
    def parse(cls, uri: str) -> "ImageReference":
        """Read the URI.

        Raises:
            ResourceError: it is no image in ECR, or not named by its digest.
        """
        found = _ECR.fullmatch(uri)
        if found is None:
            raise ResourceError(
                f"{uri!r} is no image that SageMaker can run reproducibly",
                where="image.uri",
                allowed=_ALLOWED,
            )
        where = f"{found['region']}:{found['account']}"
        return cls(
            repository_arn=f"arn:{partition()}:ecr:{where}:repository/{found['repository']}",
            digest=found["digest"],
        )
