"""Signatures of releases: whose counts, where it is looked at, and what refuses without one."""

import base64
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.runtime.toy_run import ToyRun, toy_config
from tests.serving.releases import new_store, publish
from trimaran_runtime.errors import ConfigError, Exit, RegistryError
from trimaran_runtime.registry.approval import approve, rollback
from trimaran_runtime.registry.channels import Channel, current, history
from trimaran_runtime.registry.config import SIGNING_KEY, Approval, SigningConfig
from trimaran_runtime.registry.promotion import promote
from trimaran_runtime.registry.release import Release, read_release, write_release
from trimaran_runtime.registry.serving_files import write_serving_files
from trimaran_runtime.registry.signing import (
    ReleaseSignature,
    given_key,
    new_key,
    private_key,
    public_text,
    sign,
    signature_key,
    verify,
)
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.metrics import ServerMetrics
from trimaran_runtime.serving.source import ReleaseFolder, StoredRelease
from trimaran_runtime.storage.store import Store

OURS, OLD, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))
STRICT = SigningConfig(public_keys=(public_text(OURS), public_text(OLD)), required=True)
LENIENT = SigningConfig(public_keys=(public_text(OURS),))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path / "store")


@pytest.mark.parametrize("key", [OURS, OLD], ids=["the newest key", "the key before"])
def test_a_signature_by_any_named_key_counts(store: Store, key: Ed25519PrivateKey) -> None:
    release = publish(store)
    sign(store, release, key)
    assert verify(store, release, STRICT) == public_text(key)


def test_a_release_may_be_signed_anew_with_another_key(store: Store) -> None:
    release = publish(store)
    sign(store, release, OTHER)
    sign(store, release, OURS)
    assert verify(store, release, STRICT) == public_text(OURS)


def test_an_unsigned_release_is_refused_where_a_signature_is_required(store: Store) -> None:
    release = publish(store)
    with pytest.raises(RegistryError, match=f"release {release[:12]} is not signed"):
        verify(store, release, STRICT)
    assert verify(store, release, LENIENT) is None


def test_a_signature_by_another_key_is_refused_wherever_keys_are_named(store: Store) -> None:
    release = publish(store)
    sign(store, release, OTHER)
    for policy in (STRICT, LENIENT):
        with pytest.raises(RegistryError, match="which is not trusted"):
            verify(store, release, policy)
    assert verify(store, release, SigningConfig()) is None


def test_the_signature_of_one_release_is_none_of_another(store: Store) -> None:
    first, second = publish(store), publish(store, marker=1)
    sign(store, first, OURS)
    store.write(signature_key(second), store.read(signature_key(first)))
    with pytest.raises(RegistryError, match="never made"):
        verify(store, second, STRICT)


def test_a_signature_of_anything_else_with_the_same_text_is_none(store: Store) -> None:
    release = publish(store)
    bare = base64.b64encode(OURS.sign(release.encode())).decode()
    signature = ReleaseSignature(public_key=public_text(OURS), signature=bare)
    store.write(signature_key(release), signature.model_dump_json().encode())
    with pytest.raises(RegistryError, match="never made"):
        verify(store, release, STRICT)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"public_key": 1}', b"\xff"])
def test_what_is_no_signature_is_refused(store: Store, content: bytes) -> None:
    release = publish(store)
    store.write(signature_key(release), content)
    with pytest.raises(RegistryError, match="cannot be read"):
        verify(store, release, LENIENT)


def test_no_channel_moves_to_an_unsigned_release(store: Store) -> None:
    signed, unsigned = publish(store), publish(store, marker=1)
    sign(store, signed, OURS)
    approve(store, signed, why="test", signing=STRICT)
    with pytest.raises(RegistryError, match="is not signed"):
        approve(store, unsigned, why="test", signing=STRICT)
    with pytest.raises(RegistryError, match="is not signed"):
        promote(
            store,
            read_release(store, unsigned),
            Approval.automatic,
            why="test",
            who="test",
            signing=STRICT,
        )
    assert current(store, Channel.candidate) is None
    assert [record.release for record in history(store, Channel.production)] == [signed]


def test_nothing_is_rolled_back_to_an_unsigned_release(store: Store) -> None:
    unsigned, signed = publish(store), publish(store, marker=1)
    sign(store, signed, OURS)
    approve(store, unsigned, why="before there was a policy")
    approve(store, signed, why="test", signing=STRICT)
    with pytest.raises(RegistryError, match="is not signed"):
        rollback(store, why="test", signing=STRICT)


def test_a_server_loads_only_what_is_signed(store: Store, tmp_path: Path) -> None:
    config = ServerConfig(signing=STRICT)
    signed, unsigned = publish(store), publish(store, marker=1)
    sign(store, signed, OURS)
    StoredRelease(store.uri, signed).load(config, ServerMetrics()).main.service.close()
    with pytest.raises(RegistryError, match="is not signed"):
        StoredRelease(store.uri, unsigned).load(config, ServerMetrics())
    for release in (signed, unsigned):
        write_serving_files(store, read_release(store, release))
    folder = tmp_path / "store" / "serving"
    known = ReleaseFolder(folder / signed, signed, tmp_path / "code")
    known.load(config, ServerMetrics()).main.service.close()
    with pytest.raises(RegistryError, match="is not signed"):
        ReleaseFolder(folder / unsigned, unsigned, tmp_path / "other").load(config, ServerMetrics())


def test_a_run_signs_with_the_key_of_the_environment(
    toy: ToyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing: dict[str, Any] = {"public_keys": [public_text(OURS)], "required": True}
    monkeypatch.setenv(SIGNING_KEY, base64.b64encode(OURS.private_bytes_raw()).decode())
    signed_before = []

    def noted(store: Store, release: Release) -> str:
        signed_before.append(store.exists(signature_key(release.id)))
        return write_release(store, release)

    monkeypatch.setattr("trimaran_runtime.registry.publish.write_release", noted)
    assert toy.run(registry__signing=signing) == Exit.OK
    # No moment shows the release unsigned.
    assert signed_before == [True]
    release = toy.output("release/release.json")["production"]
    assert verify(toy.store, release, SigningConfig(**signing)) == public_text(OURS)
    monkeypatch.setenv(SIGNING_KEY, base64.b64encode(OTHER.private_bytes_raw()).decode())
    assert toy.step("register") == Exit.BAD_INPUT
    assert public_text(OTHER) in toy.error("register")["message"]
    monkeypatch.delenv(SIGNING_KEY)
    assert toy.step("register") == Exit.BAD_INPUT
    assert f"{SIGNING_KEY} is not in the environment" in toy.error("register")["message"]


def test_a_new_key_is_readable_by_its_owner_alone_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    public = new_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = given_key({SIGNING_KEY: path.read_text()})
    assert found is not None
    assert public_text(found) == public
    with pytest.raises(ConfigError, match="cannot make the file"):
        new_key(path)


def test_no_message_repeats_a_key_that_cannot_be_read() -> None:
    for text in ("c2VjcmV0LXNlZWQ=", "-----BEGIN PRIVATE KEY-----\nsecret\n", "not base64!"):
        with pytest.raises(ConfigError) as caught:
            private_key(text)
        assert "secret" not in str(caught.value)
        assert "c2Vj" not in str(caught.value)


@pytest.mark.parametrize("given", ["", "AAAA", "not base64!"])
def test_a_public_key_that_is_none_is_refused_in_the_spec(given: str) -> None:
    with pytest.raises(ValueError, match="public key"):
        SigningConfig(public_keys=(given,))


def test_a_signature_of_nobody_cannot_be_required() -> None:
    with pytest.raises(ValueError, match="public_keys"):
        SigningConfig(required=True)


def test_a_model_in_production_is_not_loaded_without_the_signature(
    toy: ToyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing: dict[str, Any] = {"public_keys": [public_text(OURS)], "required": True}
    monkeypatch.setenv(SIGNING_KEY, base64.b64encode(OURS.private_bytes_raw()).decode())
    assert toy.run(registry__signing=signing, explain={"enabled": False}) == Exit.OK
    release = toy.output("release/release.json")["production"]
    changes: dict[str, Any] = {
        "registry__signing": signing,
        "explain": {"enabled": False},
        "training__parameters": {"quality": "better"},
    }
    toy.store.delete(signature_key(release))
    toy.configure(toy_config(**changes))
    assert toy.steps(last="gate") == Exit.OK
    champion = toy.checks()["champion"]
    assert not champion["passed"]
    assert f"release {release[:12]} is not signed" in champion["detail"]
    sign(toy.store, release, OURS)
    assert toy.steps("evaluate", "gate") == Exit.OK
    assert toy.checks()["champion"]["passed"]
