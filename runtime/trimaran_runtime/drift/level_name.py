"""How a level is written, shortened and hashed: the same in every process and from every source."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from trimaran_runtime.drift.key import Counts

BUCKETS = 4096
MAX_LEVEL_CHARACTERS = 200
"""Longer levels are kept as their beginning and a digest."""


def text_of(value: Any) -> str:
    """How a level is written, the same whether it came from Arrow, pandas or JSON."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def bucket(level: str) -> int:
    """Bucket of a level, 0 to 4095; the same in every process."""
    return digest(level) % BUCKETS


def digest(level: str) -> int:
    """64 bits of a level; the same in every process."""
    found = hashlib.blake2b(level.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(found, "little")


def pool(levels: Mapping[str, int]) -> Counts:
    """Rows by bucket, shape `(4096,)`."""
    counts = np.zeros(BUCKETS, np.int64)
    for level, rows in levels.items():
        counts[bucket(level)] += rows
    return counts


def shorten(level: str) -> str:
    """The level, or the beginning and digest of a long one: distinct levels stay distinct."""
    if len(level) <= MAX_LEVEL_CHARACTERS:
        return level
    found = hashlib.blake2b(level.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return f"{level[: MAX_LEVEL_CHARACTERS // 2]}… {found}"
