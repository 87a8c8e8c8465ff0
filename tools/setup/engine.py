"""The Pulumi engine: where a usable one is, or how to get it.

Sources, in order: one on PATH, the per-user cache, the official download, a build with Go from the
modules pinned in `tools/pulumi`. Whichever serves, `.venv/engine` links to its folder.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.setup import engine_build
from tools.setup.command import Command, locked, run, say
from tools.setup.failure import SetupError, Unavailable

# Beside `pulumi`: hosts of Python and YAML programs, and what the Python host starts.
COMPANIONS = ("pulumi-language-python", "pulumi-language-python-exec", "pulumi-language-yaml")
_CONNECT_SECONDS = 5
_DOWNLOAD_SECONDS = 300
_DOWNLOAD = """
import socket, sys
from pulumi.automation import PulumiCommand
from semver import VersionInfo
socket.setdefaulttimeout(float(sys.argv[3]))
PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """The versions of the engine's parts, as the modules in `tools/pulumi` require them."""

    modules: Path
    cli: str
    python: str
    yaml: str

    @classmethod
    def of(cls, modules: Path) -> "Pins":
        """Read the pins from the modules' go.mod files."""
        part = {name: _required(modules / name / "go.mod") for name in ("cli", "python", "yaml")}
        return cls(modules=modules, **part)

    @property
    def key(self) -> str:
        """Name of the engine in the cache; a new pin is a new folder."""
        return f"{self.cli}-python{self.python}-yaml{self.yaml}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One way to an engine: `find` returns its folder or raises Unavailable.

    A slow way is announced, with why the ones before it were closed.
    """

    name: str
    find: Callable[[], Path]
    slow: bool = False


def linked(venv: Path, pins: Pins) -> bool:
    """Whether `.venv/engine` is in place and was chosen for these pins."""
    stamp = venv / ".trimaran-engine"
    engine = venv / "engine" / "pulumi"
    return engine.exists() and stamp.exists() and stamp.read_text() == pins.key


def link(venv: Path, pins: Pins, ways: Sequence[Source]) -> None:
    """Point `.venv/engine` at the first engine that a source serves."""
    folder = provide(ways, pins)
    fresh = venv / f".engine-{os.getpid()}"
    fresh.symlink_to(folder)
    fresh.replace(venv / "engine")
    (venv / ".trimaran-engine").write_text(pins.key)
    say(f"Pulumi engine: {folder}")


def provide(ways: Sequence[Source], pins: Pins) -> Path:
    """Folder of the first engine that a source serves.

    Raises:
        SetupError: None does; the message has each one's reason and what to do.
    """
    reasons: list[str] = []
    for way in ways:
        if way.slow:
            say(f"{'; '.join(reasons)}; next: {way.name}")
        try:
            return way.find()
        except Unavailable as error:
            reasons.append(f"{way.name}: {error}")
    raise SetupError(
        "there is no Pulumi engine and no way to get one:\n"
        + "".join(f"  - {reason}\n" for reason in reasons)
        + f"Install Pulumi {pins.cli} or newer (https://www.pulumi.com/docs/install/), or Go "
        f"{engine_build.go_version(pins.modules)} or newer (https://go.dev/doc/install), then run "
        "`make setup` again."
    )


def sources(python: Path, pins: Pins, cache: Path) -> list[Source]:
    """Every way to an engine, in the order to try them.

    Args:
        python: Interpreter of the environment, which has the Pulumi SDK.
        pins: The versions wanted.
        cache: Per-user cache folder.
    """
    store = cache / "pulumi"
    built = store / pins.key
    downloaded = store / pins.cli
    return [
        Source(name="PATH", find=lambda: on_path(pins.cli)),
        Source(name="cache", find=lambda: cached(built, downloaded)),
        Source(name="download", find=lambda: download(python, pins.cli, downloaded), slow=True),
        Source(name="build", find=lambda: build(pins, built), slow=True),
    ]


def on_path(version: str) -> Path:
    """Folder of the `pulumi` on PATH, when it is recent enough and can run our programs."""
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        raise Unavailable("no `pulumi` there")
    # Resolved: inside `tools/run`, PATH has `.venv/engine`, which must not link to itself.
    folder = Path(pulumi).parent.resolve()
    shown = subprocess.run(
        [pulumi, "version"],
        capture_output=True,
        text=True,
        env=os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"},
    )
    found = shown.stdout.strip().removeprefix("v")
    if not _recent(found, version):
        raise Unavailable(f"{pulumi} is version {found or 'unknown'}, older than {version}")
    for name in COMPANIONS:
        if not (folder / name).exists() and shutil.which(name) is None:
            raise Unavailable(f"{pulumi} has no {name}")
    return folder


def cached(*folders: Path) -> Path:
    """The first of these folders of the cache that exists; each appears only when complete."""
    for folder in folders:
        if (folder / "bin" / "pulumi").exists():
            return folder / "bin"
    raise Unavailable("no engine of this version")


def download(python: Path, version: str, target: Path) -> Path:
    """Fetch the official release with Pulumi's own installer."""
    with _exclusive(target) as fresh:
        if fresh is not None:
            command: Command = [python, "-c", _DOWNLOAD, fresh, version, str(_CONNECT_SECONDS)]
            try:
                run(command, f"downloading Pulumi {version}", timeout_seconds=_DOWNLOAD_SECONDS)
            except Unavailable as error:
                raise Unavailable(str(error).splitlines()[-1]) from error
            for name in COMPANIONS:
                if not (fresh / "bin" / name).exists():
                    raise Unavailable(f"the release has no {name}")
    return target / "bin"


def build(pins: Pins, target: Path) -> Path:
    """Build the pinned engine with Go."""
    with _exclusive(target) as fresh:
        if fresh is not None:
            engine_build.build(pins.modules, pins.cli, fresh / "bin")
    return target / "bin"


@contextmanager
def _exclusive(target: Path) -> Iterator[Path | None]:
    """A new folder that becomes `target` when the block succeeds; None when it exists already.

    One set-up at a time: the second waits, then finds the first one's result.
    """
    store = target.parent
    store.mkdir(parents=True, exist_ok=True)
    guard = store / ".lock"
    guard.touch()
    with locked(guard):
        if target.exists():
            yield None
            return
        for abandoned in store.glob(".new-*"):
            shutil.rmtree(abandoned)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=store) as scratch:
            fresh = Path(scratch) / target.name
            fresh.mkdir()
            yield fresh
            fresh.replace(target)


def _recent(found: str, wanted: str) -> bool:
    """Whether the version is of the same major and not older; pre-releases count as the release."""
    have, want = (tuple(map(int, re.findall(r"\d+", text)[:3])) for text in (found, wanted))
    return len(have) == len(want) and have[0] == want[0] and have >= want


def _required(go_mod: Path) -> str:
    """The version of the one module a go.mod requires, without the leading v."""
    found = re.search(r"^require \S+ v(\S+)$", go_mod.read_text(), re.MULTILINE)
    if found is None:
        raise SetupError(f"{go_mod} does not require one module; restore it from git")
    return found.group(1)
