"""The referee's account by itself: names, parents, mishaps, identities."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc

from tests.oracles.api_table import CALLS
from tests.oracles.naming import NAMES
from tests.oracles.provider_types import args_of, members, output_names
from tests.referee.account import PARENTS, Account, RefusedError, Thing
from tests.referee.identity import FORMS, identity_of
from tests.referee.referee import Referee
from tests.referee.replacement import REPLACED_BY, keeps_its_name, replaced_by
from tests.referee.server import serving
from trimaran_providers.plugin.wire import encode

BUCKET, OBJECT = "aws:s3/bucket:Bucket", "aws:s3/bucketObjectv2:BucketObjectv2"
ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"


def thing(token: str, **inputs: Any) -> Thing:
    identity = identity_of(token, inputs, "toy", "eu-central-1")
    return Thing(
        type=token,
        id=identity.id,
        name=NAMES[token].of(inputs) or "",
        inputs=inputs,
        outputs={**inputs, **identity.outputs},
    )


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path)


def test_a_name_is_taken_once(account: Account) -> None:
    account.add(thing(BUCKET, bucket="toy"))
    with pytest.raises(RefusedError, match="AlreadyExists: there is a bucket toy"):
        account.add(thing(BUCKET, bucket="toy"))
    alarm = thing("aws:cloudwatch/metricAlarm:MetricAlarm", name="toy")
    account.add(alarm)
    with pytest.raises(RefusedError, match="there is a alarm toy"):
        account.add(thing("aws:cloudwatch/compositeAlarm:CompositeAlarm", alarmName="toy"))


def test_what_belongs_to_something_needs_it(account: Account) -> None:
    with pytest.raises(RefusedError, match="NotFound: there is no aws:iam/role:Role toy"):
        account.add(thing(POLICY, role="toy", name="read"))
    account.add(thing(ROLE, name="toy"))
    account.add(thing(POLICY, role="toy", name="read"))


def test_what_others_hang_on_stays(account: Account) -> None:
    account.add(thing(ROLE, name="toy"))
    account.add(thing(POLICY, role="toy", name="read"))
    with pytest.raises(RefusedError, match="DeleteConflict: toy still has toy:read"):
        account.remove(ROLE, "toy")
    account.remove(POLICY, "toy:read")
    account.remove(ROLE, "toy")
    assert account.all() == []


@pytest.mark.parametrize("forced", [False, True])
def test_a_bucket_with_objects_goes_only_by_force(account: Account, forced: bool) -> None:
    account.add(thing(BUCKET, bucket="toy", forceDestroy=forced))
    account.add(thing(OBJECT, bucket="toy", key="a"))
    if forced:
        account.remove(BUCKET, "toy")
        assert account.all() == []
    else:
        with pytest.raises(RefusedError, match="BucketNotEmpty"):
            account.remove(BUCKET, "toy")


def test_what_is_not_there_is_neither_changed_nor_deleted(account: Account) -> None:
    with pytest.raises(RefusedError, match="NotFound"):
        account.remove(BUCKET, "toy")
    with pytest.raises(RefusedError, match="NotFound"):
        account.change(thing(BUCKET, bucket="toy"))


def test_what_was_there_before_is_not_left_over(tmp_path: Path) -> None:
    referee = Referee(tmp_path)
    referee.has(BUCKET, "theirs", {"bucket": "theirs"})
    Account(tmp_path).add(thing("aws:s3/bucketPolicy:BucketPolicy", bucket="theirs"))
    assert referee.left() == ["aws:s3/bucketPolicy:BucketPolicy theirs"]


def create(name: str) -> pb.CreateRequest:
    return pb.CreateRequest(
        urn=f"urn:pulumi:test::toy::trimaran:index:MLStack$aws:s3/bucket:Bucket::{name}",
        properties=encode({"bucket": name}),
    )


def test_a_call_that_hangs_ends_when_the_engine_cancels(tmp_path: Path) -> None:
    referee = Referee(tmp_path)
    referee.mishap("hang", "create", nth=2)
    with serving(Account(tmp_path)) as port, ThreadPoolExecutor(1) as pool:
        stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
        assert stub.Create(create("one")).id == "one"
        hanging = pool.submit(stub.Create, create("two"))
        threading.Event().wait(0.3)
        assert not hanging.done()
        stub.Cancel(Empty())
        with pytest.raises(grpc.RpcError, match="ServiceFailure"):
            hanging.result(timeout=10)
        assert referee.left() == ["aws:s3/bucket:Bucket one"]
        referee.peace()
        assert stub.Create(create("two")).id == "two"


def test_the_nth_counts_from_when_it_was_written_down(tmp_path: Path) -> None:
    referee = Referee(tmp_path)
    with serving(Account(tmp_path)) as port:
        stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
        stub.Create(create("one"))
        referee.mishap("fail", "create", nth=2)
        stub.Create(create("two"))
        with pytest.raises(grpc.RpcError, match="ServiceFailure"):
            stub.Create(create("three"))
        stub.Create(create("three"))
    assert [call.name for call in referee.calls()] == ["one", "two", "three", "three"]


def test_every_type_that_is_checked_is_also_known_here() -> None:
    assert CALLS.keys() <= FORMS.keys()
    assert CALLS.keys() <= REPLACED_BY.keys()
    assert CALLS.keys() <= NAMES.keys() | {"aws:ec2/vpcEndpoint:VpcEndpoint", "aws:kms/key:Key"} | {
        "aws:secretsmanager/secretVersion:SecretVersion"
    }


@pytest.mark.parametrize("token", sorted(FORMS))
def test_every_name_in_the_tables_is_one_of_the_providers(token: str) -> None:
    inputs = members(args_of(token)).keys()
    assert FORMS[token][1].keys() <= output_names(token)
    assert replaced_by(token) - {"region"} <= inputs
    assert token not in NAMES or set(NAMES[token].parts) <= inputs
    assert token not in PARENTS or PARENTS[token].input in inputs


def test_a_replacement_that_keeps_its_name_goes_first() -> None:
    old, new = {"name": "toy", "path": "/a/"}, {"name": "toy", "path": "/b/"}
    assert keeps_its_name(ROLE, old, new)
    assert not keeps_its_name(ROLE, old, {**new, "name": "other"})
    assert not keeps_its_name("aws:kms/key:Key", {}, {})
