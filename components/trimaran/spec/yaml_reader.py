"""Reads YAML 1.2 into a document: plain values only, every one with its line, no key twice."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any

from trimaran.spec.document import Document, Path, dotted
from trimaran_providers.contract.errors import Problem, SpecError

_TAG = "tag:yaml.org,2002:"
_MAX_NODES = 100_000
"""More than any spec holds: aliases of aliases could fill the memory otherwise."""


def read_yaml(file: File, *, name: str | None = None, next_step: str = "") -> Document:
    """Read a YAML file whose top level is a mapping.

    Args:
        file: where it is.
        name: what it is called in messages; None: its file name.
        next_step: what to do when it is not there.

    Raises:
        SpecError: it cannot be read, or is not such YAML; lists every problem that can be told.
    """
    name = name or file.name
    try:
        content = file.read_bytes()
    except FileNotFoundError as exc:
        raise _refused(f"there is no file {file}", name, allowed=next_step) from exc
    except OSError as exc:
        raise _refused(f"{file} cannot be read: {exc.strerror}", name) from exc
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise _refused(
            f"byte 0x{content[exc.start]:02x} is not UTF-8", f"{name}:{line}", allowed="UTF-8"
        ) from exc
    return parse_yaml(text, name)


def parse_yaml(text: str, name: str) -> Document:
    """Parse YAML text whose top level is a mapping.

    Args:
        text: the document.
        name: what it is called in messages.

    Raises:
        SpecError: as `read_yaml`.
    """
    try:
        reader = _Reader(name)
        value = reader.mapping(_compose(text, name))
    except RecursionError as exc:
        raise _refused("sections are nested too deeply to be read", name) from exc
    if reader.problems:
        raise SpecError(reader.problems)
    return Document(name=name, value=value, sources=reader.sources)


def _compose(text: str, name: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLStreamError

    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as exc:
        raise _syntax(exc, text, name) from exc
    except (YAMLError, YAMLStreamError, ValueError) as exc:
        raise _refused(f"is not YAML: {str(exc).splitlines()[0]}", name) from exc
    if node is None:
        raise _refused("is empty", name, allowed="a mapping with at least name, data and pipeline")
    return node


def _syntax(exc: Any, text: str, name: str) -> SpecError:
    mark = exc.problem_mark or exc.context_mark
    if mark is None:
        return _refused(f"is not YAML: {exc.problem}", name)
    line, column = mark.line + 1, mark.column + 1
    lines = text.splitlines()
    at = lines[mark.line] if mark.line < len(lines) else ""
    where = f"{name}:{line}"
    if "\t" in at[: column + 1] and "\\t" in str(exc.problem):
        return _refused(
            f"column {column}: a tab stands where YAML needs spaces", where, allowed="spaces"
        )
    context = f" {exc.context}" if exc.context else ""
    return _refused(f"is not YAML: column {column}: {exc.problem}{context}", where)


def _refused(what: str, source: str, *, allowed: str = "") -> SpecError:
    return SpecError([Problem(path="", what=what, source=source, allowed=allowed)])


@dataclass
class _Reader:
    """Turns the node graph into values, noting problems and going on."""

    name: str
    sources: dict[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0
    open: set[int] = field(default_factory=set)

    def mapping(self, node: Any) -> dict[str, Any]:
        """The top level."""
        self.sources[()] = f"{self.name}:{node.start_mark.line + 1}"
        if _kind(node) != "map":
            kind = {"seq": "a list", "null": "nothing"}.get(_kind(node), "a value")
            self._problem((), node, f"the top level must be a mapping, given {kind}")
            return {}
        return self._mapping(node, ())

    def _value(self, node: Any, path: Path) -> Any:
        self.sources.setdefault(path, self._at(node))
        self.count += 1
        if self.count > _MAX_NODES:
            raise _refused(f"holds more than {_MAX_NODES} values (aliases included)", self.name)
        if id(node) in self.open:
            self._problem(path, node, "an alias contains itself")
            return None
        kind = _kind(node)
        if kind in {"map", "seq"}:
            self.open.add(id(node))
            value: Any = self._mapping(node, path) if kind == "map" else self._list(node, path)
            self.open.remove(id(node))
            return value
        return self._scalar(node, kind, path)

    def _mapping(self, node: Any, path: Path) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key_node, item_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            here = (*path, key)
            if key in value:
                before = self.sources[here].rpartition(":")[2]
                self._problem(here, key_node, f"is given twice, first on line {before}")
                continue
            self.sources[here] = self._at(key_node)
            value[key] = self._value(item_node, here)
        return value

    def _key(self, node: Any, path: Path) -> str | None:
        if node.tag == f"{_TAG}merge":
            self._problem(path, node, "merge keys (<<) are not read; write the section out")
            return None
        if _kind(node) != "str":
            shown = node.value if isinstance(node.value, str) else "a list or mapping"
            self._problem(path, node, f"key {shown} is not text", 'text; put "…" around it')
            return None
        return str(self._text(node, path))

    def _list(self, node: Any, path: Path) -> list[Any]:
        return [self._value(item, (*path, position)) for position, item in enumerate(node.value)]

    def _scalar(self, node: Any, kind: str, path: Path) -> Any:
        # A date stays text: no field of the spec is a date, and data.version may look like one.
        read = {"str": self._text, "timestamp": self._text, "merge": self._text}.get(kind)
        if read is not None:
            return read(node, path)
        plain = _PLAIN.get(kind)
        if plain is None or not isinstance(node.value, str):
            tag = node.tag.replace(_TAG, "!!")
            self._problem(path, node, f"tag {tag} is not read", "plain values")
            return None
        try:
            return plain(node.value)
        except ValueError:
            self._problem(path, node, f"{node.value[:40]} cannot be read as {kind}")
            return None

    def _text(self, node: Any, path: Path) -> str:
        text = str(node.value)
        try:
            text.encode()
        except UnicodeEncodeError:
            self._problem(path, node, f"{text!r} is not valid Unicode")
            return ""
        return text

    def _at(self, node: Any) -> str:
        return f"{self.name}:{node.start_mark.line + 1}"

    def _problem(self, path: Path, node: Any, what: str, allowed: str = "") -> None:
        self.problems.append(
            Problem(path=dotted(path), what=what, source=self._at(node), allowed=allowed)
        )


def _kind(node: Any) -> str:
    """Short tag of a node; the whole tag when it contradicts what the node is."""
    kind = str(node.tag.removeprefix(_TAG))
    shape = {"mapping": "map", "sequence": "seq"}.get(node.id, "scalar")
    if shape == (kind if kind in {"map", "seq"} else "scalar"):
        return kind
    return str(node.tag)


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(text)
    return text.lower() == "true"


def _integer(text: str) -> int:
    text = text.replace("_", "").lower()
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    base = {"0o": 8, "0x": 16, "0b": 2}.get(digits[:2], 10)
    return sign * int(digits[2:] if base != 10 else digits, base)


def _number(text: str) -> float:
    text = text.replace("_", "").lower()
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


_PLAIN: dict[str, Callable[[str], Any]] = {
    "int": _integer,
    "float": _number,
    "bool": _boolean,
    "null": lambda _: None,
}
