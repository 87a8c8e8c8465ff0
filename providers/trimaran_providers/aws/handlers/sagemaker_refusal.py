"""What SageMaker and its autoscaling say no to: they tell apart by their words alone.

Almost every refusal of SageMaker is a `ValidationException`: of an endpoint that is not there, of
one that is being changed, of a role that is not known yet.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from trimaran_providers.aws.handlers.refusal import told_as_ours
from trimaran_providers.contract.errors import ResourceError

_ABSENT = ("could not find", "does not exist", "no scalable target", "not found")
_NOT_YET = ("assume role", "assume the role", "access model data", "access image", "ecr image")
_CAPACITY = ("insufficientinstancecapacity", "insufficient capacity", "unable to provision")
_LOOK_UP = frozenset({"ObjectNotFoundException", "ResourceNotFound", "NoSuchEntity"})


class Refused(ResourceError):
    """AWS refused a call.

    Attributes:
        code: AWS's name of the error.
        message: what AWS says.
    """

    def __init__(self, told: ResourceError, answer: Mapping[str, str]) -> None:
        super().__init__(told.what, where=told.where, next_step=told.next_step)
        self.code, self.message = answer.get("Code", ""), answer.get("Message", "")

    @property
    def is_absent(self) -> bool:
        """Whether it was about something that is not there."""
        return self.code in _LOOK_UP or self._says(_ABSENT)

    @property
    def may_pass(self) -> bool:
        """Whether a new role or policy has not reached every part of AWS yet (A10)."""
        return self._says(_NOT_YET)

    def _says(self, words: tuple[str, ...]) -> bool:
        return any(word in self.message.lower() for word in words)


def lacks_capacity(reason: str) -> bool:
    """Whether a deployment failed for want of machines, which is no fault of the release."""
    return any(word in reason.lower().replace("-", "") for word in _CAPACITY)


@contextmanager
def told(where: str) -> Iterator[None]:
    """As `told_as_ours`, but an answer of AWS keeps what it says apart.

    Args:
        where: the resource it is about.

    Raises:
        Refused: AWS answered, with an error.
        ResourceError: AWS could not be asked: no credentials, no region, no way there.
    """
    try:
        with told_as_ours(where):
            yield
    except ResourceError as exc:
        response = getattr(exc.__cause__, "response", None)
        if response is None:
            raise
        raise Refused(exc, response.get("Error", {})) from exc.__cause__
