"""Reads the rows of a table for a sample: hashes of all, values only of those that may be kept."""

from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.data.text_hash import Hashes
from trimaran_runtime.drift.arrow import _distance as distance
from trimaran_runtime.drift.key import key_of_raw
from trimaran_runtime.drift.level import shorten
from trimaran_runtime.drift.row_hash import level_names, moments, row_hashes
from trimaran_runtime.drift.row_sample import MISSING, LevelRows, NumberRows, RowSample, Rows
from trimaran_runtime.drift.row_values import as_numbers, blocks, numbers_of

if TYPE_CHECKING:
    import pyarrow as pa

    from trimaran_runtime.drift.profile import Profile

_ALL = np.uint64(2**64 - 1)
_KINDS = {"number", "timestamp", "level", "empty"}


def collect(
    table: "pa.Table", profile: "Profile", capacity: int, without: frozenset[str]
) -> RowSample:
    """The sample of a table's rows; see `RowSample.of`."""
    kinds = {
        name: "level" if summary.kind == "empty" else summary.kind
        for name, summary in sorted(profile.columns.items())
        if name not in without and name in table.column_names and summary.kind in _KINDS
    }
    centres = profile.centres
    found = _piece(table.select(list(kinds)).slice(0, 0), kinds, centres, capacity, _no_hashes())
    waiting = [found]
    pending = 0
    for batch in blocks(table, list(kinds)) if kinds else ():
        hashes = row_hashes(batch, kinds)
        # Rows beyond the largest of a full sample cannot get in.
        full = len(found.hashes) == capacity
        chosen = np.flatnonzero(hashes <= (found.hashes[-1] if full else _ALL))
        if len(chosen):
            rows = batch.take(_indices(chosen))
            waiting.append(_piece(rows, kinds, centres, capacity, hashes[chosen]))
            pending += len(chosen)
        if pending > capacity:
            found = _together(waiting)
            waiting, pending = [found], 0
    found = _together(waiting)
    return RowSample(
        capacity=capacity,
        seen=table.num_rows if kinds else 0,
        columns=found.columns,
        hashes=found.hashes,
        counts=found.counts,
    )


def _together(pieces: list[RowSample]) -> RowSample:
    whole = pieces[0]
    for piece in pieces[1:]:
        whole = whole.merge(piece)
    return whole


def _piece(
    rows: Any, kinds: dict[str, str], centres: dict[str, float], capacity: int, hashes: Hashes
) -> RowSample:
    columns = {
        name: _column(rows.column(place), kind, centres.get(name, 0.0))
        for place, (name, kind) in enumerate(kinds.items())
    }
    return RowSample(
        capacity=capacity,
        seen=0,
        columns=columns,
        hashes=hashes,
        counts=np.ones(len(hashes), np.int64),
    ).smallest()


def _column(piece: Any, kind: str, centre: float) -> Rows:
    import pyarrow as pa

    if isinstance(piece, pa.ChunkedArray):
        piece = piece.combine_chunks()
    if kind == "level":
        return _levels(piece)
    values, null = numbers_of(moments(piece) if kind == "timestamp" else as_numbers(piece))
    found = distance(values, centre)
    keys = key_of_raw()[found.view(np.uint16)[1::2]].astype(np.uint16)
    keys[np.isnan(found)] = MISSING
    if null is not None:
        keys[null] = MISSING
    return NumberRows(
        kind="timestamp" if kind == "timestamp" else "number", centre=centre, keys=keys
    )


def _levels(piece: Any) -> LevelRows:
    found, places = level_names(piece)
    # By number: two long levels, or two of one name, may be one.
    short = ["" if name is None else shorten(name) for name in found]
    names = sorted(set(short))
    code = {name: at for at, name in enumerate(names)}
    codes = np.array([*(code[name] for name in short), -1], np.int32)
    every = np.arange(len(places))
    return LevelRows(names=tuple(names), codes=codes[places]).take(every)


def _indices(chosen: Any) -> Any:
    import pyarrow as pa

    return pa.array(chosen)


def _no_hashes() -> Hashes:
    return np.zeros(0, np.uint64)
