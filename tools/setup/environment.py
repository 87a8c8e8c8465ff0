"""The Python environment: requirements.lock and this checkout, in `.venv`."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tools.setup.command import Command, run, say
from tools.setup.failure import SetupError, Unavailable

_DISTRIBUTIONS = ("runtime", ".")
# What an editable install depends on; a change of the linters' settings reinstalls nothing.
_BUILD_TABLES = ("build-system", "project")


@dataclass(frozen=True, slots=True)
class Environment:
    """The `.venv` of a checkout."""

    root: Path

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def _stamp(self) -> Path:
        return self.folder / ".trimaran-environment"

    def digest(self) -> str:
        """Digest of everything the environment is made from."""
        state = hashlib.sha256((self.root / "requirements.lock").read_bytes())
        for distribution in _DISTRIBUTIONS:
            table = tomllib.loads((self.root / distribution / "pyproject.toml").read_text())
            built = {name: table.get(name) for name in _BUILD_TABLES}
            built["hatch"] = table.get("tool", {}).get("hatch")
            state.update(json.dumps(built, sort_keys=True).encode())
        # An editable install writes absolute paths: a moved checkout starts over.
        state.update(f"{self.root} {sys.version_info[:2]}".encode())
        return state.hexdigest()

    def ready(self) -> bool:
        """Whether it exists and was made from what the checkout now says."""
        return (
            self.python.exists()
            and self._stamp.exists()
            and self._stamp.read_text() == self.digest()
        )

    def install(self, cache: Path) -> None:
        """Make it, or bring it up to date.

        Raises:
            SetupError: A step failed; the message has its last lines.
        """
        try:
            uv = find_uv(cache, self.root / "requirements.lock")
            self._install(uv)
        except Unavailable as error:
            raise SetupError(f"the Python environment could not be made: {error}") from error

    def _install(self, uv: Path) -> None:
        say("installing requirements.lock into .venv")
        self._stamp.unlink(missing_ok=True)
        if not self._same_python():
            base = getattr(sys, "_base_executable", sys.executable)
            run([uv, "venv", "--clear", "--python", base, self.folder], "uv venv", cwd=self.root)
        lock = self.root / "requirements.lock"
        target: Command = ["--python", self.python]
        sync: Command = [uv, "pip", "sync", *target, "--require-hashes", lock]
        run(sync, "installing requirements.lock", cwd=self.root)
        editable: Command = [
            part for name in _DISTRIBUTIONS for part in ("--editable", self.root / name)
        ]
        options = ["--no-deps", "--no-build-isolation"]
        install: Command = [uv, "pip", "install", *target, *options, *editable]
        run(install, "installing this checkout", cwd=self.root)
        self._stamp.write_text(self.digest())

    def _same_python(self) -> bool:
        """Whether there is an environment of this interpreter's minor version."""
        if not self.python.exists():
            return False
        show = "import sys; print(tuple(sys.version_info[:2]))"
        found = subprocess.run([self.python, "-c", show], capture_output=True, text=True)
        return found.stdout.strip() == str(tuple(sys.version_info[:2]))


def find_uv(cache: Path, lock: Path) -> Path:
    """The uv to install with: the one on PATH, else the locked one in the per-user cache.

    Args:
        cache: Per-user cache folder.
        lock: The lock file, which pins uv with its hashes.

    Raises:
        Unavailable: There is none, and it could not be installed.
    """
    on_path = shutil.which("uv")
    if on_path and _works(Path(on_path)):
        return Path(on_path)
    pin = locked_pin("uv", lock.read_text())
    version = pin.split("==")[1].split()[0]
    folder = cache / "uv" / version
    uv = folder / "bin" / "uv"
    if _works(uv):
        return uv
    say(f"no uv on PATH, installing uv {version} into the per-user cache")
    folder.mkdir(parents=True, exist_ok=True)
    base = getattr(sys, "_base_executable", sys.executable)
    run([base, "-m", "venv", "--clear", folder], "making an environment for uv")
    requirement = folder / "uv.txt"
    requirement.write_text(pin)
    pip: Command = [folder / "bin" / "python", "-m", "pip", "install"]
    run([*pip, "--require-hashes", "-r", requirement], "installing uv")
    return uv


def locked_pin(name: str, lock: str) -> str:
    """The lines of a lock file that pin one distribution, hashes included."""
    found = re.search(
        rf"^{re.escape(name)}==\S+(?: ;[^\n\\]*)?(?: \\\n +--hash=\S+)+", lock, re.MULTILINE
    )
    if found is None:
        raise SetupError(f"requirements.lock does not pin {name}; run `make lock`")
    return found.group() + "\n"


def _works(uv: Path) -> bool:
    """Whether it runs: a version manager's shim may exist for a tool that does not."""
    try:
        return subprocess.run([uv, "--version"], capture_output=True).returncode == 0
    except OSError:
        return False
