"""Hashes of rows: what the fingerprint, the search for duplicates and the seeded split rest on.

A value's hash is the finaliser of splitmix64 over its 64 bits and its column's key; a text's bits
come from its bytes, eight at a time. A row's hash mixes the sum over its columns once more, so that
neither the order of columns nor that of rows shows, but which values stand in one row does. Two
such sums with independent weights make 128 bits. None of it is cryptographic.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.data.rows import CHUNK_ROWS
from trimaran_runtime.data.text_hash import key_of, mix, text_hashes

if TYPE_CHECKING:
    import pyarrow as pa

Hashes = NDArray[np.uint64]
_MISSING = np.uint64(0x9E3779B97F4A7C15)
_WORD = 2**64
_SHORT_BYTES = 24
"""Texts shorter than this on average, offset included, are hashed faster than told apart."""


class Fingerprint:
    """Digest of a content that streams by: schema, number of rows, and the multiset of the rows.

    Neither the order of rows and columns nor how rows come in files and chunks shows; how often a
    row occurs does. The sums over rows are associative: mod 2^64, two of them.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._sums = (0, 0)

    def add(self, table: "pa.Table") -> None:
        """Take in some rows, in normal form."""
        for one, two in _lanes(table, sorted(table.column_names)):
            self.rows += len(one)
            added = (int(mix(one).sum(dtype=np.uint64)), int(mix(two).sum(dtype=np.uint64)))
            self._sums = (
                (self._sums[0] + added[0]) % _WORD,
                (self._sums[1] + added[1]) % _WORD,
            )

    def digest(self, schema: "pa.Schema") -> str:
        """`sha256:` and 64 hexadecimal digits, of all rows so far and their schema."""
        fields = sorted(f"{field.name}:{field.type}" for field in schema)
        text = "\n".join([*fields, str(self.rows), *(str(value) for value in self._sums)])
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def fingerprint(table: "pa.Table") -> str:
    """Digest of the content of a table in normal form; see `Fingerprint`."""
    found = Fingerprint()
    found.add(table)
    return found.digest(table.schema)


def row_hashes(table: "pa.Table", columns: Sequence[str] | None = None, *, seed: int = 0) -> Hashes:
    """One 64-bit hash per row, over the named columns (None: all), in normal form.

    Equal rows give equal hashes on every machine and in every order of the columns.
    """
    names = sorted(table.column_names if columns is None else columns)
    start = mix(np.array([seed], dtype=np.uint64))
    parts = [mix(one ^ start) for one, _ in _lanes(table, names)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint64)


def _lanes(table: "pa.Table", names: list[str]) -> Iterator[tuple[Hashes, Hashes]]:
    """Two sums over the columns per row, for some rows at a time."""
    keys = [key_of(name) for name in names]
    for start in range(0, table.num_rows, CHUNK_ROWS):
        part = table.select(names).slice(start, CHUNK_ROWS)
        one, two = (np.zeros(part.num_rows, dtype=np.uint64) for _ in range(2))
        for index, (key, weight) in enumerate(keys):
            first, second = _values(part.column(index), key)
            one += first
            two += second * weight
        yield one, two


def _values(column: Any, key: np.uint64) -> tuple[Hashes, Hashes]:
    """Two hashes per value of a column in normal form; the same one twice but for texts."""
    import pyarrow as pa

    if pa.types.is_string(column.type):
        return _texts(column, key)
    array = _whole(column)
    if pa.types.is_floating(array.type):
        # Adding 0.0 turns -0.0 into 0.0: equal numbers, equal hashes.
        with np.errstate(invalid="ignore"):
            bits = (_stored(array) + 0.0).view(np.uint64)
    else:
        bits = _stored(array.cast(pa.int64()))
    values = mix(bits + key)
    if array.null_count:
        values[np.asarray(array.is_null())] = mix(np.array([key ^ _MISSING]))[0]
    return values, values


def _whole(column: Any) -> Any:
    """A column as one array."""
    import pyarrow as pa

    array = column.combine_chunks()
    return pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array


def _stored(array: Any) -> Any:
    """What an array of 64-bit values holds, where a value is missing anything; not copied."""
    kind = np.float64 if str(array.type) == "double" else np.uint64
    stored = np.frombuffer(array.buffers()[1], dtype=kind, count=array.offset + len(array))
    return stored[array.offset :]


def _texts(column: Any, key: np.uint64) -> tuple[Hashes, Hashes]:
    import pyarrow.compute as pc

    array = _whole(column)
    none = mix(np.array([key ^ _MISSING]))[0]
    if array.nbytes <= _SHORT_BYTES * len(array):
        hashes = text_hashes(array, key)
        if array.null_count:
            missing = np.asarray(array.is_null())
            for values in hashes:
                values[missing] = none
        return hashes
    encoded = array.dictionary_encode()
    levels = text_hashes(encoded.dictionary, key)
    # The last place stands for a missing value.
    tables = [np.append(level, none) for level in levels]
    codes = np.asarray(pc.fill_null(encoded.indices, len(encoded.dictionary)))
    return tables[0][codes], tables[1][codes]
