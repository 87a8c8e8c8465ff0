"""An AWS account on disk: what exists in it, and what its services refuse."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.oracles.naming import NAMES


class RefusedError(Exception):
    """A service says no; its text is what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something that exists.

    Attributes:
        type: type token.
        id: the provider's id.
        name: its physical name, unique among its kind; empty: it has none.
        inputs: inputs it was made with.
        outputs: all outputs.
        foreign: whether it was there before, and is nobody's to delete.
    """

    type: str
    id: str
    name: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    foreign: bool = False

    def answers_to(self, reference: str) -> bool:
        """Whether a reference means this: its id, its ARN, or its name."""
        return reference in (self.id, self.name, self.outputs.get("arn"))


class Account:
    """Everything in one account; several processes may look at it at the same time.

    Args:
        directory: where it is kept.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._things = directory / "things"
        self._things.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others out; not reentrant."""
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def all(self) -> list[Thing]:
        """Everything there is, by type and id."""
        found = [Thing(**json.loads(file.read_text())) for file in self._things.glob("*.json")]
        return sorted(found, key=lambda thing: (thing.type, thing.id))

    def get(self, token: str, identifier: str) -> Thing | None:
        """One thing; None: it is not there."""
        file = self._file(token, identifier)
        return Thing(**json.loads(file.read_text())) if file.exists() else None

    def add(self, thing: Thing) -> None:
        """Make a thing.

        Raises:
            RefusedError: its name is taken, or what it belongs to is not there.
        """
        for other in self.all():
            if _space(other.type) == _space(thing.type) and thing.name == other.name != "":
                raise RefusedError(f"AlreadyExists: there is a {_space(thing.type)} {thing.name}")
        self._needs_parent(thing)
        if self.get(thing.type, thing.id) is not None:
            raise RefusedError(f"AlreadyExists: {thing.type} {thing.id}")
        self._write(thing)

    def change(self, thing: Thing) -> None:
        """Put a thing in the place of the one with its id.

        Raises:
            RefusedError: there is none.
        """
        self.must_have(thing.type, thing.id)
        self._needs_parent(thing)
        self._write(thing)

    def remove(self, token: str, identifier: str) -> None:
        """Delete a thing, and what it takes along (a bucket that is emptied first).

        Raises:
            RefusedError: it is not there, or others hang on it.
        """
        thing = self.must_have(token, identifier)
        taken_along = []
        for other in self.all():
            parent = PARENTS.get(other.type)
            if parent is None or parent.type != token:
                continue
            if not thing.answers_to(str(other.inputs.get(parent.input))):
                continue
            if parent.holds(thing):
                raise RefusedError(f"{parent.refusal}: {thing.name} still has {other.id}")
            if parent.refusal:
                taken_along.append(other)
        for other in (*taken_along, thing):
            self._file(other.type, other.id).unlink()

    def must_have(self, token: str, identifier: str) -> Thing:
        """A thing that has to be there.

        Raises:
            RefusedError: it is not.
        """
        thing = self.get(token, identifier)
        if thing is None:
            raise RefusedError(f"NotFound: there is no {token} {identifier}")
        return thing

    def _needs_parent(self, thing: Thing) -> None:
        parent = PARENTS.get(thing.type)
        reference = thing.inputs.get(parent.input) if parent else None
        if parent is None or reference in (None, "default"):
            return
        if not any(t.answers_to(str(reference)) for t in self.all() if t.type == parent.type):
            raise RefusedError(f"NotFound: there is no {parent.type} {reference}")

    def _write(self, thing: Thing) -> None:
        file = self._file(thing.type, thing.id)
        draft = file.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(asdict(thing), indent=1))
        draft.rename(file)

    def _file(self, token: str, identifier: str) -> Path:
        return self._things / f"{sha256(f'{token}/{identifier}'.encode()).hexdigest()[:24]}.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """What a thing belongs to.

    Attributes:
        input: input that names it.
        type: its type.
        refusal: what the service says when it is deleted first; empty: it may be.
        unless: input of the parent that lets it go with all it has.
    """

    input: str
    type: str
    refusal: str = ""
    unless: str = ""

    def holds(self, thing: Thing) -> bool:
        """Whether the parent cannot go while it has children."""
        return bool(self.refusal) and not (self.unless and thing.inputs.get(self.unless))


def _space(token: str) -> str:
    naming = NAMES.get(token)
    return naming.space if naming else token


_BUCKET = "aws:s3/bucket:Bucket"
_ROLE = "aws:iam/role:Role"
_OF_BUCKET = Parent(input="bucket", type=_BUCKET)
PARENTS: dict[str, Parent] = {
    "aws:cloudwatch/eventTarget:EventTarget": Parent(
        input="rule", type="aws:cloudwatch/eventRule:EventRule", refusal="ValidationException"
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Parent(
        input="repository", type="aws:ecr/repository:Repository"
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Parent(
        input="repository", type="aws:ecr/repository:Repository"
    ),
    "aws:iam/rolePolicy:RolePolicy": Parent(input="role", type=_ROLE, refusal="DeleteConflict"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Parent(
        input="role", type=_ROLE, refusal="DeleteConflict"
    ),
    "aws:kms/alias:Alias": Parent(input="targetKeyId", type="aws:kms/key:Key"),
    "aws:kms/keyPolicy:KeyPolicy": Parent(input="keyId", type="aws:kms/key:Key"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _OF_BUCKET,
    "aws:s3/bucketNotification:BucketNotification": _OF_BUCKET,
    "aws:s3/bucketObjectv2:BucketObjectv2": Parent(
        input="bucket", type=_BUCKET, refusal="BucketNotEmpty", unless="forceDestroy"
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _OF_BUCKET,
    "aws:s3/bucketPolicy:BucketPolicy": _OF_BUCKET,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _OF_BUCKET,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _OF_BUCKET
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _OF_BUCKET,
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": Parent(
        input="modelPackageGroupName", type="aws:sagemaker/modelPackageGroup:ModelPackageGroup"
    ),
    "aws:scheduler/schedule:Schedule": Parent(
        input="groupName", type="aws:scheduler/scheduleGroup:ScheduleGroup"
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Parent(
        input="secretId", type="aws:secretsmanager/secret:Secret"
    ),
    "aws:sns/topicPolicy:TopicPolicy": Parent(input="arn", type="aws:sns/topic:Topic"),
    "aws:sns/topicSubscription:TopicSubscription": Parent(
        input="topic", type="aws:sns/topic:Topic"
    ),
}
"""By type token."""
