"""What must hold of a project after any crash."""

import time
from collections import Counter

from tests.engine.command_line import CommandLine
from tests.engine.project import Project, ask
from trimaran_providers.local.run_record import Status, list_runs
from trimaran_runtime.registry.channels import Channel, current, history
from trimaran_runtime.registry.release import list_releases, read_release
from trimaran_runtime.storage.store import Store

_ENDS_SECONDS = 10.0


def assert_store_is_whole(store: Store) -> None:
    """Every release verifies with every file it names, and every pointer names a release."""
    assert store.path is not None
    folders = {folder.name for folder in (store.path / "releases").glob("*")}
    releases = set(list_releases(store))
    assert folders == releases, "a release without a manifest"
    for release_id in releases:
        release = read_release(store, release_id)
        for file in (release.model.file, *release.files.values()):
            assert len(store.read_blob(file.digest)) == file.size_bytes
    for channel in Channel:
        for record in history(store, channel):
            assert record.release in releases, f"{channel} points at nothing"
    halves = [entry.key for entry in store.list() if "#" in entry.key]
    assert halves == [], "half-written objects in the listing"


def assert_runs_are_told(project: Project) -> None:
    """Every run has ended, also what a kill cut off, and of one that succeeded no file is left."""
    runs = project.layout.store("toy-test") / "runs"
    for record in list_runs(runs):
        # What is interrupted waits for the next `up`, and that was the last thing to happen.
        assert record.status not in {Status.running, Status.interrupted}, record
        if record.status is Status.succeeded:
            assert not (runs / record.id / "work").exists()


def assert_serves(pulumi: CommandLine) -> None:
    """The newest release serves, by one gateway with one server, under one supervisor."""
    project = pulumi.project
    pointers = {channel: current(project.store, channel) for channel in Channel}
    released = {pointer.release for pointer in pointers.values() if pointer}
    assert released == {project.production()}, "the channels disagree"
    wanted = project.overrides["pipeline.parameters"]
    trained = project.manifest()["lineage"]["parameters"]
    assert trained.items() >= wanted.items(), "not what was asked for"

    answer = ask(pulumi.endpoint(), {"instances": [project.row()]})
    assert answer.status == 200
    assert len(answer.body["predictions"]) == 1
    assert project.production().startswith(answer.release)

    kinds = Counter(_kind(line) for line in project.processes())
    assert kinds["gateway"] == kinds["supervisor"] == 1, kinds
    assert kinds["step"] == 0, kinds


def assert_gone(pulumi: CommandLine) -> None:
    """Nothing is left: no process, no file.

    A supervisor that a killed plugin had just started ends by itself once it sees that there is
    nothing to do: after its start, so not at once.
    """
    deadline = time.monotonic() + _ENDS_SECONDS
    while left := [str(process) for process in pulumi.processes()]:
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)
    root = pulumi.project.layout.root
    assert not root.exists(), sorted(root.rglob("*"))


def _kind(command: str) -> str:
    kinds = {"local.gateway": "gateway", "local.supervisor": "supervisor", "runtime.steps": "step"}
    return next((kind for mark, kind in kinds.items() if mark in command), "other")
