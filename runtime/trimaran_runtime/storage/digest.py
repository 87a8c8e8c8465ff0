"""Digests and canonical bytes: what content addresses are made of."""

import hashlib
from pathlib import Path
from typing import Any

import orjson

PREFIX = "sha256:"
_CHUNK_BYTES = 1 << 20


def canonical_json(document: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces: equal documents give equal bytes."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def digest_of(content: bytes) -> str:
    """`sha256:` and 64 hexadecimal digits."""
    return PREFIX + hashlib.sha256(content).hexdigest()


def digest_of_file(path: Path) -> str:
    """Digest of a file's bytes, read in chunks."""
    state = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            state.update(chunk)
    return PREFIX + state.hexdigest()
