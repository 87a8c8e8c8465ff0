"""Drift: mergeable profiles of tables, and verdicts with confidence bounds.

Loaded on first use: the configuration of this section is read by programs that never compare.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimaran_runtime.drift.comparison import compare
    from trimaran_runtime.drift.profile import Profile
    from trimaran_runtime.drift.verdict import Verdict

__all__ = ["Profile", "Verdict", "compare"]

_HOME = {"Profile": "profile", "Verdict": "verdict", "compare": "comparison"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
