"""What MLflow takes: names and texts are cut so that it shows; the document keeps all of them.

Figures: `mlflow/utils/validation.py` of MLflow 3.17.2, read 2026-11-24.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import TypeVar

PARAMETER = 6000
"""Characters of a parameter's value."""
TAG = 8000
"""Characters of a tag's value."""
_KEY = 250
"""Characters of a key."""
_MARK = 8
"""Digits that tell keys apart that would be the same otherwise."""
_REFUSED = re.compile(r"[^/\w.\- :]")
_Value = TypeVar("_Value")


def keyed(given: Mapping[str, _Value]) -> dict[str, _Value]:
    """The same values under keys that MLflow takes, no two the same.

    What it refuses in a key becomes `_`; a key that is too long, not a plain path, or taken by
    then ends in digits of its digest.
    """
    taken: dict[str, _Value] = {}
    # Names that may stay as they are come first: another one never takes theirs.
    for name in sorted(given, key=lambda name: (not _is_plain(name), name)):
        taken[_key(name, taken)] = given[name]
    return taken


def shortened(text: str, limit: int) -> str:
    """A text of at most so many characters, which says how long it was."""
    if len(text) <= limit:
        return text
    note = f" … (cut, {len(text):,} characters in all)"
    return text[: limit - len(note)] + note


def _is_plain(name: str) -> bool:
    parts = name.split("/")
    is_path = all(part not in {"", ".", ".."} for part in parts)
    return is_path and len(name) <= _KEY and not _REFUSED.search(name)


def _key(name: str, taken: Mapping[str, object]) -> str:
    clean = _REFUSED.sub("_", name)
    if _is_plain(clean) and clean not in taken:
        return clean
    parts = [part for part in clean.split("/") if part not in {"", ".", ".."}]
    mark = sha256(name.encode()).hexdigest()[:_MARK]
    return f"{'/'.join(parts)[: _KEY - _MARK - 1]}-{mark}"
