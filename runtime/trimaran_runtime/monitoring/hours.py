"""Folders by the hour, `yyyy/mm/dd/hh`, in which captured traffic is kept."""

from datetime import datetime, timedelta

_HOUR = timedelta(hours=1)


def hours_of(since: datetime, until: datetime) -> list[str]:
    """Folders that may hold requests of a window, oldest first.

    A request that waited for its writer may lie in the folder of the hour after, so one hour
    more is looked into on either side.

    Args:
        since: beginning of the window, UTC.
        until: end of the window, UTC.
    """
    hour = since.replace(minute=0, second=0, microsecond=0) - _HOUR
    hours = []
    while hour <= until + _HOUR:
        hours.append(f"{hour:%Y/%m/%d/%H}")
        hour += _HOUR
    return hours
