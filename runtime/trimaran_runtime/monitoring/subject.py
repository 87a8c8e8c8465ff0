"""What a check judges: a release, what it was made on, and what it was asked and answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from trimaran_runtime.config import RunConfig
from trimaran_runtime.drift.history import ROLE as HISTORY
from trimaran_runtime.drift.history import History
from trimaran_runtime.drift.level_name import text_of
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.row_sample import RowSample
from trimaran_runtime.drift.seasons import ROLE as SEASONS
from trimaran_runtime.drift.seasons import Seasons
from trimaran_runtime.errors import ConfigError, Corrupted
from trimaran_runtime.monitoring.recorder import Recorder
from trimaran_runtime.monitoring.reference_rows import ROLE as REFERENCE_ROWS
from trimaran_runtime.monitoring.reference_rows import rows_of, with_rows
from trimaran_runtime.monitoring.traffic import Traffic, read_traffic
from trimaran_runtime.registry.release import SHORT, Release, read_release
from trimaran_runtime.storage.store import Store
from trimaran_runtime.validation.lock import TableLock

REFERENCE_PROFILE = "reference_profile"
"""Role of the release's file with the profile of its feature rows."""
PREDICTION_PROFILE = "prediction_profile"
"""Role of the release's file with the profile of its predictions on the test rows."""
_EXPLANATION = "explanation"
_CONFIG = "config"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a check judges: a release by its traffic.

    Attributes:
        release: the manifest.
        reference: profile of the rows it was made on.
        predictions: profile of its predictions on the test rows.
        traffic: what it was asked and answered in the window.
        history: how the reference differs from itself over time; None: it has no time.
        seasons: the reference by season; None: it has no time.
        lock: what its run was held to; None: nothing, or it cannot be read.
        lock_fault: why it cannot be read, in words; empty: it can be.
        importances: mean absolute contribution by column; empty: the release explains nothing.
        rows: rows it was made on, with its answers to them; None: it keeps none.
    """

    release: Release
    reference: Profile
    predictions: Profile
    traffic: Traffic
    history: History | None = None
    seasons: Seasons | None = None
    lock: TableLock | None = None
    lock_fault: str = ""
    importances: Mapping[str, float] = field(default_factory=dict)
    rows: RowSample | None = None


def read_subject(
    store: Store,
    endpoint: str,
    release_id: str,
    since: datetime,
    until: datetime,
    recorder: Recorder,
) -> Subject:
    """Read a release and the traffic of a window.

    Args:
        store: the artifact store.
        endpoint: name of the endpoint.
        release_id: full id of the release.
        since: beginning of the window, UTC.
        until: end of the window, UTC.
        recorder: who recorded the traffic.

    Raises:
        NotFound, Corrupted: the release or one of its profiles cannot be read.
    """
    release = read_release(store, release_id)
    rows = rows_of(_file(store, release, REFERENCE_ROWS))
    reference = with_rows(_profile(store, release, REFERENCE_PROFILE), rows)
    predictions = _profile(store, release, PREDICTION_PROFILE)
    recorded = recorder.requests(store, endpoint, release=release, since=since, until=until)
    classes = release.signature.classes
    traffic = read_traffic(
        recorded,
        reference=reference,
        predictions=predictions,
        since=since,
        until=until,
        positive=text_of(classes[1]) if len(classes) == 2 else None,
    )
    lock, lock_fault = _lock(store, release)
    history, seasons = _file(store, release, HISTORY), _file(store, release, SEASONS)
    return Subject(
        release=release,
        reference=reference,
        predictions=predictions,
        traffic=traffic,
        history=None if history is None else History.parse(history),
        seasons=None if seasons is None else Seasons.from_bytes(seasons),
        lock=lock,
        lock_fault=lock_fault,
        importances=_importances(store, release),
        rows=rows,
    )


def _lock(store: Store, release: Release) -> tuple[TableLock | None, str]:
    """The lock of the release's run, and why there is none where that is not known."""
    content = _file(store, release, _CONFIG)
    if content is None:
        return None, ""
    try:
        return RunConfig.parse(content).validation.lock, ""
    except ConfigError as exc:
        # Made by another version of this package: its traffic is judged all the same.
        return None, (
            "no rule of a lock was held to the traffic: the release's configuration is of another "
            f"version ({exc.where}: {exc.what})"
        )


def _importances(store: Store, release: Release) -> dict[str, float]:
    content = _file(store, release, _EXPLANATION)
    if content is None:
        return {}
    from trimaran_runtime.explain.explanation import Explanation

    found = Explanation.parse(content).importances
    return {importance.feature: importance.value for importance in found}


def _profile(store: Store, release: Release, role: str) -> Profile:
    content = _file(store, release, role)
    if content is None:
        raise Corrupted(
            f"release {release.id[:SHORT]} has no {role}",
            where="monitor",
            next_step="run the pipeline again",
        )
    return Profile.from_bytes(content)


def _file(store: Store, release: Release, role: str) -> bytes | None:
    file = release.files.get(role)
    return None if file is None else store.read_blob(file.digest)
