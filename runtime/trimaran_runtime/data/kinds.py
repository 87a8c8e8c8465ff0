"""Kinds of files, by the end of their names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of file, and the reader that opens it.

    Attributes:
        name: as people call it.
        suffixes: ends of file names.
        reader: module of `trimaran_runtime.data.readers` whose `open_files` reads it.
    """

    name: str
    suffixes: tuple[str, ...]
    reader: str


KINDS: tuple[Kind, ...] = (
    Kind(name="Parquet", suffixes=(".parquet", ".pq"), reader="parquet"),
    Kind(name="CSV", suffixes=(".csv", ".csv.gz", ".tsv", ".tsv.gz"), reader="csv"),
    Kind(name="Arrow", suffixes=(".arrow", ".feather", ".ipc"), reader="ipc"),
)
"""Every kind there is; a new one is a row here and a module beside the others."""
SUFFIXES = tuple(suffix for kind in KINDS for suffix in kind.suffixes)


def kind_of(name: str) -> Kind | None:
    """The kind of a file; None: its name ends in none of the suffixes."""
    lowered = name.lower()
    return next((kind for kind in KINDS if lowered.endswith(kind.suffixes)), None)
