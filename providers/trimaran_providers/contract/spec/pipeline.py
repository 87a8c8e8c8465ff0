"""The `pipeline` section: what is trained, on what machine, and when."""

from typing import Annotated

from pydantic import Field

from trimaran_providers.contract.spec.compute import Compute
from trimaran_runtime.data.config import FUNCTION
from trimaran_runtime.section import Section
from trimaran_runtime.training.config import Scalar, TrainingConfig


class CodeSpec(Section):
    """The user's code, which travels as a content-addressed bundle."""

    include: tuple[str, ...] = ("**/*.py",)
    """Glob patterns below the project folder."""
    exclude: tuple[str, ...] = ()
    """Glob patterns left out, beside virtual environments, caches and tests."""


class StepSpec(Section):
    """A step of your own, or one that replaces ours by taking its name."""

    run: Annotated[str, Field(pattern=FUNCTION)]
    """`module:function`, called with the step's context."""
    after: str = "evaluate"
    """Name of the step it follows."""
    compute: Compute | None = None
    """Machine of this step; None: the pipeline's."""
    parameters: dict[str, Scalar] = {}
    """Values handed to the function."""


class PipelineSpec(TrainingConfig):
    """What is trained, on what machine, and when."""

    code: CodeSpec = CodeSpec()
    """Which files travel with a run."""
    compute: Compute = Compute()
    """Machine of every step that names none."""
    steps: dict[str, StepSpec] = {}
    """Steps of your own, by name."""
    schedule: str | None = None
    """Five-field cron expression; None: only on change, on drift, and by hand."""
    timezone: str = "UTC"
    """IANA time zone of `schedule`."""
    on_new_data: bool = False
    """Whether new objects below `data.source` start the pipeline, where that is object storage."""
    run_on_up: bool = True
    """Whether `pulumi up` runs the pipeline when data, code or configuration changed."""
    retries: Annotated[int, Field(ge=0, le=10)] = 0
    """How often a crashed step is tried again; refusals and errors of your code are not."""
    timeout_minutes: Annotated[float, Field(gt=0, le=43_200)] = 120
    """Longest time one step may take, minutes."""
    cache_days: Annotated[int, Field(ge=1, le=365)] | None = None
    """How long a step with the same inputs is not run again, days; None: every step runs."""
