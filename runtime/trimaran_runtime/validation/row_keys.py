"""A 64-bit key per row: equal rows have equal keys. What duplicates are found by.

Keys live as long as one call: unlike `data.row_hash`, nothing is stored that depends on them.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.validation.columns import Columns

Keys = NDArray[np.uint64]
_BLOCK = 1 << 15
"""Rows mixed at once: a block and its intermediate values stay in the core's cache."""
_TEXT_BYTES = 1 << 22
"""Bytes of text hashed at once; eight bytes of working memory each."""
_MISSING = np.uint64(0xA0761D6478BD642F)


def row_keys(columns: Columns, names: Sequence[str]) -> Keys:
    """Key of each row over the named columns; shape `(n,)`.

    The key is the sum, modulo 2**64, of a mixed hash of each value: two rows that differ have the
    same key with a probability of about 2**-64. Chance of one false pair in a million rows: 3e-8.
    """
    total = np.zeros(columns.rows, dtype=np.uint64)
    for place in range(0, len(names), 2):
        pair = names[place : place + 2]
        for keys in columns.each(pair, lambda name: value_keys(columns, name)):
            total += keys
    return total


def value_keys(columns: Columns, name: str) -> Keys:
    """Mixed hash of each value of a column; shape `(n,)`."""
    seed = _seed(name)
    column = columns[name]
    if columns.is_text(name):
        if not columns.has_few_levels(name):
            return _mixed(_texts(column.chunks), seed)
        encoded = columns.encoded(name)
        levels = np.append(_text(encoded.levels), _MISSING)
        return _mixed(levels, seed)[encoded.codes]
    keys, start = np.empty(columns.rows, dtype=np.uint64), 0
    for chunk in column.chunks:
        _mixed(_bits(chunk), seed, out=keys[start : start + len(chunk)])
        start += len(chunk)
    return keys


def distinct_values(columns: Columns, name: str) -> int:
    """How many values a column has, missing ones aside; sorted keys take less than a hash table."""
    keys = value_keys(columns, name)
    if columns[name].null_count:
        keys = keys[np.asarray(columns[name].is_valid())]
    return len(keys) - repeats(np.sort(keys))


def repeats(ordered: Keys) -> int:
    """How many of the sorted keys repeat the one before."""
    return int((ordered[1:] == ordered[:-1]).sum())


def _bits(chunk: Any) -> Keys:
    """The bits of each value; equal numbers have equal bits."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(chunk.type):
        # Adding 0.0 turns -0.0 into 0.0.
        filled = pc.fill_null(chunk, 0.0) if chunk.null_count else chunk
        values = (filled.to_numpy(zero_copy_only=False) + 0.0).view(np.uint64)
    else:
        whole = chunk.cast(pa.int64())
        filled = pc.fill_null(whole, 0) if whole.null_count else whole
        values = filled.to_numpy(zero_copy_only=False).view(np.uint64)
    return np.where(np.asarray(chunk.is_null()), _MISSING, values) if chunk.null_count else values


def _texts(chunks: Sequence[Any]) -> Keys:
    """A hash of each text of a column; one way of hashing for all of it."""
    held = [chunk for chunk in chunks if len(chunk)]
    length = _one_length(held)
    return np.concatenate([_words(c, length) if length else _text(c) for c in held])


def _one_length(chunks: Sequence[Any]) -> int:
    """Bytes of each text, where all have as many and none is missing; else 0."""
    lengths = set()
    for chunk in chunks:
        if chunk.null_count:
            return 0
        offsets = _offsets(chunk)
        length = int(offsets[1] - offsets[0])
        if not (np.diff(offsets) == length).all():
            return 0
        lengths.add(length)
    return lengths.pop() if len(lengths) == 1 else 0


def _words(chunk: Any, length: int) -> Keys:
    """A hash of each of texts of one length: the sum of their mixed 8-byte words."""
    offsets = _offsets(chunk)
    text = np.frombuffer(chunk.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]]
    keys = np.zeros(len(chunk), dtype=np.uint64)
    for place, factor in zip(range(0, length, 8), _factors(length), strict=False):
        part = text.reshape(len(chunk), length)[:, place : place + 8]
        padded = np.zeros((len(chunk), 8), dtype=np.uint8)
        padded[:, : part.shape[1]] = part
        keys += _mixed(padded.view(np.uint64)[:, 0], factor)
    return keys


def _offsets(chunk: Any) -> NDArray[np.int32]:
    whole = np.frombuffer(chunk.buffers()[1], dtype=np.int32)
    return whole[chunk.offset : chunk.offset + len(chunk) + 1]


def _text(chunk: Any) -> Keys:
    """A hash of each text: multilinear over its bytes, plus its length.

    Lemire and Kaser, "Strongly universal string hashing is fast" (2014), eq. 1, with a random
    64-bit factor by position.
    """
    if not len(chunk):
        return np.zeros(0, dtype=np.uint64)
    buffers = chunk.buffers()
    offsets = _offsets(chunk)
    data = np.frombuffer(buffers[2], dtype=np.uint8) if buffers[2] else np.zeros(0, dtype=np.uint8)
    lengths = np.diff(offsets)
    keys = lengths.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    factors = _factors(int(lengths.max()))
    # As many texts at once as hold about _TEXT_BYTES bytes.
    wanted = np.arange(offsets[0], offsets[-1], _TEXT_BYTES)
    cuts = np.unique(np.r_[np.searchsorted(offsets, wanted), len(chunk)])
    cuts = np.unique(np.r_[0, cuts])
    for first, last in pairwise(cuts):
        _add_texts(keys[first:last], offsets[first : last + 1], data, factors)
    if chunk.null_count:
        keys[np.asarray(chunk.is_null())] = _MISSING
    return keys


def _add_texts(
    keys: Keys, offsets: NDArray[np.int32], data: NDArray[np.uint8], factors: Keys
) -> None:
    lengths = np.diff(offsets)
    held = np.flatnonzero(lengths)
    if not len(held):
        return
    text = data[offsets[0] : offsets[-1]]
    starts = (offsets[:-1] - offsets[0])[held]
    position = np.arange(len(text), dtype=np.int32)
    position -= np.repeat(starts, lengths[held])
    products = factors[position]
    products *= text.astype(np.uint64) + np.uint64(1)
    keys[held] += np.add.reduceat(products, starts)


def _factors(length: int) -> Keys:
    generator = np.random.default_rng(0x5EED)
    return generator.integers(0, 2**64, size=max(length, 1), dtype=np.uint64) | np.uint64(1)


def _mixed(values: Keys, seed: np.uint64, out: Keys | None = None) -> Keys:
    """The finaliser of splitmix64 (Steele, Lea and Flood, 2014), block by block."""
    mixed = np.empty(len(values), dtype=np.uint64) if out is None else out
    spare = np.empty(min(_BLOCK, len(values)), dtype=np.uint64)
    for start in range(0, len(values), _BLOCK):
        block = mixed[start : start + _BLOCK]
        shifted = spare[: len(block)]
        np.add(values[start : start + _BLOCK], seed, out=block)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            np.right_shift(block, np.uint64(shift), out=shifted)
            np.bitwise_xor(block, shifted, out=block)
            np.multiply(block, np.uint64(factor), out=block)
        np.right_shift(block, np.uint64(31), out=shifted)
        np.bitwise_xor(block, shifted, out=block)
    return mixed


def _seed(name: str) -> np.uint64:
    from hashlib import blake2b

    digest = blake2b(name.encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))
