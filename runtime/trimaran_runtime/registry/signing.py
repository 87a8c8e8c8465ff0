"""Signatures of releases: Ed25519 (RFC 8032) over the id, which is the digest of the manifest.

`releases/<id>/signature.json` stands beside the manifest and outside of its digest, so that a
release can be signed anew with another key. The id covers every file of the release through their
digests; what a signature does not say is that a release is the newest, or in production.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from trimaran_runtime.errors import AlreadyExists, ConfigError, NotFound, RegistryError
from trimaran_runtime.registry.config import SIGNING_KEY, SigningConfig
from trimaran_runtime.registry.release import SHORT
from trimaran_runtime.section import Section
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.storage.store import Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNATURE = "signature.json"
"""Name of the signature's file."""
_CONTEXT = b"trimaran release v1\0"
"""Goes before the id: a signature made for anything else is none of a release."""
_SEED_BYTES = 32
_NEXT = "sign it with `trimaran sign`, run the pipeline again with the key, or use another release"


class ReleaseSignature(Section):
    """Who vouches for a release."""

    algorithm: Literal["ed25519"] = "ed25519"
    public_key: str
    """Of the key that signed, base64."""
    signature: str
    """64 bytes, base64."""


def signature_key(release_id: str) -> str:
    """Key of a release's signature."""
    return f"releases/{release_id}/{SIGNATURE}"


def private_key(text: str) -> "Ed25519PrivateKey":
    """Read a private key.

    Args:
        text: PEM without a passphrase, or the seed of 32 bytes in base64.

    Raises:
        ConfigError: it is neither; the message holds nothing of it.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        if "-----BEGIN" in text:
            found = load_pem_private_key(text.encode(), password=None)
            if isinstance(found, Ed25519PrivateKey):
                return found
        else:
            seed = base64.b64decode(text.strip(), validate=True)
            if len(seed) == _SEED_BYTES:
                return Ed25519PrivateKey.from_private_bytes(seed)
    except (ValueError, TypeError, binascii.Error):
        pass  # told below: the cause could repeat a part of the key
    raise ConfigError(
        "holds no Ed25519 private key",
        where=SIGNING_KEY,
        allowed="PEM (PKCS 8, no passphrase), or the 32-byte seed in base64",
        next_step="make one with `trimaran keygen`",
    )


def given_key(environ: Mapping[str, str] | None = None) -> "Ed25519PrivateKey | None":
    """The private key of the environment; None: there is none. Raises ConfigError."""
    text = (os.environ if environ is None else environ).get(SIGNING_KEY, "")
    return private_key(text) if text else None


def public_text(key: "Ed25519PrivateKey") -> str:
    """Base64 of the public key that belongs to a private one."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def new_key(path: Path) -> str:
    """Write a new private key as PEM, readable by its owner alone; returns the public key.

    Raises:
        ConfigError: the file is there already, or cannot be written.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        # Never readable by others, not even for the moment between making and changing it.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as exc:
        raise ConfigError(
            f"cannot make the file: {exc.strerror}",
            where=str(path),
            next_step="name another file; a key is never written over",
        ) from exc
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    return public_text(key)


def sign(store: Store, release_id: str, key: "Ed25519PrivateKey") -> ReleaseSignature:
    """Write the signature of a release, replacing one by another key.

    It may be written before the manifest: then no moment shows the release unsigned.
    """
    signature = ReleaseSignature(
        public_key=public_text(key),
        signature=base64.b64encode(key.sign(_message(release_id))).decode(),
    )
    content = canonical_json(signature.model_dump(mode="json"))
    try:
        store.create(signature_key(release_id), content)
    except AlreadyExists:
        # Ed25519 signs without chance: the same key gives the same bytes.
        store.write(signature_key(release_id), content)
    return signature


def verify(store: Store, release_id: str, policy: SigningConfig) -> str | None:
    """Refuse a release that the policy does not let pass.

    Returns:
        The public key that vouches for it; None: no key is named, or it is unsigned and may be.

    Raises:
        RegistryError: it is unsigned and must not be, or its signature is none of the named keys'.
    """
    if not policy.public_keys:
        return None
    try:
        content = store.read(signature_key(release_id))
    except NotFound:
        content = None
    return verify_content(content, release_id, policy)


def verify_content(content: bytes | None, release_id: str, policy: SigningConfig) -> str | None:
    """`verify` for a signature file at hand; None: there is none."""
    if not policy.public_keys:
        return None
    if content is None:
        if policy.required:
            raise _refused(release_id, "is not signed")
        return None
    try:
        signature = ReleaseSignature.model_validate_json(content)
    except ValidationError as exc:
        raise _refused(release_id, "has a signature that cannot be read") from exc
    if signature.public_key not in policy.public_keys:
        raise _refused(release_id, f"is signed by {signature.public_key}, which is not trusted")
    if not _holds(signature, release_id):
        raise _refused(release_id, f"carries a signature that {signature.public_key} never made")
    return signature.public_key


def _holds(signature: ReleaseSignature, release_id: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(signature.public_key))
        key.verify(base64.b64decode(signature.signature, validate=True), _message(release_id))
    except (InvalidSignature, ValueError):
        return False
    return True


def _message(release_id: str) -> bytes:
    return _CONTEXT + release_id.encode()


def _refused(release_id: str, why: str) -> RegistryError:
    return RegistryError(
        f"release {release_id[:SHORT]} {why}",
        where="registry.signing",
        allowed="releases signed by one of registry.signing.public_keys",
        next_step=_NEXT,
    )
