"""Releases of the store are packages of SageMaker's registry, and approvals go both ways."""

import json
from collections.abc import Iterator
from functools import cache
from itertools import count
from typing import Any

import pytest
from botocore.stub import Stubber
from moto.sagemaker.models import sagemaker_backends

from tests.aws.listening import Listener
from tests.aws.moto_server import REGION, make_bucket, moto_server
from tests.aws.request_shapes import request_findings
from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.handlers import model_registry
from trimaran_providers.aws.handlers.address import address
from trimaran_providers.aws.handlers.model_package import PackageWriter
from trimaran_providers.aws.handlers.model_registry import (
    ModelRegistryHandler,
    ModelRegistryInputs,
    ModelRegistryOutputs,
)
from trimaran_providers.aws.handlers.package_mirror import PackageMirror
from trimaran_providers.aws.handlers.session import client, session
from trimaran_providers.contract.errors import CorruptedError, ResourceError
from trimaran_runtime.registry.approval import approve, rollback
from trimaran_runtime.registry.channels import Channel, current, history, move
from trimaran_runtime.registry.config import Approval
from trimaran_runtime.registry.promotion import promote
from trimaran_runtime.registry.release import (
    Check,
    Feature,
    File,
    Lineage,
    ModelFile,
    Release,
    Signature,
    Verdict,
    read_release,
    write_release,
)
from trimaran_runtime.storage.store import Store, blob_key

ACCOUNT = AwsAccount(region=REGION)
IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/toy@sha256:{'a' * 64}"
KEY = f"arn:aws:kms:{REGION}:123456789012:key/12345678-1234-1234-1234-123456789012"
NUMBERS = count(1)
DIGEST = f"sha256:{'d' * 64}"


@pytest.fixture(scope="module")
def sagemaker() -> Iterator[Any]:
    """One client of moto's server for all tests: loading the service's model takes a second."""
    with moto_server():
        yield client(ACCOUNT, "sagemaker")


@cache
def of_account(region: str | None) -> Any:
    return session(AwsAccount(region=region))


class World:
    """A store with releases, and a group of packages."""

    def __init__(self, sagemaker: Any, name: str) -> None:
        self.sagemaker, self.group = sagemaker, name
        self.store = Store(make_bucket(name) + "/team")
        sagemaker.create_model_package_group(ModelPackageGroupName=name)
        self.handler, self.told = ModelRegistryHandler(), Listener()

    def release(self, seed: int, *, accepted: bool = True) -> str:
        """A release the pipeline made: the candidate, if the gate accepted it."""
        evaluation = self.store.put_blob(b'{"metric": "roc_auc"}')
        model = self.store.put_blob(f"model {seed}".encode())
        check = Check(name="floor", passed=accepted, detail=f"roc_auc is 0.{seed}")
        release = Release(
            model_name="toy",
            model=ModelFile(
                format="skops", file=File(digest=model, size_bytes=7), trusted_types=()
            ),
            signature=Signature(
                features=(Feature(name="a", type="number", nullable=False),),
                target="bought",
                task="classification",
                classes=(False, True),
            ),
            verdict=Verdict(
                accepted=accepted,
                metric="roc_auc",
                value=seed / 10,
                interval=None,
                checks=(check,),
            ),
            metrics={"roc_auc": seed / 10},
            lineage=Lineage(
                config=DIGEST,
                code=DIGEST,
                data=DIGEST,
                environment=DIGEST,
                rows={"test": 100},
                parameters={},
                seed=seed,
            ),
            files={
                "evaluation": File(digest=evaluation, size_bytes=21),
                "reference_profile": File(digest=evaluation, size_bytes=21),
            },
        )
        write_release(self.store, release)
        if accepted:
            promote(self.store, release, Approval.manual, why="the gate accepted it", who="run")
        return release.id

    def inputs(self, **changes: Any) -> ModelRegistryInputs:
        known = {"approval": Approval.manual, "image": IMAGE, **changes}
        return ModelRegistryInputs(
            account=ACCOUNT, store_uri=self.store.uri, group=self.group, **known
        )

    def create(self, **changes: Any) -> ModelRegistryOutputs:
        made = self.handler.create(self.inputs(**changes), self.told)
        self.id = made.id
        return made.outputs

    def update(self, old: ModelRegistryOutputs, **changes: Any) -> ModelRegistryOutputs:
        return self.handler.update(self.id, old, self.inputs(**changes), self.told)

    def packages(self) -> dict[str, Any]:
        """Packages by release, as moto keeps them."""
        kept = sagemaker_backends["123456789012"][REGION].model_packages.values()
        ours = [p for p in kept if p.model_package_group_name == self.group]
        # By description: moto forgets the metadata of a package that is updated.
        return {p.model_package_description.removeprefix("Release "): p for p in ours}

    def statuses(self) -> dict[str, str]:
        return {release: p.model_approval_status for release, p in self.packages().items()}

    def console(self, release: str, status: str, why: str = "looks right") -> None:
        """What a person does in SageMaker's console."""
        self.sagemaker.update_model_package(
            ModelPackageArn=self.packages()[release].arn,
            ModelApprovalStatus=status,
            ApprovalDescription=why,
        )

    def production(self) -> str | None:
        pointer = current(self.store, Channel.production)
        return pointer.release if pointer else None


@pytest.fixture
def world(sagemaker: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(model_registry, "client", lambda account, service: sagemaker)
    monkeypatch.setattr(model_registry, "session", lambda account: of_account(account.region))
    return World(sagemaker, f"world-{next(NUMBERS)}")


def test_an_empty_store_has_an_empty_group(world: World) -> None:
    outputs = world.create()
    assert (outputs.candidate, outputs.approved, outputs.production) == ("", "", "")
    assert outputs.mirrored == 0
    assert world.handler.drifted(outputs) == set()


def test_every_release_is_a_package_once(world: World) -> None:
    good, bad = world.release(7), world.release(2, accepted=False)
    outputs = world.create()
    assert outputs.mirrored == 2
    assert world.statuses() == {good: "PendingManualApproval", bad: "Rejected"}
    again = world.update(outputs)
    assert (again.mirrored, len(world.packages())) == (2, 2)
    new = world.release(8)
    assert world.handler.drifted(again) == {"candidate", "mirrored"}
    assert world.update(again).mirrored == 3
    assert world.statuses()[new] == "PendingManualApproval"


def test_a_package_tells_digests_metrics_baselines_and_how_to_serve(world: World) -> None:
    release = world.release(7)
    world.create()
    package = world.packages()[release]
    known = package.customer_metadata_properties
    assert (known["gate"], known["roc_auc"], known["code"]) == ("accepted", "0.7", DIGEST)
    evaluation = package.model_metrics["ModelQuality"]["Statistics"]
    assert evaluation["S3Uri"] == f"{world.store.uri}/{blob_key(evaluation['ContentDigest'])}"
    assert package.drift_check_baselines.keys() == {"ModelQuality", "ModelDataQuality"}
    (container,) = package.inference_specification["Containers"]
    assert container["Image"] == IMAGE
    data = container["ModelDataSource"]["S3DataSource"]
    assert data["S3Uri"] == f"{world.store.uri}/serving/{release}/"
    assert container["Environment"] == {"TRIMARAN_RELEASE": release}


def test_a_refused_release_is_not_said_to_be_servable(world: World) -> None:
    refused = world.release(2, accepted=False)
    world.create()
    assert world.packages()[refused].inference_specification is None


def test_a_refused_release_that_a_person_let_in_is_servable_and_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = world.release(2, accepted=False)
    outputs = world.create(model_card=True)
    assert world.statuses() == {refused: "Rejected"}
    approve(world.store, refused, why="a trial", who="ana", override=["floor"])
    sent: list[dict[str, Any]] = []
    update = world.sagemaker.update_model_package
    monkeypatch.setattr(
        world.sagemaker, "update_model_package", lambda **body: sent.append(body) or update(**body)
    )
    world.update(outputs, model_card=True)
    assert world.statuses() == {refused: "Approved"}
    (body,) = sent
    (container,) = body["InferenceSpecification"]["Containers"]
    data = container["ModelDataSource"]["S3DataSource"]
    assert data["S3Uri"] == f"{world.store.uri}/serving/{refused}/"
    assert body["CustomerMetadataProperties"] == {"overridden": "floor"}
    told = json.loads(body["ModelCard"]["ModelCardContent"])["additional_information"]
    assert told["custom_details"]["overridden: floor"] == "ana: a trial"
    assert body["ModelCard"]["ModelCardStatus"] == "Approved"
    assert request_findings("UpdateModelPackage", {**body, "CustomerMetadataProperties": {}}) == [
        "UpdateModelPackage.CustomerMetadataProperties: 0 is not 1 to 50"
    ]


def test_an_override_before_the_mirror_is_made_is_approved_and_servable_in_it(world: World) -> None:
    refused = world.release(2, accepted=False)
    approve(world.store, refused, why="a trial", who="ana", override=["floor"])
    world.create()
    package = world.packages()[refused]
    assert package.model_approval_status == "Approved"
    assert package.inference_specification is not None
    assert package.customer_metadata_properties["overridden"] == "floor"


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("card", [True, False])
def test_the_requests_are_ones_that_the_api_takes(
    world: World, accepted: bool, card: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    create = world.sagemaker.create_model_package
    monkeypatch.setattr(
        world.sagemaker, "create_model_package", lambda **body: sent.append(body) or create(**body)
    )
    seed = 2 * accepted + card + 1
    release = world.release(seed, accepted=accepted)
    world.create(model_card=card, key=KEY)
    body = next(b for b in sent if b["CustomerMetadataProperties"]["release"] == release)
    # botocore's pattern of metadata ends in `${1,256}`, which no text matches.
    body = {**body, "CustomerMetadataProperties": {}}
    findings = request_findings("CreateModelPackage", body)
    assert findings == ["CreateModelPackage.CustomerMetadataProperties: 0 is not 1 to 50"]
    assert ("ModelCard" in body) == card


def test_a_card_tells_metrics_and_the_gates_checks(world: World) -> None:
    release = world.release(7)
    writer = PackageWriter(group="g", store_uri=world.store.uri, image="", key=KEY, model_card=True)
    body = writer.body(read_release(world.store, release), "Approved", "")
    content = json.loads(body["ModelCard"]["ModelCardContent"])
    (metric,) = content["evaluation_details"][0]["metric_groups"][0]["metric_data"]
    assert metric == {"name": "roc_auc", "type": "number", "value": 0.7}
    assert content["additional_information"]["custom_details"]["floor"] == "roc_auc is 0.7"
    assert body["SecurityConfig"] == {"KmsKeyId": KEY}
    assert "InferenceSpecification" not in body


def test_cards_that_are_asked_for_later_are_added(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = world.release(7)
    outputs = world.create()
    carded: list[str] = []

    def update(**body: Any) -> None:
        assert request_findings("UpdateModelPackage", body) == []
        carded.append(
            json.loads(body["ModelCard"]["ModelCardContent"])["additional_information"][
                "custom_details"
            ]["release"]
        )

    monkeypatch.setattr(world.sagemaker, "update_model_package", update)
    outputs = world.update(outputs, model_card=True)
    world.update(outputs, model_card=True)
    assert carded == [release]


def test_what_is_approved_here_is_approved_there(world: World) -> None:
    release = world.release(7)
    outputs = world.create()
    approve(world.store, release, why="I looked", who="ana@host")
    assert world.handler.drifted(outputs) == {"approved", "production", "mirrored"}
    outputs = world.update(outputs)
    assert outputs.production == release
    assert world.statuses() == {release: "Approved"}
    assert world.packages()[release].approval_description == "ana@host: I looked"
    assert world.handler.drifted(outputs) == set()


def test_a_release_approved_before_the_mirror_is_made_is_approved_in_it(world: World) -> None:
    release = world.release(7)
    approve(world.store, release, why="I looked", who="ana@host")
    world.create()
    assert world.statuses() == {release: "Approved"}


def test_what_is_approved_there_is_approved_here(world: World) -> None:
    release = world.release(7)
    outputs = world.create()
    assert outputs.production == ""
    assert any("waits for `trimaran approve" in line for line in world.told.lines)
    world.console(release, "Approved", "customers like it")
    assert world.handler.drifted(outputs) == {"mirrored"}
    outputs = world.update(outputs)
    assert outputs.approved == outputs.production == release
    record = history(world.store, Channel.approved)[-1]
    assert (record.who, record.why) == ("fake-user-profile-name", "customers like it")
    assert world.handler.drifted(outputs) == set()


def test_of_two_approvals_there_the_later_one_serves(world: World) -> None:
    first, second = world.release(7), world.release(8)
    outputs = world.create()
    world.console(second, "Approved")
    world.console(first, "Approved")
    assert world.update(outputs).production == first


def test_a_release_that_the_gate_refused_stays_refused(world: World) -> None:
    refused = world.release(2, accepted=False)
    outputs = world.create()
    world.console(refused, "Approved")
    outputs = world.update(outputs)
    assert outputs.production == ""
    assert world.statuses() == {refused: "Rejected"}
    assert "the gate refused release" in world.told.warnings[0]
    assert world.handler.drifted(outputs) == set()


def test_rejecting_there_what_serves_brings_the_one_before_back(world: World) -> None:
    first, second = world.release(7), world.release(8)
    for release in (first, second):
        approve(world.store, release, why="I looked", who="ana@host")
    outputs = world.create()
    assert outputs.production == second
    world.console(second, "Rejected", "complaints")
    assert world.handler.drifted(outputs) == {"mirrored"}
    outputs = world.update(outputs)
    assert outputs.production == first
    assert world.statuses()[second] == "Rejected"
    assert world.handler.drifted(outputs) == set()


def test_rejecting_there_the_only_one_is_told_and_it_serves_on(world: World) -> None:
    release = world.release(7)
    approve(world.store, release, why="I looked", who="ana@host")
    outputs = world.create()
    world.console(release, "Rejected")
    assert world.update(outputs).production == release
    assert "was rejected in SageMaker, and serves" in world.told.warnings[0]


def test_rejecting_there_what_waits_changes_nothing_here(world: World) -> None:
    release = world.release(7)
    outputs = world.create()
    world.console(release, "Rejected")
    assert world.handler.drifted(outputs) == set()
    assert world.update(outputs).production == ""
    assert world.statuses() == {release: "Rejected"}


def test_the_later_of_two_opposite_decisions_holds(world: World) -> None:
    release = world.release(7)
    outputs = world.create()
    world.console(release, "Rejected")
    approve(world.store, release, why="it was a mistake", who="ana@host")
    outputs = world.update(outputs)
    assert outputs.production == release
    assert world.statuses() == {release: "Approved"}


def test_a_rollback_here_leaves_the_approval_as_it_was(world: World) -> None:
    first, second = world.release(7), world.release(8)
    for release in (first, second):
        approve(world.store, release, why="I looked", who="ana@host")
    outputs = world.create()
    rollback(world.store, why="slow", who="ana@host")
    assert world.handler.drifted(outputs) == {"production"}
    assert world.update(outputs).production == first
    assert world.statuses() == {first: "Approved", second: "Approved"}


def test_automatic_approval_lets_the_waiting_one_in(world: World) -> None:
    release = world.release(7)
    outputs = world.create()
    outputs = world.update(outputs, approval=Approval.automatic)
    assert outputs.production == release
    assert world.statuses() == {release: "Approved"}


def test_an_approval_that_was_killed_half_way_is_finished(world: World) -> None:
    release = world.release(7)
    outputs = world.create()
    move(world.store, Channel.approved, release, expected=None, why="I looked", who="ana@host")
    assert "approved" in world.handler.drifted(outputs)
    outputs = world.update(outputs)
    assert outputs.production == release
    assert world.statuses() == {release: "Approved"}


def test_a_damaged_model_in_production_is_told(world: World) -> None:
    release = world.release(7)
    approve(world.store, release, why="I looked", who="ana@host")
    world.create()
    for entry in list(world.store.list("blobs")):
        world.store.delete(entry.key)
    with pytest.raises(CorruptedError, match="lost or altered"):
        world.create()


def test_a_refresh_reads_it_from_its_id(world: World) -> None:
    world.release(7)
    outputs = world.create(model_card=True)
    found = world.handler.read(world.id)
    assert found is not None
    assert found[0] == world.inputs(model_card=True)
    assert found[1] == outputs


def test_a_store_that_never_had_a_registry_has_none(world: World) -> None:
    assert world.handler.read(address(f"{world.store.uri}#{world.group}", ACCOUNT)) is None


def test_what_cannot_be_seen_is_taken_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = world.create()
    world.release(7)
    monkeypatch.setattr(model_registry, "client", client)
    monkeypatch.setattr(model_registry, "session", session)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert world.handler.drifted(outputs) == set()


def test_what_aws_refuses_is_told_in_our_words(world: World) -> None:
    world.release(7)
    with Stubber(world.sagemaker) as stubber:
        stubber.add_client_error("list_model_packages", "AccessDeniedException", "no")
        with pytest.raises(ResourceError, match="AWS refused ListModelPackages: AccessDenied"):
            world.create()


def test_packages_are_read_page_by_page(world: World) -> None:
    def page(release: str, token: str | None) -> dict[str, Any]:
        summary = {
            "ModelPackageArn": f"arn:aws:sagemaker:{REGION}:123456789012:model-package/g/1",
            "ModelPackageDescription": f"Release {release}",
            "CreationTime": 0,
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": "Approved",
        }
        strange = {**summary, "ModelPackageDescription": "made by hand"}
        more = {"NextToken": token} if token else {}
        return {"ModelPackageSummaryList": [summary, strange], **more}

    writer = PackageWriter(group="g", store_uri="", image="", key="", model_card=False)
    with Stubber(world.sagemaker) as stubber:
        stubber.add_response("list_model_packages", page("a", "2"))
        stubber.add_response("list_model_packages", page("b", None))
        found = PackageMirror(world.sagemaker, world.store, writer).packages()
    assert found.keys() == {"a", "b"}


def test_deleting_it_deletes_packages_and_leaves_releases(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = world.release(7)
    outputs = world.create()
    deleted: list[str] = []

    def delete(**body: Any) -> None:
        assert request_findings("DeleteModelPackage", body) == []
        deleted.append(body["ModelPackageName"])

    # moto deletes no packages.
    arn = world.packages()[release].arn
    monkeypatch.setattr(world.sagemaker, "delete_model_package", delete)
    world.handler.delete(world.id, outputs, world.told)
    assert deleted == [arn]
    assert world.handler.read(world.id) is None
    assert [entry.key for entry in world.store.list("releases")] != []
