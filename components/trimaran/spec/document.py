"""A document before it is a spec: plain values, and the place each one was written at."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]
"""Where a value stands: keys of mappings, positions in lists."""
_PART = re.compile(r'\[(\d+)\]|\["(.*?)"\]|([^.\[]+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Plain values with their sources.

    Attributes:
        name: what the document is called in messages, e.g. its file.
        value: mappings, lists, text, numbers, booleans, None.
        sources: `file:line` by path, as far as it is known.
        textual: paths whose text may stand for a number or a boolean: the command line that
            wrote them knows no other type (`pulumi config set --path` writes 0.7 as "0.7").
    """

    name: str
    value: Mapping[str, Any]
    sources: Mapping[Path, str] = field(default_factory=dict)
    textual: frozenset[Path] = frozenset()

    def source_of(self, path: Path) -> str:
        """`file:line` of a path, or of the closest section around it that has one."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.sources:
                return self.sources[path[:length]]
        return self.name


def dotted(path: Path) -> str:
    """A path as a user writes it: `alerts.channels[0].to`, `data.columns["a.b"].type`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part and "." not in part and "[" not in part:
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


def undotted(text: str) -> Path:
    """The path that `dotted` wrote."""
    return tuple(
        int(position) if position else key or name for position, key, name in _PART.findall(text)
    )


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Values that are not sections, with their paths; a list is one when it holds sections."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, (list, tuple)) and any(map(_holds, value)):
        for position, item in enumerate(value):
            yield from leaves(item, (*path, position))
    else:
        yield path, value


def _holds(value: Any) -> bool:
    return isinstance(value, (Mapping, list, tuple))


def lookup(value: Any, path: Path) -> Any:
    """The value at a path.

    Raises:
        KeyError: there is none.
    """
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError) as exc:
            raise KeyError(path) from exc
    return value
