"""What is installed where a release is made: enough to install it again, and to list it."""

import os
import re
import sys
from collections.abc import Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path
from platform import python_version
from typing import Self

import orjson
from pydantic import ValidationError

from trimaran_runtime.errors import Corrupted
from trimaran_runtime.section import Section

LOCK = "requirements.lock"
"""Name of a lock file beside an environment, or in it."""
VARIABLE = "TRIMARAN_LOCK"
"""Environment variable that names another lock file."""
_PINNED = re.compile(
    r"^(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^]]*\])?\s*==\s*(?P<version>[^\s;\\]+)"
)
_FIELD = re.compile(r"^(?P<field>Name|Version):(?P<value>.*)$", re.MULTILINE)
_HASH = re.compile(r"--hash=(?P<hash>sha256:[0-9a-f]{64})")


class Installed(Section):
    """One installed distribution."""

    name: str
    """Name, as indexes compare it (PyPA, "Names and normalization", read 2026-11-24)."""
    version: str
    """Version."""
    is_local: bool = False
    """Whether it was installed from a folder, so that no index has it."""
    hashes: tuple[str, ...] = ()
    """`sha256:…` of its files on the index, from the lock file; empty: not known."""


class Environment(Section):
    """Everything that is installed."""

    schema_version: int = 1
    python: str
    """Version of Python, `major.minor.patch`."""
    distributions: tuple[Installed, ...]
    """By name."""

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """Read it back; raises Corrupted."""
        try:
            return cls.model_validate_json(document)
        except ValidationError as exc:
            raise Corrupted(f"the environment cannot be read: {exc}", where="environment") from exc

    def versions(self) -> dict[str, str]:
        """Version by name."""
        return {each.name: each.version for each in self.distributions}

    def requirements(self) -> str:
        """What an installer takes: everything that an index has, pinned, hashes where known."""
        lines = []
        for each in self.distributions:
            if not each.is_local:
                parts = [f"{each.name}=={each.version}", *(f"--hash={h}" for h in each.hashes)]
                lines.append(" \\\n    ".join(parts))
        return "\n".join(lines) + "\n"


def current_environment(environ: Mapping[str, str] | None = None) -> Environment:
    """What is installed here, with the hashes of the lock file where one is found.

    The lock is the file that `TRIMARAN_LOCK` names, or `requirements.lock` in the environment or
    beside it. A version that it does not name is listed without hashes.
    """
    locked = _locked(os.environ if environ is None else environ)
    found = {
        name: Installed(
            name=name,
            version=version,
            is_local=_is_local(distribution),
            hashes=locked.get((name, version), ()),
        )
        for (name, version), distribution in _installed().items()
    }
    return Environment(
        python=python_version(), distributions=tuple(found[name] for name in sorted(found))
    )


def installed_versions() -> dict[str, str]:
    """Version by name of everything that is installed here."""
    return dict(sorted(_installed()))


def _installed() -> dict[tuple[str, str], Distribution]:
    found: dict[str, tuple[str, Distribution]] = {}
    for distribution in distributions():
        name, version = _name_and_version(distribution)
        # The first on the path is the one that is imported.
        if name and version:
            found.setdefault(name, (version, distribution))
    return {(name, version): installed for name, (version, installed) in found.items()}


def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    # `Distribution.metadata` parses the whole description too, which takes ten times as long.
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    head = text.partition("\n\n")[0]
    fields = {match["field"]: match["value"].strip() for match in _FIELD.finditer(head)}
    return normalised(fields.get("Name", "")), fields.get("Version", "")


def normalised(name: str) -> str:
    """A distribution's name, as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _locked(environ: Mapping[str, str]) -> dict[tuple[str, str], tuple[str, ...]]:
    prefix = Path(sys.prefix)
    given = environ.get(VARIABLE)
    places = [Path(given)] if given else [prefix / LOCK, prefix.parent / LOCK]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        return {}
    found = {}
    for line in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if match := _PINNED.match(line):
            key = normalised(match["name"]), match["version"]
            found[key] = tuple(sorted(_HASH.findall(line)))
    return found


def _is_local(distribution: Distribution) -> bool:
    text = distribution.read_text("direct_url.json")
    return text is not None and "dir_info" in orjson.loads(text)
