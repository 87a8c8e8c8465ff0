"""Libraries that only some sources need."""

from collections.abc import Iterator
from contextlib import contextmanager

from trimaran_runtime.errors import DataError


@contextmanager
def needed(library: str, extra: str, source: str) -> Iterator[None]:
    """Tell a library that is not installed, and the extra of this package that brings it."""
    try:
        yield
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.split(".")[0] != library:
            raise
        raise DataError(
            f"{source!r} needs the library {library}, which is not installed",
            where="data.source",
            next_step=f"add trimaran-runtime[{extra}] to the requirements of the project",
        ) from exc
