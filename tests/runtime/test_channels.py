"""Releases are what their ids say, and channels move from where the caller believes they point."""

from pathlib import Path

import pytest
from sklearn.linear_model import LinearRegression

from tests.serving.releases import new_store, publish
from trimaran_runtime.errors import Corrupted, NotFound, RegistryError
from trimaran_runtime.registry.approval import approve, rollback
from trimaran_runtime.registry.channels import Channel, current, history, move
from trimaran_runtime.registry.release import (
    File,
    find_release,
    read_release,
    release_key,
    write_release,
)
from trimaran_runtime.storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path / "store")


def released(store: Store, *markers: int) -> list[str]:
    """Releases that differ, none of them in a channel."""
    return [publish(store, marker=marker, model=LinearRegression()) for marker in markers]


def test_a_manifest_that_was_altered_is_no_release_and_is_healed_by_writing_it_again(
    store: Store,
) -> None:
    (release,) = released(store, 1)
    manifest = read_release(store, release)
    content = store.read(release_key(release))
    store.write(release_key(release), content.replace(b'"seed":0', b'"seed":1'))
    assert store.read(release_key(release)) != content
    with pytest.raises(Corrupted, match="does not match its id"):
        read_release(store, release)
    assert write_release(store, manifest) == release
    assert read_release(store, release) == manifest


def test_a_release_names_no_file_that_is_not_stored(store: Store) -> None:
    manifest = read_release(store, released(store, 1)[0])
    lost = File(digest=f"sha256:{'0' * 64}", size_bytes=1)
    with pytest.raises(RegistryError, match=r"release names card .* which is not stored"):
        write_release(store, manifest.model_copy(update={"files": {"card": lost}}))


def test_a_release_is_found_by_the_beginning_of_its_id_while_that_is_one_alone(
    store: Store,
) -> None:
    ids = released(store, *range(17))
    assert find_release(store, ids[0][:12].upper()) == ids[0]
    # Of seventeen ids two begin alike.
    first = next(digit for digit in "0123456789abcdef" if sum(i[0] == digit for i in ids) > 1)
    with pytest.raises(RegistryError, match="is ambiguous"):
        find_release(store, first)
    for text in ("", "g"):
        with pytest.raises(NotFound, match="no release"):
            find_release(store, text)


def test_a_channel_moves_only_from_where_the_caller_believes(store: Store) -> None:
    one, two = released(store, 1, 2)
    move(store, Channel.candidate, one, expected=None, why="first")
    for believed in (None, two):
        with pytest.raises(RegistryError, match=f"somebody else moved it: it points at {one[:12]}"):
            move(store, Channel.candidate, two, expected=believed, why="second")
    pointer = move(store, Channel.candidate, two, expected=one, why="second")
    assert (pointer.number, pointer.previous) == (2, one)
    # Where it points already, nothing is written.
    assert move(store, Channel.candidate, two, expected=two, why="again") == pointer
    assert history(store, Channel.candidate)[-1] == pointer


def test_no_channel_points_at_what_is_not_there(store: Store) -> None:
    with pytest.raises(NotFound):
        move(store, Channel.candidate, "0" * 64, expected=None, why="by hand")
    assert current(store, Channel.candidate) is None


def test_production_goes_back_to_the_one_before_or_to_one_that_was_there(store: Store) -> None:
    one, two, three, never = released(store, 1, 2, 3, 4)
    with pytest.raises(RegistryError, match="nothing is in production"):
        rollback(store, why="test")
    for release in (one, two, three):
        approve(store, release, why="test")
    for target in (never, three):
        with pytest.raises(RegistryError, match="was never in production, or is there now"):
            rollback(store, target, why="test")
    assert rollback(store, why="test").release == two
    assert rollback(store, one, why="test").release == one


def test_an_altered_model_is_neither_approved_nor_rolled_back_to(
    store: Store, tmp_path: Path
) -> None:
    one, two, three = released(store, 1, 2, 3)
    for release in (one, two):
        approve(store, release, why="test")
    for release in (one, three):
        digest = read_release(store, release).model.file.digest
        (blob,) = (tmp_path / "store" / "blobs").rglob(f"*{digest[-8:]}*")
        blob.write_bytes(b"another model")
    with pytest.raises(Corrupted):
        approve(store, three, why="test")
    with pytest.raises(Corrupted):
        rollback(store, why="test")
    assert [record.release for record in history(store, Channel.production)] == [one, two]
