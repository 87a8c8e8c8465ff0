"""Attacks on what was built: evaluation, the registry and the server refuse it."""

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.attacks import deeds
from tests.attacks.case import Attack, Deed, Layer
from tests.runtime.toy_run import ToyRun
from trimaran_runtime.registry.approval import approve, rollback
from trimaran_runtime.registry.config import SIGNING_KEY, UNSIGNED, SigningConfig
from trimaran_runtime.registry.release import read_release, release_key
from trimaran_runtime.registry.signing import public_text, sign, signature_key
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.metrics import ServerMetrics
from trimaran_runtime.serving.source import StoredRelease

OURS, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
SIGNED = SigningConfig(public_keys=(public_text(OURS),), required=True)
MANUAL = {"registry.approval": "manual"}


def key_of(key: Ed25519PrivateKey) -> dict[str, str]:
    """The environment of a step that signs."""
    return {SIGNING_KEY: base64.b64encode(key.private_bytes_raw()).decode()}


def release_of(run: ToyRun) -> str:
    """Full id of the run's release."""
    return str(run.output("release/release.json")["release"])


def approved(run: ToyRun, signing: SigningConfig = UNSIGNED, **how: Any) -> None:
    approve(run.store, release_of(run), why="we want it", signing=signing, **how)


def served(run: ToyRun, signing: SigningConfig = UNSIGNED) -> None:
    """What a server does at its start."""
    source = StoredRelease(run.store.uri, release_of(run))
    source.load(ServerConfig(signing=signing), ServerMetrics()).main.service.close()


def flipped(run: ToyRun) -> None:
    """One byte of the model file in the store."""
    digest = read_release(run.store, release_of(run)).model.file.digest.removeprefix("sha256:")
    path = run.folder / "store" / "blobs" / "sha256" / digest[:2] / digest
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


def rewritten(run: ToyRun) -> None:
    """The verdict inside of the manifest."""
    key = release_key(release_of(run))
    run.store.write(key, run.store.read(key).replace(b'"accepted":false', b'"accepted":true'))


def and_then(*deeds: Deed) -> Deed:
    def all_of_them(run: ToyRun) -> None:
        for deed in deeds:
            deed(run)

    return all_of_them


def signed_by(key: Ed25519PrivateKey) -> Deed:
    return lambda run: sign(run.store, release_of(run), key) and None


def signature_of_production(run: ToyRun) -> None:
    """A signature that was made for another release."""
    from tests.attacks.scene import in_production

    other = str(in_production(run))
    sign(run.store, other, OURS)
    run.store.write(signature_key(release_of(run)), run.store.read(signature_key(other)))


def _attack(name: str, layer: Layer, check: str, says: str, **case: Any) -> Attack:
    return Attack(name=name, layer=layer, check=check, says=says, **case)


def _stored(name: str, deed: Deed, says: str, check: str, **case: Any) -> tuple[Attack, Attack]:
    """A release that is altered in the store: neither approved nor served."""
    return (
        _attack(
            f"{name}, approved",
            Layer.registry,
            check,
            says,
            config=MANUAL,
            then=and_then(deed, approved),
            **case,
        ),
        _attack(
            f"{name}, served",
            Layer.serving,
            check,
            says,
            config=MANUAL,
            then=and_then(deed, served),
            **case,
        ),
    )


FILES = (
    _attack(
        "a pickle in place of the model file",
        Layer.evaluation,
        "model",
        "the model file cannot be read",
        after={"train": deeds.model_pickled},
    ),
    _attack(
        "a model file cut short",
        Layer.evaluation,
        "model",
        "the model file cannot be read",
        after={"train": deeds.model_truncated},
    ),
    _attack(
        "a model file of types that nobody trusts",
        Layer.evaluation,
        "model",
        "the model file holds types nobody trusted",
        after={"train": deeds.model_of_other_types},
    ),
    _attack(
        "another model than the one that was measured",
        Layer.registry,
        "register",
        "is not the one that was measured",
        after={"gate": deeds.other_model},
    ),
    _attack(
        "a verdict edited",
        Layer.registry,
        "register",
        "is not what the gate says",
        fit="shuffled",
        after={"gate": deeds.edited("verdict/verdict.json", deeds.accepts)},
    ),
    _attack(
        "an evaluation edited after the verdict",
        Layer.registry,
        "register",
        "is not what the gate says",
        fit="same_answers",
        after={"gate": deeds.edited("evaluation/evaluation.json", deeds.flattered)},
    ),
)
STORE = (
    *_stored("one byte of the model file", flipped, "does not match its digest", "store"),
    *_stored(
        "a manifest rewritten", rewritten, "does not match its id", "registry", fit="shuffled"
    ),
    *_stored(
        "a manifest deleted",
        lambda run: (run.folder / "store" / release_key(release_of(run))).unlink(),
        "no object",
        "store",
    ),
)
SIGNATURES = (
    _attack(
        "no key where releases have to be signed",
        Layer.registry,
        "registry.signing",
        "TRIMARAN_SIGNING_KEY is not in the environment",
        config={"registry.signing": SIGNED.model_dump(mode="json")},
    ),
    _attack(
        "signed with a key that nobody named",
        Layer.registry,
        "registry.signing.public_keys",
        "belongs to",
        config={"registry.signing": SIGNED.model_dump(mode="json")},
        environment=key_of(OTHER),
    ),
    _attack(
        "an unsigned release approved",
        Layer.registry,
        "",
        "is not signed",
        config=MANUAL,
        then=lambda run: approved(run, SIGNED),
    ),
    _attack(
        "an unsigned release served",
        Layer.serving,
        "",
        "is not signed",
        config=MANUAL,
        then=lambda run: served(run, SIGNED),
    ),
    _attack(
        "a release signed by somebody else, served",
        Layer.serving,
        "",
        "which is not trusted",
        config=MANUAL,
        then=and_then(signed_by(OTHER), lambda run: served(run, SIGNED)),
    ),
    _attack(
        "the signature of another release",
        Layer.registry,
        "",
        "never made",
        config=MANUAL,
        then=and_then(signature_of_production, lambda run: approved(run, SIGNED)),
    ),
)
APPROVAL = (
    _attack(
        "a refused release approved",
        Layer.registry,
        "approve",
        "(champion)",
        fit="same_answers",
        then=approved,
    ),
    _attack(
        "a refusal overridden without a reason",
        Layer.registry,
        "approve",
        "an override needs a reason",
        fit="same_answers",
        then=lambda run: (
            approve(run.store, release_of(run), why=" ", override=["champion"]) and None
        ),
    ),
    _attack(
        "NaN overridden",
        Layer.registry,
        "approve",
        "can never be overridden",
        fit="rogue",
        config={
            "training.parameters": {"rogue": "Nan"},
            "training.trusted_types": ["rogues.Nan"],
        },
        then=lambda run: approved(run, override=["finite predictions"]),
    ),
    _attack(
        "rolled back to what never was in production",
        Layer.registry,
        "rollback",
        "is the only one that was ever in production",
        config=MANUAL,
        then=lambda run: rollback(run.store, release_of(run), why="newest") and None,
    ),
)
ON_RELEASE = (*FILES, *STORE, *SIGNATURES, *APPROVAL)
