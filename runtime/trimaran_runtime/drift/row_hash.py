"""A hash of every row's content, whatever kind of table it came from.

Equal rows have equal hashes whether a whole number came as int8 or as a float, and a level as text,
category or boolean. A column's name goes in, its place does not. Not cryptographic.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trimaran_runtime.data.text_hash import Hashes, key_of, mix, text_hashes
from trimaran_runtime.drift.level_name import text_of
from trimaran_runtime.drift.row_values import numbers_of
from trimaran_runtime.drift.tally import plain_text

if TYPE_CHECKING:
    import pyarrow as pa

_MISSING = np.uint64(0x9E3779B97F4A7C15)
_EXACT = 2**53


def row_hashes(batch: "pa.RecordBatch", kinds: Mapping[str, str]) -> Hashes:
    """Hash of each row, shape `(n,)`, over the named columns.

    Args:
        batch: the rows.
        kinds: `number`, `timestamp` or `level` by column; one that is not there is missing.
    """
    names = batch.schema.names
    total = np.zeros(batch.num_rows, np.uint64)
    for name, kind in kinds.items():
        key = key_of(name)[0]
        if name not in names or str(batch.schema.field(name).type) == "null":
            total += _of_missing(key)
            continue
        piece = batch.column(names.index(name))
        total += _levels(piece, key) if kind == "level" else _numbers(piece, key)
    return mix(total)


def level_names(piece: Any) -> tuple[list[str | None], npt.NDArray[np.int64]]:
    """Names of the levels of a piece, and the place of each row's among them; -1: missing.

    A name may come twice, where a dictionary has it twice.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    piece = piece.storage if isinstance(piece, pa.ExtensionArray) else piece
    is_encoded = pa.types.is_dictionary(piece.type)
    encoded = piece if is_encoded else pc.dictionary_encode(plain_text(piece))
    names = [None if name is None else text_of(name) for name in encoded.dictionary.to_pylist()]
    places = np.asarray(pc.fill_null(encoded.indices.cast(pa.int64()), -1))
    if None in names:
        null = np.array([name is None for name in names])
        places = np.where((places >= 0) & null[places], -1, places)
    return names, places


def _numbers(piece: Any, key: np.uint64) -> Hashes:
    values, missing = numbers_of(piece)
    # Adding 0.0 turns -0.0 into 0.0: equal numbers, equal hashes.
    bits = (values.astype(np.float64) + 0.0).view(np.uint64)
    if values.dtype in {np.dtype(np.int64), np.dtype(np.uint64)}:
        large = (values > _EXACT) | (values < -_EXACT)
        bits[large] = mix(values[large].astype(np.uint64))
    hashes = mix(bits + key)
    if missing is not None:
        hashes[missing] = _of_missing(key)
    return hashes


def _levels(piece: Any, key: np.uint64) -> Hashes:
    import pyarrow as pa

    names, places = level_names(piece)
    known = pa.array(["" if name is None else name for name in names], pa.string())
    # The last place, -1, stands for a missing value.
    hashes = np.append(text_hashes(known, key)[0], _of_missing(key))
    found: Hashes = hashes[places]
    return found


def _of_missing(key: np.uint64) -> np.uint64:
    found: np.uint64 = mix(np.array([key ^ _MISSING]))[0]
    return found
