"""What a stack changes in the spec: values by dotted path, laid over the document.

The laws, which the tests state as properties: nothing laid over changes nothing; laying the same
over twice is laying it over once; the order of the paths does not matter; what is not named
stays as it was. A section is merged key by key, everything else (a list too) is replaced whole.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from trimaran.spec.document import Document, Path, dotted
from trimaran_providers.contract.errors import Problem, SpecError

_PATHS = "a dotted path such as registry.approval, or sections nested as in the spec"


def apply_overrides(document: Document, overrides: Document) -> Document:
    """Lay values by path over a document.

    Args:
        document: the spec as written.
        overrides: value by dotted path (`endpoint.replicas.max: 4`) or by nested sections; only
            the dots of a top-level key separate, so a column called `a.b` is written nested.

    Returns:
        The merged document; every value keeps the source it came from.

    Raises:
        SpecError: a path is given twice, is none, or leads through something that is no section.
    """
    changes = list(_changes(overrides))
    problems = [*_twice(changes), *_misplaced(changes, document)]
    if problems:
        raise SpecError(problems)
    value: Any = document.value
    sources = dict(document.sources)
    for change in changes:
        value = _with(value, change.path, change.value)
        sources = _replaced(sources, change, overrides)
    return Document(
        name=document.name,
        value=value,
        sources=sources,
        textual=document.textual | {change.path for change in changes},
    )


class _Change:
    """One value of the overrides.

    Attributes:
        path: where it goes in the spec.
        origin: where it stands in the overrides.
        value: no mapping, unless an empty one.
        source: `file:line`.
    """

    __slots__ = ("origin", "path", "source", "value")

    def __init__(self, path: Path, origin: Path, value: Any, source: str) -> None:
        self.path, self.origin, self.value, self.source = path, origin, value, source


def _changes(overrides: Document) -> Iterator[_Change]:
    for key, item in overrides.value.items():
        parts: Path = tuple(key.split("."))
        if not all(parts):
            problem = Problem(
                path=key,
                what="is not a path",
                allowed=_PATHS,
                source=overrides.source_of((key,)),
            )
            raise SpecError([problem])
        for below, value in _flat(item):
            origin = (key, *below)
            yield _Change((*parts, *below), origin, value, overrides.source_of(origin))


def _flat(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _flat(item, (*path, key))
    else:
        yield path, value


def _twice(changes: list[_Change]) -> Iterator[Problem]:
    """A path that is given twice, or both itself and something inside it."""
    ordered = sorted(changes, key=lambda change: [str(part) for part in change.path])
    for before, change in pairwise(ordered):
        if change.path[: len(before.path)] == before.path:
            yield Problem(
                path=dotted(change.path),
                what=f"is overridden twice, also by {dotted(before.path)} ({before.source})",
                source=change.source,
                allowed="one of them",
            )


def _misplaced(changes: list[_Change], document: Document) -> Iterator[Problem]:
    """A path through a value that is no section."""
    for change in changes:
        value: Any = document.value
        for depth, part in enumerate(change.path):
            if not isinstance(value, Mapping):
                yield _no_section(change, change.path[:depth], value)
                break
            value = value.get(str(part))
            if value is None:
                break


def _no_section(change: _Change, at: Path, value: Any) -> Problem:
    is_list = isinstance(value, (list, tuple))
    kind = "a list" if is_list else f"the value {value!r}"
    return Problem(
        path=dotted(change.path),
        what=f"leads through {dotted(at)}, which is {kind}",
        source=change.source,
        allowed=f"{dotted(at)}, replaced as a whole" if is_list else f"{dotted(at)} itself",
    )


def _with(value: Any, path: Path, new: Any) -> Any:
    if not path:
        # An empty section merged into a section changes nothing.
        return value if isinstance(new, Mapping) and isinstance(value, Mapping) else new
    section = dict(value) if isinstance(value, Mapping) else {}
    section[str(path[0])] = _with(section.get(str(path[0])), path[1:], new)
    return section


def _replaced(sources: dict[Path, str], change: _Change, overrides: Document) -> dict[Path, str]:
    """Sources after a change: what it replaced is forgotten, what it brought is known."""
    length = len(change.path)
    if not isinstance(change.value, Mapping):
        sources = {path: source for path, source in sources.items() if path[:length] != change.path}
    for depth in range(1, length + 1):
        sources.setdefault(change.path[:depth], change.source)
    for origin, source in overrides.sources.items():
        if origin[: len(change.origin)] == change.origin:
            sources[change.path + origin[len(change.origin) :]] = source
    return sources
