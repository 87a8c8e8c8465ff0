"""Files in folders by time, `yyyy/MM/dd/HH/mm`, as far down as whoever writes them goes."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from trimaran_runtime.storage.store import Store

_LINES = ".jsonl"
_DEEPEST = 5
_FLOORS = ("%Y", "%Y/%m", "%Y/%m/%d", "%Y/%m/%d/%H", "%Y/%m/%d/%H/%M")


def rolled_files(store: Store, folder: str, since: datetime, until: datetime) -> Iterator[str]:
    """Keys of the files that may hold records of a window, in order of their names.

    Args:
        store: where they are.
        folder: above the folders by time.
        since: beginning of the window, UTC.
        until: end of the window, UTC.
    """
    found = list(_of_days(store, folder, since, until))
    # Files of a whole month or year lie above the days; they are looked for where no day has one.
    yield from found or _above_days(store, folder, since, until)


def _of_days(store: Store, folder: str, since: datetime, until: datetime) -> Iterator[str]:
    day = since.replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= until:
        for entry in store.list(f"{folder}/{day:%Y/%m/%d}"):
            if entry.key.endswith(_LINES) and _overlaps(entry.key, folder, since, until):
                yield entry.key
        day += timedelta(days=1)


def _above_days(store: Store, folder: str, since: datetime, until: datetime) -> Iterator[str]:
    for year in range(since.year, until.year + 1):
        for entry in store.list(f"{folder}/{year}"):
            above = entry.key.removeprefix(f"{folder}/").count("/") <= 2
            if above and entry.key.endswith(_LINES) and _overlaps(entry.key, folder, since, until):
                yield entry.key


def _overlaps(key: str, folder: str, since: datetime, until: datetime) -> bool:
    """Whether the period of a file's folder and the window have a moment in common."""
    period = key.removeprefix(f"{folder}/").rpartition("/")[0]
    depth = period.count("/")
    if depth >= _DEEPEST:
        return True
    # Names of periods sort as the periods do.
    floor = _FLOORS[depth]
    return f"{since:{floor}}" <= period <= f"{until:{floor}}"
