"""Hashes of texts, over whole arrays of them at a time."""

import hashlib
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
_LONGEST = 128
"""Texts of more bytes than this are hashed one by one: there are few, and each takes long."""
_WORD = 8
_ALL = np.uint64(2**64 - 1)
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def mix(values: Hashes) -> Hashes:
    """The finaliser of splitmix64 (Steele, Lea and Flood, 2014), of each value."""
    mixed = values + _GAMMA
    shifted = mixed >> np.uint64(30)
    mixed ^= shifted
    mixed *= _FIRST
    np.right_shift(mixed, np.uint64(27), out=shifted)
    mixed ^= shifted
    mixed *= _SECOND
    np.right_shift(mixed, np.uint64(31), out=shifted)
    mixed ^= shifted
    return mixed


@cache
def key_of(name: str) -> tuple[np.uint64, np.uint64]:
    """Key and odd weight of a column."""
    one, two = _digest(name.encode())
    return np.uint64(one), np.uint64(two | 1)


def text_hashes(texts: Any, key: np.uint64) -> tuple[Hashes, Hashes]:
    """Two 64-bit hashes per text of an Arrow string array; of a missing one, any.

    The bytes are taken in words of eight, little-endian, the last one padded with zeros; the length
    and the key go in first, so that padding shows and each column has hashes of its own.
    """
    size = len(texts)
    if size == 0:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.uint64)
    _, offsets_buffer, data = texts.buffers()
    narrow = np.frombuffer(offsets_buffer, dtype=np.int32, count=size + 1 + texts.offset)
    offsets: NDArray[np.int64] = narrow[texts.offset :].astype(np.int64)
    low, high = int(offsets[0]), int(offsets[-1])
    # Eight zeros behind the last text, so that its last word can be read whole.
    content = np.zeros(high - low + 8, dtype=np.uint8)
    if high > low:
        content[:-8] = np.frombuffer(data, dtype=np.uint8, count=high)[low:]
    starts, lengths = offsets[:-1] - low, offsets[1:] - offsets[:-1]
    sizes = lengths.astype(np.uint64)
    one, two = sizes * _GAMMA + key, sizes * _FIRST ^ key
    _short(content, starts, lengths, one, two)
    for row in np.flatnonzero(lengths > _LONGEST):
        start = int(starts[row])
        whole = content[start : start + int(lengths[row])].tobytes()
        one[row], two[row] = _digest(whole + int(key).to_bytes(8, "little"))
    return one, two


def _short(
    content: NDArray[np.uint8],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    one: Hashes,
    two: Hashes,
) -> None:
    """Take in the words of the texts; of longer ones than `_LONGEST` bytes, the first only."""
    words: Hashes = np.ndarray((len(content) - 7,), dtype="<u8", buffer=content.data, strides=(1,))
    word = _word(words, starts, lengths)
    one[:] = mix(one ^ word)
    two[:] = mix(two + word * _SECOND)
    rows, at = np.flatnonzero((lengths > _WORD) & (lengths <= _LONGEST)), _WORD
    while len(rows):
        left = lengths[rows] - at
        word = _word(words, starts[rows] + at, left)
        one[rows] = mix(one[rows] ^ word)
        two[rows] = mix(two[rows] + word * _SECOND)
        rows, at = rows[left > _WORD], at + _WORD


def _word(words: Hashes, places: NDArray[np.int64], left: NDArray[np.int64]) -> Hashes:
    """The eight bytes at each place, those behind the text's end as zeros."""
    word: Hashes = words[places]
    unused = np.maximum(64 - 8 * left, 0).astype(np.uint64)
    # NumPy shifts by 64 to 0: a text that has ended has no byte left.
    word &= _ALL >> unused
    return word


def _digest(content: bytes) -> tuple[int, int]:
    digest = hashlib.blake2b(content, digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")
