"""What differs between a release and the one made from its manifest."""

from collections.abc import Iterator, Mapping
from typing import Any

from trimaran_runtime.registry.release import Release
from trimaran_runtime.section import Section

_NOTHING = "nothing"


class Difference(Section):
    """One thing that is not the same."""

    item: str
    """What it is: `data`, `model`, `metric roc_auc`, `check floor`, `file sbom`, …"""
    recorded: str
    """In the release."""
    now: str
    """In the one made again."""

    def __str__(self) -> str:
        return f"{self.item}: was {self.recorded}, is {self.now}"


class Outcome(Section):
    """What came of making a release again."""

    release: str
    """Full id of the release."""
    environment: str
    """Where it was made again: `this interpreter`, or `a new environment of N distributions`."""
    differences: tuple[Difference, ...]
    """Empty: the same release came out, byte for byte."""

    @property
    def equal(self) -> bool:
        """Whether the same release came out."""
        return not self.differences


def differences(recorded: Release, now: Release) -> tuple[Difference, ...]:
    """Everything that differs, causes first: what it is made from, the model, what follows."""
    if recorded.id == now.id:
        return ()
    before, after = recorded.model_dump(mode="json"), now.model_dump(mode="json")
    found = [
        *_mapped("", before["lineage"], after["lineage"]),
        *_mapped("model ", before["model"], after["model"]),
        *_mapped("signature ", before["signature"], after["signature"]),
        *_mapped("metric ", recorded.metrics, now.metrics),
        *_mapped("verdict ", _without_checks(before), _without_checks(after)),
        *_mapped("check ", _checks(before), _checks(after)),
        *_mapped("file ", _digests(before), _digests(after)),
    ]
    return tuple(found) or (_other(recorded, now),)


def _mapped(
    prefix: str, recorded: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[Difference]:
    for name in dict.fromkeys([*recorded, *now]):
        before, after = recorded.get(name), now.get(name)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _mapped(f"{prefix}{name} ", before, after)
        else:
            yield Difference(item=f"{prefix}{name}", recorded=_told(before), now=_told(after))


def _told(value: Any) -> str:
    return _NOTHING if value is None else str(value)


def _without_checks(release: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in release["verdict"].items() if name != "checks"}


def _checks(release: Mapping[str, Any]) -> dict[str, str]:
    marks = {True: "passed", False: "failed"}
    return {
        check["name"]: f"{marks[check['passed']]}: {check['detail']}"
        for check in release["verdict"]["checks"]
    }


def _digests(release: Mapping[str, Any]) -> dict[str, str]:
    return {role: file["digest"] for role, file in release["files"].items()}


def _other(recorded: Release, now: Release) -> Difference:
    return Difference(item="manifest", recorded=recorded.id, now=now.id)
