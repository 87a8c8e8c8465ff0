"""Makes a release again: its code, configuration and data, the champion as it was, fresh folders.

The store is only read. What is made goes into a store of its own, which is gone afterwards.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from trimaran_runtime.config import RunConfig
from trimaran_runtime.data.table import RECORD as DATA_RECORD
from trimaran_runtime.data.table import DataRecord
from trimaran_runtime.errors import NotFound, RegistryError
from trimaran_runtime.registry.channels import Channel, history, move
from trimaran_runtime.registry.config import SIGNING_KEY
from trimaran_runtime.registry.environment import VARIABLE as LOCK
from trimaran_runtime.registry.environment import Environment
from trimaran_runtime.registry.release import SHORT, Release, read_release, release_key
from trimaran_runtime.registry.signing import signature_key
from trimaran_runtime.reproduce.difference import Difference, Outcome, differences
from trimaran_runtime.reproduce.interpreter import Interpreter, interpreter_for
from trimaran_runtime.steps.forked import StepNursery
from trimaran_runtime.steps.ports import PIPELINE, Ports
from trimaran_runtime.storage.archive import unpack_bytes
from trimaran_runtime.storage.store import Store
from trimaran_runtime.training.chosen import CHOSEN
from trimaran_runtime.training.record import RECORD
from trimaran_runtime.training.search_record import SEARCH

Progress = Callable[[str], None]
TRAINING, SEARCHED = "training", "search"
"""Roles of the files that say what a search chose."""
_NEEDED = ("config", "environment", TRAINING)
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
        again = _Again(release, folder, interpreter, progress, _given(store, release, folder))
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
    if store.exists(signature_key(champion)):
        scratch.create(signature_key(champion), store.read(signature_key(champion)))
    scratch.put_blob(model)
    move(scratch, Channel.production, champion, expected=None, why="it was in production then")
    return None


def _given(store: Store, release: Release, folder: Path) -> dict[str, dict[str, str]]:
    """Parameters by step: what a run takes from elsewhere, as it was then."""
    given = {"validate": {"now": made_at(store, release).isoformat()}}
    training = RunConfig.parse((folder / "config.json").read_bytes()).training
    if training.tune or training.learner:
        # A search may go by the clock, and what it chose is on record.
        chosen = folder / "chosen"
        chosen.mkdir()
        for role, name in ((TRAINING, RECORD), (SEARCHED, SEARCH)):
            if role in release.files:
                (chosen / name).write_bytes(store.read_blob(release.files[role].digest))
        given["train"] = {CHOSEN: str(chosen)}
    return given


def made_at(store: Store, release: Release) -> datetime:
    """When a release was made, for checks that ask how old its data were; no digest holds it.

    It is when it first came into a channel; one that never did was made when its manifest was
    written.
    """
    moved = [
        pointer.when
        for channel in Channel
        for pointer in history(store, channel)
        if pointer.release == release.id
    ]
    if moved:
        return min(moved)
    key = release_key(release.id)
    return next(entry.modified for entry in store.list(key.rpartition("/")[0]) if entry.key == key)


@dataclass(frozen=True, slots=True)
class _Again:
    """The steps, one process each, forked by one that has loaded their libraries.

    Attributes:
        release: what is made again.
        folder: has `code`, `config.json` and `store`; the steps' folders go there too.
        interpreter: runs them.
        progress: takes one line.
        given: further parameters, by step.
    """

    release: Release
    folder: Path
    interpreter: Interpreter
    progress: Progress
    given: Mapping[str, Mapping[str, str]]

    def differences(self) -> tuple[Difference, ...]:
        """Run the steps until something differs that makes the rest pointless."""
        nursery = StepNursery(self.folder / "code", self.interpreter.python, self._environ())
        try:
            problem = self._first_problem(nursery)
        finally:
            nursery.end()
        if problem is not None:
            return (problem,)
        written = json.loads((self.folder / "release" / "release.json").read_bytes())
        scratch = Store.open_directory(self.folder / "store")
        return differences(self.release, read_release(scratch, written["release"]))

    def _first_problem(self, nursery: StepNursery) -> Difference | None:
        for ports in PIPELINE:
            chosen = CHOSEN in self.given.get(ports.name, {})
            how = ", with the hyperparameters that its search chose; nothing is searched"
            self.progress(
                f"{ports.name} of release {self.release.id[:SHORT]} again{how if chosen else ''}"
            )
            problem = self._run(ports, nursery)
            if problem is None and "table" in ports.outputs:
                problem = self._changed_data()
            if problem is not None:
                return problem
        return None

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

    def _run(self, ports: Ports, nursery: StepNursery) -> Difference | None:
        error = self.folder / f"{ports.name}.error.json"
        log = self.folder / f"{ports.name}.log"
        with log.open("wb") as file:
            step = nursery.start(self._arguments(ports, error), file.fileno(), file.fileno())
            try:
                status = step.wait()
            finally:
                step.kill()
        if status == 0:
            return None
        message = log.read_text(encoding="utf-8", errors="replace")[-_SHOWN:]
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
        values |= self.given.get(ports.name, {})
        arguments = [ports.name, "--error", str(error)]
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
        return {**kept, LOCK: lock}
