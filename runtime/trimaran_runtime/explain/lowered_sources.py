"""Which input column each prepared column of a lowered model comes from.

Nothing has to be tried or read from names: a lowered form is a list of operations, and each of them
makes every column of one column.
"""

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.lowering.lowered import Lowered
from trimaran_runtime.lowering.matrix import Fill, Operation, Recode
from trimaran_runtime.lowering.reader import OneHot, Reader

Places = NDArray[np.int64]


def prepared_sources(lowered: Lowered) -> Places:
    """(d,) place among `lowered.inputs` of the column that each prepared column comes from."""
    parts = [_through(part.operations, _read(part.reader)) for part in lowered.parts]
    return _through(lowered.operations, np.concatenate(parts))


def _read(reader: Reader) -> Places:
    columns = reader.columns.astype(np.int64)
    if isinstance(reader, OneHot):
        return np.repeat(columns, reader.widths)
    # Of a time several columns, side by side; of everything else one.
    return np.repeat(columns, reader.width // len(columns)) if len(columns) else columns


def _through(operations: tuple[Operation, ...], sources: Places) -> Places:
    for operation in operations:
        if isinstance(operation, Fill):
            sources = np.concatenate([sources[operation.kept], sources[operation.indicated]])
        elif isinstance(operation, Recode):
            sources = np.concatenate([sources[operation.columns], sources[operation.others]])
    return sources
