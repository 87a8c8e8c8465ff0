"""The `registry` section: who lets a model into production, and whose signature is asked for."""

import base64
import binascii
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from trimaran_runtime.section import Section

SIGNING_KEY = "TRIMARAN_SIGNING_KEY"
"""Environment variable of the private key: PEM (PKCS 8), or its 32-byte seed in base64."""
_KEY_BYTES = 32
"""Size of an Ed25519 public key (RFC 8032, section 5.1.5)."""


class Approval(StrEnum):
    """Who lets an accepted release into production."""

    automatic = "automatic"
    """The pipeline, as soon as the gate accepts."""
    manual = "manual"
    """A person, with `trimaran approve`."""


def _is_public_key(text: str) -> str:
    try:
        size = len(base64.b64decode(text, validate=True))
    except binascii.Error:
        size = 0
    if size != _KEY_BYTES:
        raise ValueError("not the base64 of an Ed25519 public key; `trimaran keygen` prints one")
    return text


PublicKey = Annotated[str, AfterValidator(_is_public_key)]


class SigningConfig(Section):
    """Whose signature a release must carry before it is approved or served."""

    public_keys: tuple[PublicKey, ...] = ()
    """Ed25519 public keys, base64; a signature by any of them counts, so keys can be rotated."""
    required: bool = False
    """Whether an unsigned release is refused; a wrongly signed one is wherever keys are named."""

    @model_validator(mode="after")
    def _required_of_somebody(self) -> Self:
        if self.required and not self.public_keys:
            raise ValueError("required takes at least one of public_keys")
        return self


UNSIGNED = SigningConfig()
"""No key is named, so no signature is looked at."""


class RegistryConfig(Section):
    """Who lets a model into production, and how many releases are kept."""

    approval: Approval = Approval.automatic
    """`automatic` or `manual`."""
    keep_releases: Annotated[int, Field(ge=2)] | None = None
    """Releases kept beside those in a channel; None: all."""
    model_card: bool = False
    """Whether each release has a model card in the cloud's registry, beside our own."""
    signing: SigningConfig = SigningConfig()
    """Whose signature a release must carry."""
