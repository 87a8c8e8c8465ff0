"""The `explain` section: how much is spent on explaining a model."""

from typing import Annotated

from pydantic import Field

from trimaran_runtime.section import Section


class ExplainConfig(Section):
    """What a release says about how its model comes to its answers."""

    enabled: bool = True
    """Whether the model is explained at all."""
    rows: Annotated[int, Field(ge=20, le=100_000)] = 500
    """Test rows that are explained, drawn with the seed; all of them where there are fewer."""
    repeats: Annotated[int, Field(ge=2, le=100)] = 3
    """How often each column is shuffled to see what the metric loses."""
    examples: Annotated[int, Field(ge=0, le=1000)] = 10
    """Rows whose own explanation is kept in the release, without the values of the row."""
