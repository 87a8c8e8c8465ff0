"""What kills inside the store's own operations leave, and who finishes or ignores it."""

import subprocess
import sys
from pathlib import Path

import pytest

from trimaran_providers.local.handlers.model_registry import (
    ModelRegistryHandler,
    ModelRegistryInputs,
    ModelRegistryOutputs,
)
from trimaran_runtime.registry.approval import rollback
from trimaran_runtime.registry.channels import Channel, current, move
from trimaran_runtime.registry.config import Approval
from trimaran_runtime.registry.release import (
    File,
    Lineage,
    ModelFile,
    Release,
    Signature,
    Verdict,
    list_releases,
    release_key,
    write_release,
)
from trimaran_runtime.storage.store import Store, blob_key


class Quiet:
    """A reporter that keeps the lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.info = self.warning = self.progress = self.lines.append


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open_directory(tmp_path / "store", create=True)


def released(store: Store, content: bytes) -> str:
    """A release that the gate accepted."""
    return write_release(store, release_of(store, content))


def release_of(store: Store, content: bytes) -> Release:
    file = File(digest=store.put_blob(content), size_bytes=len(content))
    return Release(
        model_name="toy",
        model=ModelFile(format="skops", file=file, trusted_types=()),
        signature=Signature(features=(), target="y", task="regression"),
        verdict=Verdict(accepted=True, metric="r2", value=1.0, interval=None, checks=()),
        metrics={},
        lineage=Lineage(
            config="", code="", data="", environment="", rows={}, parameters={}, seed=0
        ),
        files={},
    )


def point(store: Store, channel: Channel, release: str) -> None:
    now = current(store, channel)
    move(store, channel, release, expected=now.release if now else None, why="test")


def pointed(store: Store, channel: Channel) -> str:
    pointer = current(store, channel)
    return pointer.release if pointer else ""


def bring_up(store: Store, approval: Approval) -> ModelRegistryOutputs:
    inputs = ModelRegistryInputs(store_uri=store.uri, approval=approval)
    return ModelRegistryHandler().create(inputs, Quiet()).outputs


@pytest.mark.parametrize("approval", list(Approval))
def test_an_approval_killed_between_its_two_moves_is_finished(
    store: Store, approval: Approval
) -> None:
    old, new = released(store, b"old"), released(store, b"new")
    for channel in Channel:
        point(store, channel, old)
    handler, before = ModelRegistryHandler(), bring_up(store, approval)
    assert handler.drifted(before) == frozenset()

    point(store, Channel.candidate, new)
    point(store, Channel.approved, new)
    assert handler.drifted(before) == {"state"}, "a plain `up` does not see it"

    outputs = bring_up(store, approval)
    assert outputs.production == pointed(store, Channel.production) == new
    assert handler.drifted(outputs) == frozenset()


@pytest.mark.parametrize("approval", list(Approval))
def test_a_rollback_is_no_interrupted_approval(store: Store, approval: Approval) -> None:
    old, new = released(store, b"old"), released(store, b"new")
    for release in (old, new):
        for channel in Channel:
            point(store, channel, release)
    rollback(store, why="test")
    outputs = bring_up(store, approval)
    assert outputs.production == old
    assert ModelRegistryHandler().drifted(outputs) == frozenset()


def test_a_killed_write_leaves_nothing_that_is_taken_for_an_object(store: Store) -> None:
    release = released(store, b"model")
    for channel in Channel:
        point(store, channel, release)
    assert store.path is not None
    # The store writes beside the object under `name#1`, then links it into place.
    later = release_of(store, b"other")
    halves = [release_key(later.id), blob_key(later.model.file.digest).replace("blobs", "half")]
    halves += [f"channels/{channel}/000000002.json" for channel in Channel]
    for key in halves:
        path = store.path / f"{key}#1"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'{"half')

    assert [entry.key for entry in store.list() if "#" in entry.key] == []
    assert list_releases(store) == [release]
    assert {pointed(store, channel) for channel in Channel} == {release}

    write_release(store, later)
    for channel in Channel:
        point(store, channel, later.id)
    assert {pointed(store, channel) for channel in Channel} == {later.id}


def test_what_a_killed_store_really_leaves_is_of_that_form(store: Store) -> None:
    assert store.path is not None
    program = (
        "import sys; from trimaran_runtime.storage.store import Store\n"
        "store, content = Store(sys.argv[1]), bytes(16 << 20)\n"
        "print('ready', flush=True)\n"
        "while True: store.write('big', content)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, store.uri], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    halves: list[str] = []
    while not halves:
        halves = [path.name for path in store.path.iterdir() if path.name != "big"]
    process.kill()
    process.wait()
    left = {path.name for path in store.path.iterdir()}
    assert left <= {"big", "big#1"}
    assert [entry.key for entry in store.list()] in ([], ["big"])
