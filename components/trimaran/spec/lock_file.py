"""The lock beside a spec: `flights.lock.yaml` of `flights.yaml`."""

import json
import re
from collections.abc import Mapping
from pathlib import Path as File
from typing import Any

from trimaran.spec.document import Document, Path
from trimaran.spec.validate import plain
from trimaran.spec.yaml_reader import read_yaml
from trimaran_runtime.validation.lock import TableLock

_SECTION, _FIELD = "validation", "lock"
_HEAD = """\
# What the table of {spec} looks like. Written by `trimaran lock`; every run is held to it.
# Edit it freely: a field of a column that is taken out is not checked. `trimaran lock --check`
# says whether the source still fits, `trimaran lock --update` writes it anew and keeps the
# settings at the top.
"""
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOT_TEXT = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
"""Words that YAML 1.1 or 1.2 reads as something other than text."""


def lock_file_of(spec: File) -> File:
    """Where the lock of a spec is, whether it is there or not."""
    return spec.with_name(f"{spec.stem}.lock.yaml")


def with_lock(document: Document, spec: File) -> Document:
    """A document with the lock that lies beside its file; one that it holds itself stays.

    Raises:
        SpecError: the lock cannot be read.
    """
    file = lock_file_of(spec)
    section = document.value.get(_SECTION, {})
    if not file.is_file() or not isinstance(section, Mapping) or _FIELD in section:
        return document
    lock = read_yaml(file)
    value = {**document.value, _SECTION: {**section, _FIELD: lock.value}}
    sources: dict[Path, str] = {
        (_SECTION, _FIELD, *path): source for path, source in lock.sources.items()
    }
    return Document(
        name=document.name,
        value=value,
        sources={**document.sources, **sources},
        textual=document.textual,
    )


def lock_text(lock: TableLock, spec: File) -> str:
    """The lock as YAML: a line for each setting and for each column.

    Args:
        lock: the lock.
        spec: file of the spec, named in the first line.
    """
    settings = {name: value for name, value in plain(lock).items() if value is not None}
    columns = settings.pop("columns", [])
    lines = [f"{name}: {_flow(value)}" for name, value in settings.items()]
    lines += ["columns:", *(f"  - {_flow(column)}" for column in columns)]
    return _HEAD.format(spec=spec.name) + "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    """A value on one line: JSON, which YAML reads, with bare keys where they are safe."""
    if isinstance(value, Mapping):
        items = (f"{_bare(k)}: {_flow(v)}" for k, v in value.items() if v is not None)
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, str):
        return _bare(str(value))
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return json.dumps(value)


def _bare(text: str) -> str:
    if _BARE.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    return json.dumps(text, ensure_ascii=False)
