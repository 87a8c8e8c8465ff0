"""Settings under which tests run the real Pulumi engine: nothing of the user's, no network."""

import os
import sys
from pathlib import Path

_SCRIPTS = Path(sys.executable).parent
_ENGINE = _SCRIPTS.parent / "engine"


def engine_settings(home: Path, backend: Path) -> dict[str, str]:
    """Environment variables of an engine that keeps its state in `backend`.

    Args:
        home: the engine's own folder (`PULUMI_HOME`), shared by the tests of a session.
        backend: folder of the state; made when missing.
    """
    backend.mkdir(parents=True, exist_ok=True)
    return {
        # The environment's Python first: the engine's Python host takes the first one it finds.
        "PATH": os.pathsep.join([str(_SCRIPTS), str(_ENGINE), os.environ["PATH"]]),
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": backend.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "only for tests",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
    }
