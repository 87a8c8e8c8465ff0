"""What the local cloud does with every field of the spec."""

from trimaran_providers.contract.capabilities import (
    Capabilities,
    Capability,
    emulated,
    native,
    rejected,
)

_MACHINE = "steps and servers share this machine; nothing is reserved or limited"
_NO_IMAGE = "steps and the server run in the project's own Python environment; no image is used"
_LATER = "not part of this version"

TABLE: dict[str, Capability] = {
    "name": native(),
    "cloud": native(),
    "data": native(),
    "validation": native(),
    "pipeline.train": native(),
    "pipeline.learner": native(),
    "pipeline.parameters": native(),
    "pipeline.seed": native(),
    "pipeline.tune": native(),
    "pipeline.trusted_types": native(),
    "pipeline.check_reproducible": native(),
    "pipeline.lowering": native(),
    "pipeline.code": native(),
    "pipeline.compute": emulated(_MACHINE),
    "pipeline.steps": rejected(_LATER, "do the work in the function named by pipeline.train"),
    "pipeline.schedule": native(),
    "pipeline.timezone": native(),
    "pipeline.on_new_data": rejected(
        "nothing watches files here", "pipeline.schedule, or `trimaran run`"
    ),
    "pipeline.on_new_data=false": native(),
    "pipeline.run_on_up": native(),
    "pipeline.retries": native(),
    "pipeline.timeout_minutes": native(),
    "pipeline.cache_days": rejected(_LATER, "pipeline.run_on_up skips a run that changes nothing"),
    "pipeline.cache_days=none": native(),
    "evaluation": native(),
    "gate": native(),
    "explain": native(),
    "registry.approval": native(),
    "registry.signing": native(),
    "registry.keep_releases": rejected(
        _LATER, "store.retention_days deletes traffic, run files and reports"
    ),
    "registry.model_card": emulated("`trimaran report` shows our own card of every release"),
    "endpoint.kind=realtime": native(),
    "endpoint.kind=serverless": emulated("a realtime endpoint; the first replica is never cold"),
    "endpoint.kind=async": rejected(_LATER, "endpoint.kind: realtime"),
    "endpoint.kind=batch": rejected(_LATER, "`trimaran predict --file`"),
    "endpoint.compute": emulated(_MACHINE),
    "endpoint.replicas": emulated("replicas are processes of this machine"),
    "endpoint.replicas.schedules": rejected(_LATER, "endpoint.replicas.target_concurrency"),
    "endpoint.batch": rejected(_LATER, "`trimaran predict --file`"),
    "endpoint.batch=none": native(),
    "endpoint.rollout": native(),
    "endpoint.shadow": rejected(_LATER, "endpoint.rollout.strategy: canary"),
    "endpoint.shadow=none": native(),
    "endpoint.capture": native(),
    "endpoint.limits": native(),
    "endpoint.lowered": native(),
    "endpoint.gpu": emulated("preferred: this machine's, where ONNX Runtime can use it"),
    "endpoint.explanations": native(),
    "endpoint.access": native(),
    "endpoint.port": native(),
    "monitor": native(),
    "tracking": native(),
    "alerts": native(),
    "store.existing": rejected(_LATER, "leave it out: a directory below .trimaran/ is made"),
    "store.retention_days": native(),
    "store.keep_on_destroy": native(),
    "store.share_with": rejected(_LATER, "read access to the directory"),
    "image": emulated(_NO_IMAGE),
    "secrets": emulated("kept in a file that only you can read, below .trimaran/"),
    "network.private": emulated("everything listens on 127.0.0.1 only"),
    "network.subnets": rejected("this machine has no subnets", "put them into Pulumi.<stack>.yaml"),
    "network.security_groups": rejected(
        "this machine has no security groups", "put them into Pulumi.<stack>.yaml"
    ),
    "encryption": rejected(
        "files are not encrypted with a key of yours",
        "encrypt the disk, and put the key into Pulumi.<stack>.yaml of a cloud",
    ),
    "encryption=none": native(),
    "identity": emulated("everything runs as the user who ran `pulumi up`"),
    "logs": emulated("logs of runs go with `store.retention_days`"),
    "registry.keep_releases=none": native(),
    "store.existing=none": native(),
    "tags": emulated("kept in the Pulumi state; files take no tags"),
    "budget": emulated("this machine costs nothing; the limit is never reached"),
}

CAPABILITIES = Capabilities(cloud="local", table=TABLE)
