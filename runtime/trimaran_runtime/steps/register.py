"""Step `register`: records the release, and moves the channels when the gate accepted it."""

from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from trimaran_runtime.errors import ConfigError, Corrupted, GateRefused
from trimaran_runtime.evaluation.latency import LATENCY, Latency
from trimaran_runtime.gate.judge import failed, judge
from trimaran_runtime.gate.record import record_of
from trimaran_runtime.lowering.record import LOWERED_ROLE
from trimaran_runtime.registry.channels import PIPELINE_RUN, Channel, current
from trimaran_runtime.registry.config import SIGNING_KEY
from trimaran_runtime.registry.promotion import promote
from trimaran_runtime.registry.publish import Result, publish
from trimaran_runtime.registry.release import SHORT, Release, Verdict
from trimaran_runtime.registry.serving_files import write_serving_files
from trimaran_runtime.registry.signing import given_key, public_text
from trimaran_runtime.section import Section
from trimaran_runtime.steps.gathered import gathered
from trimaran_runtime.steps.step import Context, Step
from trimaran_runtime.steps.tracked import track
from trimaran_runtime.steps.usage import Meter
from trimaran_runtime.storage.digest import canonical_json, digest_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_Choice = TypeVar("_Choice", bound=StrEnum)

RELEASE = "release.json"
"""Name of the file that says what became of the release."""


class ReleaseRecord(Section):
    """What became of the release of a run."""

    release: str
    """Full id."""
    accepted: bool
    """Whether the gate accepted it."""
    production: str | None
    """Full id of the release in production afterwards; None: none."""


class RefusedStep(StrEnum):
    """How this step ends where the gate refused the release."""

    fail = "fail"
    """It fails, with a status of its own."""
    record = "record"
    """It succeeds; what comes next reads `accepted` in `release.json`."""


class Purpose(StrEnum):
    """What a release is made for."""

    release = "release"
    """To be released: it is signed where there is a key, and the channels move."""
    comparison = "comparison"
    """To be compared with another: it is written, and nothing else."""


class Export(StrEnum):
    """What is written for servers that cannot read the store."""

    none = "none"
    """Nothing."""
    serving = "serving"
    """The files of `trimaran_runtime.registry.serving_files`, of an accepted release."""


class Tracking(StrEnum):
    """What this step does with the document that it leaves for MLflow."""

    keep = "keep"
    """Nothing: whoever runs the pipeline sends it."""
    send = "send"
    """It sends it to `tracking.uri`, with all that waits."""


def run(context: Context) -> None:
    """Write the release and `release.json`; raises GateRefused after both are written.

    Parameters: `store`; `code` and `environment`, digests for the lineage; `run`, the run's id;
    `on_refusal`, see `RefusedStep` (default: `fail`); `export`, see `Export` (default: `none`);
    `purpose`, see `Purpose` (default: `release`); `tracking`, see `Tracking` (default: `keep`).
    The environment may hold the key that signs, and what MLflow's client needs to be let in.
    """
    meter = Meter(STEP.name)
    store = context.store
    ending = _choice(context, "on_refusal", RefusedStep.fail)
    export = _choice(context, "export", Export.none)
    purpose = _choice(context, "purpose", Purpose.release)
    tracking = _choice(context, "tracking", Tracking.keep)
    key = _key(context) if purpose is Purpose.release else None
    result = gathered(context)
    _refuse_altered(context, result)
    release, verdict = publish(store, result, key=key), result.verdict
    run_id = context.parameters.get("run", "by hand")
    if purpose is Purpose.comparison:
        production, state = None, "for comparison"
    elif verdict.accepted:
        if export is Export.serving:
            # Before the channels move: whoever sees a release in a channel can serve it.
            write_serving_files(store, release)
        production, state = promote(
            store,
            release,
            context.config.registry.approval,
            why=f"the gate accepted it in run {run_id}",
            who=f"{PIPELINE_RUN}{run_id}",
            signing=context.config.registry.signing,
        )
    else:
        now = current(store, Channel.production)
        production, state = (now.release if now else None), "refused"
    record = ReleaseRecord(release=release.id, accepted=verdict.accepted, production=production)
    content = canonical_json(record.model_dump(mode="json"))
    (context.outputs["release"] / RELEASE).write_bytes(content)
    if purpose is Purpose.release:
        track(context, release, production, meter, send=tracking is Tracking.send)
    mark = "✓" if verdict.accepted else "✗"
    context.progress(f"register {mark} release {release.id[:SHORT]} ({state})")
    if not verdict.accepted:
        refusal = _refusal(release, verdict, production)
        if ending is RefusedStep.fail:
            raise GateRefused(refusal)
        context.progress(refusal)


def _key(context: Context) -> "Ed25519PrivateKey | None":
    """The key that signs; None: nobody asks for a signature, and there is no key."""
    key, policy = given_key(), context.config.registry.signing
    if key is None and policy.required:
        raise ConfigError(
            f"releases have to be signed, and {SIGNING_KEY} is not in the environment",
            where="registry.signing",
            next_step=f"put the private key into the secret {SIGNING_KEY} of the spec's `secrets`, "
            "or into the environment",
        )
    if key is not None and policy.public_keys and public_text(key) not in policy.public_keys:
        raise ConfigError(
            f"the key in {SIGNING_KEY} belongs to {public_text(key)}",
            where="registry.signing.public_keys",
            allowed=", ".join(policy.public_keys),
            next_step="name its public key there, or sign with the key of one that is named",
        )
    return key


def _choice(context: Context, name: str, default: _Choice) -> _Choice:
    given = context.parameters.get(name, default.value)
    kinds = type(default)
    if given not in list(kinds):
        raise ConfigError(
            f"--param {name}={given!r} is not known",
            where="register",
            allowed=", ".join(kinds),
        )
    return kinds(given)


def _refuse_altered(context: Context, result: Result) -> None:
    """Refuse what is not the model that was measured, or not the gate's word on it.

    What lies between the steps may be torn, or edited: the numbers are judged once more.
    """
    measured, found = result.evaluation.model, digest_of(result.model)
    again = "run the pipeline again from the train step on"
    if measured != found:
        raise Corrupted(
            f"the model file ({found}) is not the one that was measured ({measured or 'none'})",
            where="register",
            next_step=again,
        )
    lowered = result.files.get(LOWERED_ROLE)
    proven = result.lowering.lowered if result.lowering.model == found else None
    if (digest_of(lowered) if lowered is not None else None) != proven:
        raise Corrupted(
            "the lowered form is not the one that was proven equal to the model",
            where="register",
            next_step=again,
        )
    latency = Latency.parse((context.inputs["evaluation"] / LATENCY).read_bytes())
    rules = record_of(context.config)
    told = judge(result.evaluation, result.findings, rules, latency)
    if told.model_dump_json() != result.verdict.model_dump_json():
        raise Corrupted(
            "the verdict is not what the gate says of this evaluation",
            where="register",
            next_step=again,
        )


def _refusal(release: Release, verdict: Verdict, production: str | None) -> str:
    refused = failed(verdict.checks)
    others = sum(check.judged for check in verdict.checks) - len(refused)
    now = f"production is still {production[:SHORT]}" if production else "nothing is in production"
    lines = [f"gate refused release {release.id[:SHORT]} ({now})"]
    lines += [f"  ✗ {check.name}   {check.detail}" for check in refused]
    lines.append(f"  ✓ {others} other check{'' if others == 1 else 's'}")
    lines.append(f"  See: trimaran report {release.id[:SHORT]}")
    return "\n".join(lines)


STEP = Step(
    name="register",
    inputs=("config", "splits", "model", "evaluation", "findings", "verdict", "table"),
    outputs=("release",),
    run=run,
)
