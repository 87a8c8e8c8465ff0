"""The `store` section: where artifacts live."""

from typing import Annotated

from pydantic import Field

from trimaran_runtime.section import Section


class StoreSpec(Section):
    """Where artifacts live, and what is kept."""

    existing: str | None = None
    """URI or name of an existing store; None: one is created."""
    retention_days: Annotated[int, Field(ge=1)] | None = None
    """Age after which captured traffic, run files and reports are deleted; None: never."""
    keep_on_destroy: bool = False
    """Whether `pulumi destroy` leaves the store's content in place."""
    share_with: tuple[str, ...] = ()
    """Ids of other accounts that may read releases: staging and production take them from here."""
