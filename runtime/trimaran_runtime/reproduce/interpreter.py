"""The interpreter that makes a release again: this one, or one installed as was recorded."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import trimaran_runtime
from trimaran_runtime.errors import PlatformError
from trimaran_runtime.registry.environment import Environment, Installed, current_environment

_FILES = ("METADATA", "direct_url.json")
_SHOWN_LINES = 5


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python with what a release was made with.

    Attributes:
        python: the executable.
        words: what it is, for a person.
    """

    python: Path
    words: str


def interpreter_for(
    recorded: Environment, folder: Path, progress: Callable[[str], None]
) -> Interpreter:
    """This interpreter where everything installed is as recorded, else a new environment.

    Args:
        recorded: what was installed.
        folder: where a new environment goes.
        progress: takes one line while something takes time.

    Raises:
        PlatformError: a new environment is needed and cannot be made.
    """
    here = current_environment()
    if (here.python, here.versions()) == (recorded.python, recorded.versions()):
        return Interpreter(Path(sys.executable), "this interpreter")
    local = [each for each in recorded.distributions if each.is_local]
    _refuse_other_versions(local)
    count = len(recorded.distributions) - len(local)
    progress(f"installing {count} distributions as recorded, and Python {recorded.python}")
    _install(recorded, folder / "environment")
    _copy_local(local, folder)
    python = folder / "environment" / "bin" / "python"
    return Interpreter(python, f"a new environment of {count} distributions")


def _refuse_other_versions(local: Sequence[Installed]) -> None:
    """What no index has can only be taken from here, and must be of the recorded version."""
    for each in local:
        try:
            version = distribution(each.name).version
        except PackageNotFoundError:
            version = "not installed"
        if version != each.version:
            raise PlatformError(
                f"the release was made with {each.name} {each.version} from a folder; here it is "
                f"{version}",
                where="reproduce",
                next_step=f"check out and install {each.name} {each.version}, then try again",
            )


def _install(recorded: Environment, environment: Path) -> None:
    _uv("venv", "--python", recorded.python, str(environment))
    requirements = environment / "requirements.lock"
    requirements.write_text(recorded.requirements(), encoding="utf-8")
    # Whatever a requirement says it needs was installed as well, and is in the list.
    python = str(environment / "bin" / "python")
    _uv("pip", "install", "--python", python, "--no-deps", "--requirement", str(requirements))


def _uv(*arguments: str) -> None:
    program = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if program is None:
        raise PlatformError(
            "another environment is needed, and there is no uv to make it",
            where="reproduce",
            next_step="install uv, or what the release was made with (its file `environment`)",
        )
    done = subprocess.run(
        [program, "--no-progress", "--no-config", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        told = "\n".join(done.stderr.strip().splitlines()[-_SHOWN_LINES:])
        raise PlatformError(
            f"the recorded environment cannot be installed:\n{told}",
            where="reproduce",
            next_step="see whether the package index can be reached (UV_DEFAULT_INDEX names "
            "another one)",
        )


def _copy_local(local: Sequence[Installed], folder: Path) -> None:
    """The runtime, and what says that it and others are installed; nothing else from here."""
    place = folder / "local"
    source = Path(trimaran_runtime.__file__).parent
    shutil.copytree(
        source, place / source.name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
    )
    for each in local:
        found = distribution(each.name)
        info = place / f"{each.name.replace('-', '_')}-{each.version}.dist-info"
        info.mkdir()
        for name in _FILES:
            text = found.read_text(name)
            if text is not None:
                (info / name).write_text(text, encoding="utf-8")
    site = next((folder / "environment" / "lib").glob("python*/site-packages"))
    (site / "trimaran-local.pth").write_text(f"{place}\n", encoding="utf-8")
