"""Limits of the `alerts` section."""

from collections.abc import Iterator

from trimaran_providers.aws.limits.identifiers import EMAIL, is_text
from trimaran_providers.contract.errors import Problem
from trimaran_providers.contract.spec import AlertsSpec, Channel, ChannelKind

# CloudWatch API Reference, `PutMetricAlarm`: a period below one minute is for high-resolution
# metrics; Period times EvaluationPeriods is at most one day, and at most seven days where the
# period is one hour or more.
_WINDOW_MINUTES = 24 * 60
_NO_DATA_HOURS = 7 * 24


def alerts_problems(alerts: AlertsSpec) -> Iterator[Problem]:
    """What AWS cannot do of the section."""
    for position, channel in enumerate(alerts.channels):
        yield from _channel(f"alerts.channels[{position}]", channel)
    window = alerts.rules.window_minutes
    if window != int(window) or not 1 <= window <= _WINDOW_MINUTES:
        yield Problem(
            path="alerts.rules.window_minutes",
            what=f"{window:g} is no window of a CloudWatch alarm",
            allowed=f"whole minutes, 1 to {_WINDOW_MINUTES}",
        )
    silent = alerts.rules.no_data_hours
    if silent is not None and (silent != int(silent) or silent > _NO_DATA_HOURS):
        yield Problem(
            path="alerts.rules.no_data_hours",
            what=f"{silent:g} is no time that a CloudWatch alarm can look back",
            allowed=f"whole hours, 1 to {_NO_DATA_HOURS}",
        )


def _channel(path: str, channel: Channel) -> Iterator[Problem]:
    to, url = channel.to, channel.url
    if channel.kind is ChannelKind.email and is_text(to) and not EMAIL.fullmatch(to):
        yield Problem(
            path=f"{path}.to", what=f"{to!r} is no e-mail address", allowed="name@example.com"
        )
    # SNS posts to http, too; an alert tells of a model's data, so that is refused.
    is_webhook = channel.kind is ChannelKind.webhook and is_text(url)
    if is_webhook and not str(url).startswith("https://"):
        yield Problem(path=f"{path}.url", what=f"{url!r} is not encrypted", allowed="https://…")
