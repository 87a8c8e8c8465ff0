"""Hashes of rows: what the fingerprint, the search for duplicates and the seeded split rest on."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

Hashes = NDArray[np.uint64]
_MISSING = np.uint64(0x9E3779B97F4A7C15)
_WORD = 2**64


def row_hashes(table: "pa.Table", columns: Sequence[str] | None = None, *, seed: int = 0) -> Hashes:
    """One 64-bit hash per row, over the named columns (None: all) in the order of their names.

    Equal rows give equal hashes on every machine. Not cryptographic.
    """
    names = sorted(table.column_names if columns is None else columns)
    total = np.full(table.num_rows, np.uint64(seed), dtype=np.uint64)
    for name in names:
        total = _mix(total ^ (_values(table.column(name)) + np.uint64(_text_hash(name))))
    return total


def fingerprint(table: "pa.Table") -> str:
    """Digest of the content: schema, number of rows and two sums over the rows' hashes.

    The same rows in another order have the same fingerprint.
    """
    rows = row_hashes(table)
    sums = (int(rows.sum(dtype=np.uint64)), int(_mix(rows).sum(dtype=np.uint64)))
    schema = sorted(f"{field.name}:{field.type}" for field in table.schema)
    text = "\n".join([*schema, str(table.num_rows), *(str(value % _WORD) for value in sums)])
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _values(column: Any) -> Hashes:
    """A hash per value of a column in normal form."""
    import pyarrow as pa
    import pyarrow.compute as pc

    missing = np.asarray(column.is_null())
    if pa.types.is_string(column.type):
        encoded = column.combine_chunks().dictionary_encode()
        levels = [_text_hash(level) for level in encoded.dictionary.to_pylist()]
        codes = np.asarray(pc.fill_null(encoded.indices, 0))
        table = np.array(levels or [0], dtype=np.uint64)
        values = table[codes]
    elif pa.types.is_floating(column.type):
        # Adding 0.0 turns -0.0 into 0.0: equal numbers, equal hashes.
        values = (np.asarray(pc.fill_null(column, 0.0)) + 0.0).view(np.uint64)
    elif pa.types.is_boolean(column.type):
        values = np.asarray(pc.fill_null(column, False)).astype(np.uint64)
    else:
        values = np.asarray(pc.fill_null(column.cast(pa.int64()), 0)).view(np.uint64)
    return np.where(missing, _MISSING, _mix(values))


def _mix(values: Hashes) -> Hashes:
    """The finaliser of splitmix64 (Steele, Lea and Flood, 2014)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _text_hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
