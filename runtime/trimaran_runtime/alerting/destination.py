"""Destinations: the addresses of the spec as Apprise understands them."""

import hashlib
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

Kind = Literal["email", "webhook", "apprise"]
_CONNECT_SECONDS = 5
_READ_SECONDS = 10
_MAIL = ("mailto", "mailtos")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One place alerts go to.

    Attributes:
        name: what the log calls it; holds no secret.
        url: Apprise URL; empty when `problem` says why there is none.
        problem: why nothing can be delivered there; empty: nothing is known against it.
    """

    name: str
    url: str = field(default="", repr=False)
    problem: str = ""


def destination(kind: Kind, address: str, *, smtp_url: str | None = None) -> Destination:
    """The destination of a channel.

    Args:
        kind: `email`, `webhook` or `apprise`.
        address: e-mail address, HTTP(S) address, or Apprise URL.
        smtp_url: Apprise URL of the mail server that e-mail is sent through, e.g.
            `mailtos://user:password@smtp.example.com:587`; None: there is none.
    """
    # The address may hold a token: the log gets a digest of it.
    digest = hashlib.sha256(address.encode()).hexdigest()[:8]
    name = f"email {address}" if kind == "email" and "://" not in address else f"{kind} {digest}"
    if kind == "webhook":
        return _webhook(name, address)
    if kind == "email":
        return _email(name, address, smtp_url)
    if not urlsplit(address).scheme:
        return Destination(name=name, problem="the address is no Apprise URL (schema://…)")
    return Destination(name=name, url=address)


def _email(name: str, address: str, smtp_url: str | None) -> Destination:
    if urlsplit(address).scheme in _MAIL:
        return Destination(name=name, url=address)
    if "@" not in address or "://" in address:
        return Destination(name=name, problem="the address is no e-mail address")
    if not smtp_url:
        problem = (
            "no mail server is known; give its Apprise URL "
            "(mailtos://user:password@host:587) as the secret SMTP_URL"
        )
        return Destination(name=name, problem=problem)
    if urlsplit(smtp_url).scheme not in _MAIL:
        return Destination(name=name, problem="SMTP_URL is no mailto:// or mailtos:// URL")
    joint = "&" if "?" in smtp_url else "?"
    return Destination(name=name, url=f"{smtp_url}{joint}to={quote(address)}")


def _webhook(name: str, address: str) -> Destination:
    parts = urlsplit(address)
    schemes = {"https": "jsons", "http": "json"}
    if parts.scheme not in schemes or not parts.hostname:
        return Destination(name=name, problem="the address is no https:// or http:// address")
    # Apprise keeps unmarked parameters for itself; a minus hands one on to the address.
    query = [(f"-{key}", value) for key, value in parse_qsl(parts.query, keep_blank_values=True)]
    query += [("cto", str(_CONNECT_SECONDS)), ("rto", str(_READ_SECONDS))]
    path = parts.path or "/"
    url = f"{schemes[parts.scheme]}://{parts.netloc}{path}?{urlencode(query)}"
    return Destination(name=name, url=url)
