"""The `alerts` section: what is worth a message, and where it goes."""

from enum import StrEnum
from typing import Self

from pydantic import model_validator

from trimaran_providers.contract.spec.linkable import Linkable
from trimaran_runtime.alerting.config import AlertRules
from trimaran_runtime.section import Section


class ChannelKind(StrEnum):
    """Ways to reach somebody."""

    email = "email"
    """An address, in `to`."""
    webhook = "webhook"
    """An HTTPS address that takes JSON, in `url` or `secret`."""
    apprise = "apprise"
    """Any Apprise URL (Slack, Teams, PagerDuty, ...), in `url` or `secret`."""


class Channel(Section):
    """One place alerts go to."""

    kind: ChannelKind
    """`email`, `webhook` or `apprise`."""
    to: Linkable | None = None
    """E-mail address."""
    url: Linkable | None = None
    """Address; put one with a token into `secret` instead."""
    secret: str | None = None
    """Name in `secrets` whose value is the address."""

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        wanted = ("to",) if self.kind is ChannelKind.email else ("url", "secret")
        given = [n for n in ("to", "url", "secret") if getattr(self, n) is not None]
        if len(given) != 1 or given[0] not in wanted:
            raise ValueError(
                f"kind {self.kind} takes exactly one of {' or '.join(wanted)}, "
                f"given {', '.join(given) or 'none'}"
            )
        return self


class AlertsSpec(Section):
    """What is worth a message, and where it goes."""

    channels: tuple[Channel, ...] = ()
    """Where alerts go, beside the log that is always kept."""
    rules: AlertRules = AlertRules()
    """What is worth a message."""
