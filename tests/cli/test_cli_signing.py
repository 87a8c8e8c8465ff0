"""`keygen`, `sign`, and what `approve` and `releases` make of a signing policy."""

from pathlib import Path

import pytest

from tests.cli.deployed import Deployed, Trimaran
from trimaran_providers.local.gateway.definition import EndpointDefinition, write_definition
from trimaran_runtime.registry.channels import Channel, current
from trimaran_runtime.registry.config import SIGNING_KEY, SigningConfig


@pytest.fixture
def public(deployed: Deployed, trimaran: Trimaran) -> str:
    """The public key that the deployment asks for; the private one is in `key.pem`."""
    key: str = trimaran("keygen", "key.pem", "--json").document["public_key"]
    definition = EndpointDefinition(
        name="flights",
        store_uri=deployed.folder.as_uri(),
        signing=SigningConfig(public_keys=(key,), required=True),
    )
    write_definition(deployed.layout.endpoint(deployed.physical), definition)
    return key


def test_an_unsigned_release_is_not_approved_until_it_is_signed(
    deployed: Deployed, trimaran: Trimaran, public: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = deployed.release(0.8)
    answer = trimaran("approve", release[:6], "--no-wait")
    assert answer.code == 1
    assert f"registry.signing: release {release[:12]} is not signed" in answer.err
    assert current(deployed.store, Channel.production) is None
    assert "is not signed" in trimaran("releases").out
    monkeypatch.setenv(SIGNING_KEY, Path("key.pem").read_text())
    assert public in trimaran("sign", release[:6]).out
    assert f"signed by {public[:8]}" in trimaran("releases").out
    assert trimaran("approve", release[:6], "--no-wait").code == 0


def test_signing_without_a_key_says_how_to_get_one(
    deployed: Deployed, trimaran: Trimaran, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SIGNING_KEY, raising=False)
    answer = trimaran("sign", deployed.release(0.8)[:6])
    assert answer.code == 2
    assert "`trimaran keygen` makes one" in answer.err


def test_a_key_is_never_written_over(trimaran: Trimaran, project: Path) -> None:
    assert trimaran("keygen", "key.pem").code == 0
    before = Path("key.pem").read_bytes()
    answer = trimaran("keygen", "key.pem")
    assert answer.code == 2
    assert "File exists" in answer.err
    assert Path("key.pem").read_bytes() == before
