"""The project's lock file: what is installed into the image of steps and server."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import requires
from pathlib import Path

from trimaran_providers.contract.errors import ProjectError

RUNTIME = "trimaran-runtime"
"""Distribution that steps and server run from."""
_EXTRAS = ("train", "serve", "monitor")
"""What runs inside a cloud: alerts go out by the cloud's own topic, and `local` is not there."""
_WRITE = "write it with `uv pip compile --universal --generate-hashes … -o {}`"
_PINNED = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(\[[^]]*\])?\s*(==\s*[^\s;*]+|@\s*https://\S+)"
)
_ELSEWHERE = re.compile(r"(-e|--editable|-r|--requirement|-c|--constraint)\b")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file that pip installs with `--require-hashes`.

    Attributes:
        text: the file, lines ended by a newline each.
        names: normalised names of the distributions in it.
    """

    text: str
    names: frozenset[str]


def read_lock(project: Path, name: str, cloud: str) -> Lock:
    """The lock file, looked through before anything is built from it.

    Args:
        project: folder of the Pulumi project.
        name: path of the file below it.
        cloud: whose extra of the runtime the image needs.

    Raises:
        ProjectError: there is none, a line is not pinned by version and hash, or the runtime's
            own needs are not among them.
    """
    path = project / name
    if not path.is_file():
        raise ProjectError(
            f"no file {path}",
            where="image.lock",
            next_step=f"{_WRITE.format(name)}, or give an image by digest in image.uri",
        )
    # As one machine's git checks it out and as another's does: one image.
    text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    lines = list(_requirements(text))
    loose = [line for line in lines if _PINNED.match(line) is None or "--hash=" not in line]
    if loose:
        raise ProjectError(
            f"{name}: not pinned by version and hash: {_few(loose)}",
            where="image.lock",
            allowed="name==version --hash=sha256:…, as pip's --require-hashes reads it",
            next_step=_WRITE.format(name),
        )
    names = frozenset(normalised(match["name"]) for line in lines if (match := _PINNED.match(line)))
    missing = sorted(runtime_needs(cloud) - names)
    if missing:
        raise ProjectError(
            f"{name} lacks what steps and server need: {_few(missing)}",
            where="image.lock",
            next_step=f"add {RUNTIME}[{','.join((*_EXTRAS, cloud))}]'s requirements and lock again",
        )
    return Lock(text, names)


def runtime_needs(cloud: str) -> frozenset[str]:
    """Normalised names of what the installed runtime requires inside a cloud."""
    extras = {*_EXTRAS, cloud}
    found = set()
    for requirement in requires(RUNTIME) or ():
        condition = re.search(r"extra\s*==\s*['\"](\w+)['\"]", requirement)
        name = _NAME.match(requirement)
        if name is not None and (condition is None or condition[1] in extras):
            found.add(normalised(name[0]))
    return frozenset(found)


def normalised(name: str) -> str:
    """A distribution's name as indexes compare it.

    PyPA specifications, "Names and normalization", read 2026-11-24.
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements(text: str) -> Iterator[str]:
    """Lines that name something to install; comments and options of pip are not among them."""
    for line in text.replace("\\\n", " ").splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if line and (not line.startswith("-") or _ELSEWHERE.match(line)):
            yield line


def _few(items: Iterable[str]) -> str:
    listed = [item if len(item) <= 60 else f"{item[:60]}…" for item in items]
    rest = len(listed) - _SHOWN
    return ", ".join(listed[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
