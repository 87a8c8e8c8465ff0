"""CRUD of one resource of the plugin; the plugin maps gRPC to these methods and nothing else."""

from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class ResourceModel(BaseModel):
    """Base of a resource's inputs and outputs: snake_case here, camelCase at the engine."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
    )


class Reporter(Protocol):
    """Lines that a person sees beside the resource while `pulumi up` runs."""

    def progress(self, text: str) -> None:
        """A line that the next one replaces.

        A handler that waits for something says so now and then: this is also where it learns that
        the user wants to stop, and it lets the error end what it started.

        Raises:
            StoppedError: the user asked to stop.
        """

    def info(self, text: str) -> None:
        """A line that stays."""

    def warning(self, text: str) -> None:
        """A warning that stays; the update goes on."""


InputsT = TypeVar("InputsT", bound=ResourceModel)
OutputsT = TypeVar("OutputsT", bound=ResourceModel)


@dataclass(frozen=True, kw_only=True)
class Created(Generic[OutputsT]):
    """A resource that now exists."""

    id: str
    outputs: OutputsT


class Handler(Protocol[InputsT, OutputsT]):
    """CRUD of one resource.

    Every method is idempotent: after a kill it is called again with the same arguments. `create`
    finds what an interrupted `create` of the same id left, and adopts it.
    """

    @property
    def token(self) -> str:
        """Type token, `trimaran:<cloud>:<Noun>`."""

    @property
    def inputs(self) -> type[InputsT]:
        """Shape of the inputs."""

    @property
    def outputs(self) -> type[OutputsT]:
        """Shape of the outputs."""

    @property
    def replace_on(self) -> frozenset[str]:
        """Input fields whose change needs a new resource."""

    def create(self, inputs: InputsT, report: Reporter) -> Created[OutputsT]:
        """Create; may raise PartiallyCreatedError."""

    def read(self, resource_id: str) -> tuple[InputsT, OutputsT] | None:
        """What is there now, from the id alone (also used by import); None: nothing."""

    def drifted(self, outputs: OutputsT) -> frozenset[str]:
        """Outputs that are not as they should be: `up` then updates although no input changed."""

    def update(self, resource_id: str, old: OutputsT, new: InputsT, report: Reporter) -> OutputsT:
        """Bring it to the new inputs; may raise PartiallyCreatedError."""

    def delete(self, resource_id: str, old: OutputsT, report: Reporter) -> None:
        """Delete; no error when it is gone already."""


AnyHandler = Handler[Any, Any]
