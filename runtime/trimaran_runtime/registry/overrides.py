"""Refusals that a person let pass: append-only records beside the release they belong to.

A manifest cannot change, so who overrode what, and why, stands in `releases/<id>/overrides/`, one
record per check. A record is created once under a name made from the check, and never replaced.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from trimaran_runtime.errors import AlreadyExists, Corrupted, RegistryError
from trimaran_runtime.registry.channels import whoami
from trimaran_runtime.registry.release import SHORT, Check, Override, Release
from trimaran_runtime.storage.digest import PREFIX, canonical_json, digest_of
from trimaran_runtime.storage.store import Store

NEVER = frozenset({"finite predictions", "test rows"})
"""Checks without which no number of the verdict means anything."""
SEGMENTS = "segments"
"""Stands for every segment that refuses."""
_FEWEST_LETTERS = 3


def overrides(store: Store, release_id: str) -> tuple[Override, ...]:
    """What was overridden for a release, by check; raises Corrupted."""
    found = []
    for entry in store.list(f"releases/{release_id}/overrides"):
        try:
            found.append(Override.model_validate_json(store.read(entry.key)))
        except ValidationError as exc:
            raise Corrupted(
                f"record {entry.key!r} in {store.uri} cannot be read", where="overrides"
            ) from exc
    return tuple(sorted(found, key=lambda override: override.check))


def record_overrides(
    store: Store, release: Release, named: Sequence[str], *, because: str, who: str | None = None
) -> tuple[Override, ...]:
    """Record that a person lets refusing checks of a release pass; returns every record of it.

    Every file of the release is read and verified first: what was altered is not what was judged.

    Args:
        store: the artifact store.
        release: the refused release.
        named: names of refusing checks; `segments` for every segment that refuses.
        because: the reason, in at least three letters.
        who: None: user and host of this process.

    Raises:
        RegistryError: a check did not refuse, or can never be overridden, or there is no reason.
        NotFound, Corrupted: a file of the release is lost or was altered.
    """
    chosen = _chosen(release, named)
    if len(because.strip()) < _FEWEST_LETTERS:
        raise RegistryError(
            "an override needs a reason", where="approve", next_step='add --because "…"'
        )
    for file in (release.model.file, *release.files.values()):
        store.read_blob(file.digest)
    for name in chosen:
        record = Override(
            release=release.id,
            check=name,
            who=who or whoami(),
            because=because,
            when=datetime.now(UTC),
        )
        try:
            store.create(_key(release.id, name), canonical_json(record.model_dump(mode="json")))
        except AlreadyExists:
            # The first to override it is the one who did.
            continue
    return overrides(store, release.id)


def still_refusing(release: Release, overridden: Sequence[Override]) -> list[Check]:
    """The checks that refuse a release and that nobody has overridden."""
    passed = {override.check for override in overridden if override.release == release.id}
    return [
        check for check in _refusing(release) if check.name not in passed or check.name in NEVER
    ]


def _chosen(release: Release, named: Sequence[str]) -> list[str]:
    refusing = [check.name for check in _refusing(release)]
    chosen: list[str] = []
    for name in named:
        if name in NEVER:
            raise RegistryError(
                f"{name!r} can never be overridden: without it no other check means anything",
                where="approve",
            )
        found = [one for one in refusing if one == name or (name == SEGMENTS and _is_segment(one))]
        if not found:
            raise RegistryError(
                f"{name!r} does not refuse release {release.id[:SHORT]}",
                where="approve",
                allowed=", ".join(refusing) or "nothing: the gate accepted it",
            )
        chosen += found
    return list(dict.fromkeys(chosen))


def _is_segment(name: str) -> bool:
    return name.startswith("segment ")


def _refusing(release: Release) -> list[Check]:
    return [check for check in release.verdict.checks if check.judged and not check.passed]


def _key(release_id: str, check: str) -> str:
    digest = digest_of(check.encode()).removeprefix(PREFIX)
    return f"releases/{release_id}/overrides/{digest[:SHORT]}.json"
