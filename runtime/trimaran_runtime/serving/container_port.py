"""The port of a container, as its cloud names it; loads nothing but the standard library."""

from collections.abc import Mapping

DEFAULT_PORT = 8080
"""Port that every cloud asks a container on unless it says otherwise."""
_VARIABLES = ("SAGEMAKER_BIND_TO_PORT", "AIP_HTTP_PORT")


def port_of(environ: Mapping[str, str]) -> int | None:
    """The port that a cloud names; None: it names none."""
    given = next((environ[name] for name in _VARIABLES if environ.get(name)), None)
    return None if given is None else int(given)
