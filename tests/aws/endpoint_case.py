"""An endpoint of a small spec: its definition, a store with releases, and a reporter that keeps."""

import json
from dataclasses import dataclass, field
from typing import Any

import boto3

from tests.aws.fake_endpoints import ACCOUNT, REGION
from tests.aws.fake_sagemaker import FakeAws
from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.endpoint_definition import EndpointDefinition, Place
from trimaran_providers.aws.handlers.endpoint import (
    EndpointHandler,
    EndpointInputs,
    EndpointOutputs,
)
from trimaran_providers.aws.names import Names
from trimaran_providers.aws.rollout_guards import rollback_alarms
from trimaran_providers.contract.errors import PartiallyCreatedError, StoppedError
from trimaran_providers.contract.spec import EndpointSpec
from trimaran_runtime.registry.release import (
    Feature,
    File,
    Lineage,
    ModelFile,
    Release,
    Signature,
    Verdict,
    write_release,
)
from trimaran_runtime.storage.store import Store

NAME = "toy-test"
BUCKET = "toy-store"
STORE = f"s3://{BUCKET}/toy"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/toy-test-serve"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/toy@sha256:{'a' * 64}"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012"
RELEASE, NEXT = "a" * 64, "b" * 64


def definition(*, instance: str = "ml.m5.large", **spec: Any) -> EndpointDefinition:
    """The definition of a spec's section.

    Args:
        instance: instance type; empty for kinds without.
        spec: the section; `place` in it overrides what the endpoint stands on.
    """
    place = {"kms_key": None, "tags": {"team": "toys"}, **spec.pop("place", {})}
    section = EndpointSpec.model_validate(spec)
    return EndpointDefinition.of(
        NAME,
        section,
        Place(
            store_uri=STORE,
            role_arn=ROLE,
            image=IMAGE,
            instance=instance,
            rollback_alarms=rollback_alarms(Names(NAME), section),
            **place,
        ),
    )


def stored_release(store: Store, model: bytes, champion: str | None = None) -> str:
    """A release in the store, whose signature has one number; returns its id.

    Args:
        store: the store.
        model: content of its model's file.
        champion: release that it was judged against.
    """
    lineage = {"config": "c", "code": "d", "data": "e", "environment": "f", "rows": {}, "seed": 0}
    release = Release(
        model_name="toy",
        model=ModelFile(
            format="skops",
            file=File(digest=store.put_blob(model), size_bytes=len(model)),
            trusted_types=(),
        ),
        signature=Signature(
            features=(Feature(name="price", type="number", nullable=False, example=2.5),),
            target="bought",
            task="regression",
        ),
        verdict=Verdict(
            accepted=True, metric="rmse", value=1.0, interval=None, checks=(), champion=champion
        ),
        metrics={},
        lineage=Lineage.model_validate({**lineage, "parameters": {}}),
        files={},
    )
    return write_release(store, release)


@dataclass
class Kept:
    """A reporter that keeps what it was told.

    Attributes:
        stop_at: words of a progress line that make the user ask to stop.
    """

    lines: list[str] = field(default_factory=list)
    stop_at: str = ""

    def progress(self, text: str) -> None:
        self.lines.append(text)
        if self.stop_at and self.stop_at in text:
            raise StoppedError("stopped on request")

    def info(self, text: str) -> None:
        self.lines.append(text)

    def warning(self, text: str) -> None:
        self.lines.append(text)


@dataclass
class Case:
    """One endpoint of the handler, in a cloud of this machine."""

    aws: FakeAws
    store: Store
    first: str
    second: str
    handler: EndpointHandler = field(default_factory=EndpointHandler)
    report: Kept = field(default_factory=Kept)

    @classmethod
    def of(cls, aws: FakeAws) -> "Case":
        """A bucket with two releases."""
        where = {"LocationConstraint": REGION}
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        store = Store(STORE, session=boto3.Session())
        return cls(aws, store, stored_release(store, b"one"), stored_release(store, b"two"))

    def inputs(self, wanted: EndpointDefinition, release: str) -> EndpointInputs:
        """Inputs of the resource."""
        component = bool(wanted.component)
        return EndpointInputs(
            name=NAME,
            store_uri=STORE,
            hosting="component" if component else wanted.kind.value,
            definition=wanted.model_dump_json(),
            release=release,
            region=REGION,
            account=AwsAccount(region=REGION),
        )

    def up(
        self, wanted: EndpointDefinition, release: str, old: EndpointOutputs | None = None
    ) -> EndpointOutputs:
        """Create it, or update it where there is an old state."""
        inputs = self.inputs(wanted, release)
        if old is None:
            return self.handler.create(inputs, self.report).outputs
        return self.handler.update(self.id, old, inputs, self.report)

    @property
    def id(self) -> str:
        return f"{STORE}#{NAME}?region={REGION}"

    def instances(self) -> dict[str, int]:
        """Instances by variant."""
        return self.aws.endpoints.endpoints[NAME].counts


def kept_state(error: PartiallyCreatedError) -> EndpointOutputs:
    """The state that the engine keeps of a half-made endpoint."""
    return EndpointOutputs.model_validate(json.loads(json.dumps(error.state)))
