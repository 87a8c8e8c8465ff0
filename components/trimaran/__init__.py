"""Infrastructure as code for MLOps that is portable across clouds.

Nothing is imported until it is used: `import trimaran` costs no more than its name.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimaran.alerts import Alerts as Alerts
    from trimaran.artifact_store import ArtifactStore as ArtifactStore
    from trimaran.endpoint import Endpoint as Endpoint
    from trimaran.monitor import Monitor as Monitor
    from trimaran.pipeline import Pipeline as Pipeline
    from trimaran.program import load as load
    from trimaran.registry import Registry as Registry
    from trimaran.stack import MLStack as MLStack

_HOME = {
    "Alerts": "trimaran.alerts",
    "ArtifactStore": "trimaran.artifact_store",
    "Endpoint": "trimaran.endpoint",
    "MLStack": "trimaran.stack",
    "Monitor": "trimaran.monitor",
    "Pipeline": "trimaran.pipeline",
    "Registry": "trimaran.registry",
    "load": "trimaran.program",
}

__all__ = [
    "Alerts",
    "ArtifactStore",
    "Endpoint",
    "MLStack",
    "Monitor",
    "Pipeline",
    "Registry",
    "load",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
