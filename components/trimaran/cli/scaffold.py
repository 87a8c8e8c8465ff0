"""The files of a new project."""

import keyword
import os
import re
import sys
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

from trimaran.spec.json_schema import FILE as SCHEMA_FILE
from trimaran.spec.json_schema import json_schema_text
from trimaran_providers.contract.errors import Problem, ProjectError, SpecError
from trimaran_providers.contract.spec.stack import NAME

_TEMPLATES = "project_template"
_SUFFIX = ".txt"
_MODEL, _SPEC = "model.py", "spec.yaml"
_CLIMB = 1
"""An environment further up than this is somebody else's: the project does not point at it."""


def write_project(name: str, folder: Path) -> list[str]:
    """Write a new project.

    Args:
        name: name of the model.
        folder: where; may exist, as long as none of the files do.

    Returns:
        The files, relative to the folder.

    Raises:
        SpecError: the name is none.
        ProjectError: a file exists already, or the folder cannot be written.
    """
    if not re.match(NAME, name):
        raise SpecError([_bad_name(name)])
    contents = _contents(name, folder)
    existing = [file for file in contents if (folder / file).exists()]
    if existing:
        raise ProjectError(
            f"{folder} has {', '.join(existing)} already, and nothing is overwritten",
            next_step="choose another folder with --directory",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in contents.items():
            (folder / file).write_text(content)
    except OSError as exc:
        raise ProjectError(f"{folder} cannot be written: {exc.strerror}") from exc
    return list(contents)


def _contents(name: str, folder: Path) -> dict[str, str]:
    values = {
        "name": name,
        "module": _module(name),
        "environment": _environment(folder),
    }
    contents: dict[str, str] = {}
    for template in sorted(files("trimaran.cli").joinpath(_TEMPLATES).iterdir(), key=str):
        file = template.name.removesuffix(_SUFFIX)
        file = {_MODEL: f"{values['module']}.py", _SPEC: f"{name}.yaml"}.get(file, file)
        file = ".gitignore" if file == "gitignore" else file
        contents[file] = Template(template.read_text()).substitute(values).rstrip() + "\n"
    return {**contents, SCHEMA_FILE: json_schema_text()}


def _module(name: str) -> str:
    """Name of the Python module; one that would hide another is lengthened."""
    module = name.replace("-", "_")
    taken = keyword.iskeyword(module) or module in sys.stdlib_module_names or find_spec(module)
    return f"{module}_model" if taken else module


def _environment(folder: Path) -> str:
    """The part of Pulumi.yaml that says where Python and the plugin are; empty: take PATH's."""
    if sys.prefix == sys.base_prefix:
        return ""
    path = Path(os.path.relpath(sys.prefix, folder.absolute()))
    if path.parts.count("..") > _CLIMB:
        return ""
    return (
        f"  options:\n    virtualenv: {path}\n"
        f"plugins:\n  providers:\n    - name: trimaran\n      path: {path / 'bin'}\n"
    )


def _bad_name(name: str) -> Problem:
    return Problem(
        path="NAME",
        what=f'"{name}" is no name of a model',
        allowed="a lower-case letter, then lower-case letters, digits, hyphens; at most 20",
    )
