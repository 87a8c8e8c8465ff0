"""Keeps the packages of SageMaker's registry and the channels of the store equal, both ways.

The store decides what releases there are; a package is made of each. What a person approves on
either side is approved on the other. Where the two sides say opposite things, the later one holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trimaran_providers.aws.handlers.model_package import (
    APPROVED,
    PENDING,
    REJECTED,
    PackageWriter,
    card,
    release_of,
)
from trimaran_providers.contract.handler import Reporter
from trimaran_runtime.errors import RegistryError
from trimaran_runtime.registry.approval import approve, rollback
from trimaran_runtime.registry.channels import Channel, Pointer, current, history
from trimaran_runtime.registry.config import UNSIGNED, SigningConfig
from trimaran_runtime.registry.overrides import overrides, still_refusing
from trimaran_runtime.registry.release import SHORT, list_releases, read_release
from trimaran_runtime.storage.store import Store

_DESCRIPTION = 1024
"""Characters of an approval's description."""
_SOMEBODY = "somebody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package of ours.

    Attributes:
        arn: its ARN.
        release: full id of its release.
        status: `Approved`, `Rejected` or `PendingManualApproval`.
    """

    arn: str
    release: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided about a package.

    Attributes:
        who: who it was, as AWS knows them.
        why: what they wrote; empty: nothing.
        when: time of it.
    """

    who: str
    why: str
    when: datetime


class PackageMirror:
    """The packages of a group beside the releases of a store.

    Args:
        sagemaker: boto3 client.
        store: the artifact store.
        writer: makes packages.
        signing: whose signature a release must carry to be approved.
    """

    def __init__(
        self,
        sagemaker: Any,
        store: Store,
        writer: PackageWriter,
        signing: SigningConfig = UNSIGNED,
    ) -> None:
        self._sagemaker, self._store, self._writer = sagemaker, store, writer
        self._signing = signing

    def packages(self) -> dict[str, Package]:
        """Packages by release."""
        pages = self._sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=self._writer.group, SortBy="CreationTime", SortOrder="Ascending"
        )
        found = {}
        for page in pages:
            for summary in page["ModelPackageSummaryList"]:
                release = release_of(summary.get("ModelPackageDescription", ""))
                if release is not None:
                    status = summary.get("ModelApprovalStatus", PENDING)
                    arn = summary["ModelPackageArn"]
                    found[release] = Package(arn=arn, release=release, status=status)
        return found

    def is_equal(self) -> bool:
        """Whether there is nothing to mirror or decide."""
        packages, approvals = self.packages(), _approvals(self._store)
        if set(list_releases(self._store)) - packages.keys():
            return False
        production = current(self._store, Channel.production)
        now = production.release if production else None
        return not any(_differs(p, approvals, now) for p in packages.values())

    def mirror(self, report: Reporter, *, with_cards: bool = False) -> int:
        """Make them equal; returns how many packages there are.

        Args:
            report: takes lines for the user.
            with_cards: whether packages that are there already get a card.
        """
        packages = self.packages()
        self._take_over(packages, report)
        approvals = _approvals(self._store)
        missing = [r for r in list_releases(self._store) if r not in packages]
        for number, release_id in enumerate(missing, 1):
            report.progress(f"release {release_id[:SHORT]} to the registry ({number})")
            self._create(release_id, approvals.get(release_id))
        if with_cards:
            for package in packages.values():
                release = read_release(self._store, package.release)
                self._sagemaker.update_model_package(
                    ModelPackageArn=package.arn,
                    ModelCard=card(release, overrides(self._store, release.id)),
                )
        return len(packages) + len(missing)

    def delete(self) -> None:
        """Delete every package of ours: a group that holds any cannot be deleted."""
        for package in self.packages().values():
            self._sagemaker.delete_model_package(ModelPackageName=package.arn)

    def _create(self, release_id: str, approval: Pointer | None) -> None:
        release = read_release(self._store, release_id)
        passed = overrides(self._store, release_id)
        refused = still_refusing(release, passed)
        status = REJECTED if refused else APPROVED if approval else PENDING
        why = f"{approval.who}: {approval.why}" if approval else ""
        self._sagemaker.create_model_package(**self._writer.body(release, status, why, passed))

    def _take_over(self, packages: Mapping[str, Package], report: Reporter) -> None:
        """Carry over what was decided on one side since, in the order it was decided."""
        approvals = _approvals(self._store)
        production = current(self._store, Channel.production)
        now = production.release if production else None
        differing = [p for p in packages.values() if _differs(p, approvals, now)]
        decided = [(self._decision(package), package) for package in differing]
        for decision, package in sorted(decided, key=lambda pair: pair[0].when):
            approval = approvals.get(package.release)
            if approval is None:
                self._approve(package, decision, report)
            elif package.status == REJECTED and decision.when > approval.when:
                self._withdraw(package, decision, report)
            else:
                self._set_approved(package, f"{approval.who}: {approval.why}")

    def _approve(self, package: Package, decision: Decision, report: Reporter) -> None:
        short = package.release[:SHORT]
        why = decision.why or "approved in SageMaker's model registry"
        try:
            approve(
                self._store,
                package.release,
                why=why,
                who=decision.who,
                signing=self._signing,
                export=True,
            )
        except RegistryError as exc:
            report.warning(f"release {short} was approved in SageMaker, and is not: {exc}")
            self._set(package, REJECTED, exc.what)
        else:
            self._set_approved(package, why)
            report.info(f"release {short} was approved in SageMaker by {decision.who}")

    def _withdraw(self, package: Package, decision: Decision, report: Reporter) -> None:
        """A release in production was rejected: the one before it comes back."""
        short = package.release[:SHORT]
        why = decision.why or "rejected in SageMaker's model registry"
        try:
            back = rollback(self._store, why=why, who=decision.who, signing=self._signing)
        except RegistryError as exc:
            report.warning(f"release {short} was rejected in SageMaker, and serves: {exc}")
        else:
            report.warning(
                f"release {short} was rejected in SageMaker by {decision.who}: "
                f"production is {back.release[:SHORT]} again"
            )

    def _set_approved(self, package: Package, why: str) -> None:
        """Of a release that was refused and overridden, the package says how it is served too."""
        release = read_release(self._store, package.release)
        passed = overrides(self._store, release.id)
        if passed:
            self._set(package, APPROVED, why, self._writer.overridden(release, passed))
        elif package.status != APPROVED:
            self._set(package, APPROVED, why)

    def _set(
        self, package: Package, status: str, why: str, told: Mapping[str, Any] | None = None
    ) -> None:
        self._sagemaker.update_model_package(
            ModelPackageArn=package.arn,
            ModelApprovalStatus=status,
            ApprovalDescription=" ".join(why.split())[:_DESCRIPTION],
            **(told or {}),
        )

    def _decision(self, package: Package) -> Decision:
        found = self._sagemaker.describe_model_package(ModelPackageName=package.arn)
        by = found.get("LastModifiedBy") or found.get("CreatedBy") or {}
        who = by.get("IamIdentity", {}).get("Arn") or by.get("UserProfileName") or _SOMEBODY
        when = found.get("LastModifiedTime") or found["CreationTime"]
        return Decision(who=who, why=found.get("ApprovalDescription", ""), when=when)


def _differs(package: Package, approvals: Mapping[str, Pointer], production: str | None) -> bool:
    """Whether somebody decided something on one side alone."""
    if package.release not in approvals:
        return package.status == APPROVED
    if package.status == REJECTED:
        # One that no longer serves may be rejected: there is nothing left to take back.
        return package.release == production
    return package.status != APPROVED


def _approvals(store: Store) -> dict[str, Pointer]:
    """The last approval of every release that was ever approved."""
    return {record.release: record for record in history(store, Channel.approved)}
