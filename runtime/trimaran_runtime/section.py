"""The base of every configuration section: frozen, and closed to unknown keys."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One section of a configuration: immutable, unknown keys refused.

    The text below a field is its documentation: `field_docs` finds it.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        allow_inf_nan=False,
    )
