"""The toy project in engine tests: brought up with overrides, asked over HTTP, looked at."""

import importlib.util
import json
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

import trimaran
from tests.engine_kit.inline import InlineStack, Outcome
from trimaran_providers.local.layout import Layout
from trimaran_providers.local.run_record import list_runs
from trimaran_runtime.registry.channels import Channel, current
from trimaran_runtime.registry.release import release_key
from trimaran_runtime.storage.store import Store

TOY = Path(__file__).parent.parent / "projects" / "toy"
MANIFEST = """\
name: toy
runtime: python
plugins:
  providers:
    - name: trimaran
      path: {plugin}
"""
MARK = "TRIMARAN_TEST_PROJECT"
"""Environment variable that every process of a project inherits."""
QUICK: dict[str, Any] = {"cloud": "local", "monitor.schedule": "off"}


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: Any
    release: str


@dataclass
class Project:
    """A project folder with one stack, `test`, of the local cloud."""

    folder: Path
    stack: InlineStack
    overrides: dict[str, Any]

    @classmethod
    def copy_to(cls, folder: Path, env: Mapping[str, str]) -> "Project":
        """Copy the toy project."""
        shutil.copytree(TOY, folder, ignore=shutil.ignore_patterns("__pycache__", ".trimaran"))
        # Inherited by everything that the engine, the plugin and their children start.
        env = {**env, MARK: str(folder)}
        plugin = Path(sys.executable).parent
        (folder / "Pulumi.yaml").write_text(MANIFEST.format(plugin=plugin))
        return cls(folder, InlineStack(folder, env), dict(QUICK))

    def up(self, *, refresh: bool = False, **changes: Any) -> Outcome:
        """`pulumi up`; changes stay for the next one. `a__b=1` overrides `a.b`."""
        self.overrides |= {path.replace("__", "."): value for path, value in changes.items()}
        return self.stack.up(self.program, refresh=refresh)

    def program(self) -> None:
        """The Pulumi program."""
        import pulumi

        stack = trimaran.MLStack("toy", trimaran.load("toy.yaml", self.overrides))
        pulumi.export("endpoint", stack.url)
        pulumi.export("release", stack.release)
        pulumi.export("status", stack.status)

    @property
    def layout(self) -> Layout:
        """Folders of the local cloud."""
        return Layout(self.folder)

    @property
    def store(self) -> Store:
        """The artifact store."""
        return Store.open_directory(self.layout.store("toy-test"))

    def production(self) -> str:
        """Release in production; empty: none."""
        pointer = current(self.store, Channel.production)
        return pointer.release if pointer else ""

    def candidate(self) -> str:
        """Newest accepted release; empty: none."""
        pointer = current(self.store, Channel.candidate)
        return pointer.release if pointer else ""

    def manifest(self) -> dict[str, Any]:
        """Manifest of the release in production."""
        return self.manifest_of(self.production())

    def row(self) -> dict[str, Any]:
        """One row of a request: the example values of the signature."""
        features = self.manifest_of(self.candidate())["signature"]["features"]
        return {feature["name"]: feature["example"] for feature in features}

    def manifest_of(self, release: str) -> dict[str, Any]:
        """Manifest of a release."""
        return json.loads(self.store.read(release_key(release)))

    def module(self) -> ModuleType:
        """The user's code."""
        spec = importlib.util.spec_from_file_location("toy", self.folder / "toy.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def runs(self) -> int:
        """How many pipeline runs there were."""
        return len(list_runs(self.store.path / "runs"))

    def edit_code(self, old: str, new: str) -> None:
        """Change the user's code."""
        path = self.folder / "toy.py"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def gateway(self) -> psutil.Process:
        """The endpoint's gateway process."""
        pid = (self.layout.endpoint("toy-test") / "lock").read_text()
        return psutil.Process(int(pid))

    def supervisor(self) -> psutil.Process:
        """The project's supervisor process."""
        return psutil.Process(int((self.layout.supervisor / "lock").read_text()))

    def processes(self) -> list[str]:
        """Every living process that an operation on this project started, directly or not."""
        found = []
        for process in psutil.process_iter(["cmdline", "status", "environ"]):
            environ = process.info["environ"] or {}
            alive = process.info["status"] != psutil.STATUS_ZOMBIE
            if alive and environ.get(MARK) == str(self.folder):
                found.append(f"{process.pid} {' '.join(process.info['cmdline'] or [])}")
        return found

    def take_down(self) -> Outcome:
        """`pulumi destroy`."""
        return self.stack.destroy()


def ask(url: str, body: Any = None, *, path: str = "/invocations") -> Answer:
    """POST JSON, or GET when there is no body."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url + path, data=data, headers={"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, content, headers = answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        status, content, headers = error.code, error.read(), error.headers
    text = content.decode()
    is_json = headers.get("content-type", "").startswith("application/json")
    return Answer(
        status, json.loads(text) if is_json else text, headers.get("x-trimaran-release") or ""
    )
