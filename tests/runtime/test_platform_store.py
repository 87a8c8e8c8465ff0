"""The artifact store on S3, through the wire: the same behaviour as in a directory."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.aws.moto_server import REGION, make_bucket, moto_server
from tests.aws.refusing_server import refusing_server
from trimaran_runtime.errors import AlreadyExists, NotFound, StoreError
from trimaran_runtime.storage.store import Store


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with moto_server():
        yield make_bucket("models")


@pytest.fixture(params=["", "/team/flights"])
def store(bucket: str, request: pytest.FixtureRequest) -> Iterator[Store]:
    store = Store(f"{bucket}{request.param}")
    yield store
    for entry in store.list():
        store.delete(entry.key)


def test_what_is_written_is_read(store: Store) -> None:
    store.write("a/b.json", b"1")
    store.write("a/b.json", b"2")
    assert store.read("a/b.json") == b"2"
    assert store.exists("a/b.json")
    store.delete("a/b.json")
    store.delete("a/b.json")
    assert not store.exists("a/b.json")
    with pytest.raises(NotFound, match="no object 'a/b\\.json' in s3://models"):
        store.read("a/b.json")


def test_a_second_create_loses_and_changes_nothing(store: Store) -> None:
    store.create("channels/production/000000001.json", b"first")
    with pytest.raises(AlreadyExists, match="exists already in s3://models"):
        store.create("channels/production/000000001.json", b"second")
    assert store.read("channels/production/000000001.json") == b"first"


def test_of_writers_that_race_one_wins(store: Store) -> None:
    won: list[int] = []

    def race(number: int) -> None:
        try:
            store.create("k", str(number).encode())
        except AlreadyExists:
            return
        won.append(number)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [str(number).encode() for number in won] == [store.read("k")]


def test_blobs_are_stored_once_and_healed(store: Store) -> None:
    digest = store.put_blob(b"content")
    assert store.put_blob(b"content") == digest
    (entry,) = store.list("blobs")
    store.write(entry.key, b"damaged")
    store.put_blob(b"content")
    assert store.read_blob(digest) == b"content"


def test_listings_are_below_the_folder_and_in_order(store: Store) -> None:
    for key in ("x/2.json", "x/1.json", "x/y/3.json", "xy/4.json", "z ü+=.json"):
        store.write(key, b"12")
    assert [entry.key for entry in store.list("x")] == ["x/1.json", "x/2.json", "x/y/3.json"]
    assert {entry.size_bytes for entry in store.list()} == {2}
    assert store.folders("x") == ("x/y",)
    assert store.folders("capture/nobody") == ()
    assert store.read("z ü+=.json") == b"12"


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.read("k"),
        lambda store: store.create("k", b""),
        lambda store: store.write("k", b""),
        lambda store: store.delete("k"),
        lambda store: list(store.list("k")),
        lambda store: store.folders("k"),
    ],
)
def test_a_bucket_that_is_not_there_is_never_taken_for_an_empty_one(
    bucket: str, use: Callable[[Store], Any]
) -> None:
    with pytest.raises(StoreError, match="there is no bucket of s3://nobodys/prefix") as caught:
        use(Store("s3://nobodys/prefix"))
    assert type(caught.value) is StoreError


REFUSED = b"<Error><Code>AccessDenied</Code><Message>User is not authorized</Message></Error>"


@pytest.fixture
def refusing() -> Iterator[None]:
    with refusing_server(REFUSED, status=403, content_type="application/xml"):
        yield


@pytest.mark.parametrize(
    ("use", "doing"),
    [
        (lambda store: store.read("k"), "read 'k'"),
        (lambda store: store.create("k", b""), "create 'k'"),
        (lambda store: store.write("k", b""), "write 'k'"),
        (lambda store: store.list("f"), "list 'f'"),
    ],
)
def test_a_refused_access_says_what_was_refused_and_what_to_check(
    refusing: None, use: Callable[[Store], Any], doing: str
) -> None:
    with pytest.raises(StoreError) as caught:
        use(Store("s3://models"))
    message = str(caught.value)
    assert f"not allowed to {doing} in s3://models" in message
    assert "User is not authorized" in message
    assert "Debug source" not in message
    assert "what the role may do" in message


def test_a_session_gives_region_and_credentials(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    session = boto3.Session(
        aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-central-1"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    store = Store(bucket, session=session)
    store.write("k", b"1")
    assert store.read("k") == b"1"


def test_credentials_that_only_boto3_finds_are_used(
    bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    config = tmp_path / "config"
    config.write_text(
        f"[profile work]\nregion = {REGION}\naws_access_key_id = a\naws_secret_access_key = b\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "work")
    store = Store(bucket)
    store.write("k", b"1")
    assert store.read("k") == b"1"
