"""Makes a release again: its code, configuration and data, the champion as it was, fresh folders.

The store is only read. What is made goes into a store of its own, which is gone afterwards.
"""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from trimaran_runtime.data.table import RECORD as DATA_RECORD
from trimaran_runtime.data.table import DataRecord
from trimaran_runtime.errors import NotFound, RegistryError
from trimaran_runtime.process.parent_watch import VARIABLE as PARENT
from trimaran_runtime.registry.channels import Channel, move
from trimaran_runtime.registry.config import SIGNING_KEY
from trimaran_runtime.registry.environment import VARIABLE as LOCK
from trimaran_runtime.registry.environment import Environment
from trimaran_runtime.registry.release import SHORT, Release, read_release, release_key
from trimaran_runtime.reproduce.difference import Difference, Outcome, differences
from trimaran_runtime.reproduce.interpreter import Interpreter, interpreter_for
from trimaran_runtime.steps.ports import PIPELINE, Ports
from trimaran_runtime.storage.archive import unpack_bytes
from trimaran_runtime.storage.store import Store

Progress = Callable[[str], None]
_NEEDED = ("config", "environment")
_SHOWN = 2000
"""Characters of a step's message that are told."""


def reproduce(store: Store, release_id: str, progress: Progress) -> Outcome:
    """Make a release again, and compare.

    Args:
        store: the artifact store; nothing is written to it.
        release_id: full id.
        progress: takes one line for a person who waits.

    Raises:
        NotFound, Corrupted: the release or a file of it is not there or does not verify.
        RegistryError: it says too little of how it was made.
        PlatformError: the environment it was made in cannot be installed here.
    """
    release = read_release(store, release_id)
    lacking = [role for role in _NEEDED if role not in release.files]
    if lacking:
        raise RegistryError(
            f"release {release_id[:SHORT]} has no file {' and no '.join(lacking)}",
            where="reproduce",
            next_step="it was made by an older version; a new run's release can be reproduced",
        )
    with TemporaryDirectory(prefix="trimaran-reproduce-") as temporary:
        folder = Path(temporary).resolve()
        recorded = Environment.parse(store.read_blob(release.files["environment"].digest))
        _lay_out(store, release, recorded, folder)
        problem = _put_champion(store, release, folder)
        interpreter = interpreter_for(recorded, folder, progress)
        again = _Again(release, folder, interpreter, progress)
        found = (problem,) if problem else again.differences()
    return Outcome(release=release_id, environment=interpreter.words, differences=found)


def _lay_out(store: Store, release: Release, recorded: Environment, folder: Path) -> None:
    bundle = store.read_blob(release.lineage.code)
    unpack_bytes(bundle, folder / "code", where=f"code of release {release.id[:SHORT]}")
    config = store.read_blob(release.files["config"].digest)
    (folder / "config.json").write_bytes(config)
    (folder / "requirements.lock").write_text(recorded.requirements(), encoding="utf-8")
    Store.open_directory(folder / "store", create=True)


def _put_champion(store: Store, release: Release, folder: Path) -> Difference | None:
    """Point a store of its own at what was in production then; says so where that is gone."""
    champion = release.verdict.champion
    if champion is None:
        return None
    scratch = Store.open_directory(folder / "store")
    try:
        model = store.read_blob(read_release(store, champion).model.file.digest)
        scratch.create(release_key(champion), store.read(release_key(champion)))
    except NotFound:
        gone = "no longer in the store, so nothing can be compared with it"
        return Difference(item="champion", recorded=champion, now=gone)
    scratch.put_blob(model)
    move(scratch, Channel.production, champion, expected=None, why="it was in production then")
    return None


@dataclass(frozen=True, slots=True)
class _Again:
    """The steps, one process each.

    Attributes:
        release: what is made again.
        folder: has `code`, `config.json` and `store`; the steps' folders go there too.
        interpreter: runs them.
        progress: takes one line.
    """

    release: Release
    folder: Path
    interpreter: Interpreter
    progress: Progress

    def differences(self) -> tuple[Difference, ...]:
        """Run the steps until something differs that makes the rest pointless."""
        for ports in PIPELINE:
            self.progress(f"{ports.name} of release {self.release.id[:SHORT]} again")
            failed = self._run(ports)
            if failed is not None:
                return (failed,)
            if "table" in ports.outputs:
                changed = self._changed_data()
                if changed is not None:
                    return (changed,)
        written = json.loads((self.folder / "release" / "release.json").read_bytes())
        scratch = Store.open_directory(self.folder / "store")
        return differences(self.release, read_release(scratch, written["release"]))

    def _changed_data(self) -> Difference | None:
        record = DataRecord.model_validate_json((self.folder / "table" / DATA_RECORD).read_bytes())
        lineage = self.release.lineage
        if record.fingerprint == lineage.data:
            return None
        rows = sum(lineage.rows.values())
        return Difference(
            item="data",
            recorded=f"{lineage.data} ({rows:,} rows in the splits)",
            now=f"{record.fingerprint} ({record.rows:,} rows): the data changed since",
        )

    def _run(self, ports: Ports) -> Difference | None:
        error = self.folder / f"{ports.name}.error.json"
        done = subprocess.run(
            [str(self.interpreter.python), *self._arguments(ports, error)],
            cwd=self.folder / "code",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=self._environ(),
        )
        if done.returncode == 0:
            return None
        message = done.stderr[-_SHOWN:]
        if error.is_file():
            message = str(json.loads(error.read_bytes())["message"])[:_SHOWN]
        return Difference(item=f"step {ports.name}", recorded="succeeded", now=f"fails: {message}")

    def _arguments(self, ports: Ports, error: Path) -> list[str]:
        lineage = self.release.lineage
        values = {
            "run": "reproduce",
            "code": lineage.code,
            "environment": lineage.environment,
            "on_refusal": "record",
            "purpose": "comparison",
        }
        if ports.needs_store:
            values["store"] = (self.folder / "store").as_uri()
        arguments = ["-m", "trimaran_runtime.steps", ports.name, "--error", str(error)]
        for port in ports.inputs:
            path = self.folder / ("config.json" if port == "config" else port)
            arguments += ["--input", f"{port}={path}"]
        for port in ports.outputs:
            arguments += ["--output", f"{port}={self.folder / port}"]
        for name, value in values.items():
            arguments += ["--param", f"{name}={value}"]
        return arguments

    def _environ(self) -> dict[str, str]:
        # The user's code may need its secrets; nothing that is made here is ever signed.
        kept = {name: text for name, text in os.environ.items() if name != SIGNING_KEY}
        lock = str(self.folder / "requirements.lock")
        return {**kept, PARENT: str(os.getpid()), LOCK: lock}
