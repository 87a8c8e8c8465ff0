"""`python -m tests.tracking.mlflow_server FOLDER`: MLflow's own tracking server, on a free port.

The server is part of what mlflow-skinny installs, and Flask, which it wants, of what moto does.
Says its address in one line when it can be asked.
"""

import os
import sys
from pathlib import Path

from trimaran_runtime.tracking.server import load_quietly


def main(folder: Path) -> None:
    """Serve until killed; runs and artifacts are kept in the folder."""
    # What `mlflow server` hands to its workers (mlflow/server/__init__.py of 3.17.2).
    os.environ["_MLFLOW_SERVER_FILE_STORE"] = f"sqlite:///{folder / 'mlflow.db'}"
    os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = "mlflow-artifacts:/"
    os.environ["_MLFLOW_SERVER_ARTIFACT_DESTINATION"] = str(folder / "artifacts")
    os.environ["_MLFLOW_SERVER_SERVE_ARTIFACTS"] = "true"
    load_quietly()
    from mlflow.server import app
    from mlflow.server.handlers import _get_tracking_store
    from werkzeug.serving import make_server

    _get_tracking_store()  # makes the database, which takes longer than a client waits
    server = make_server("127.0.0.1", 0, app, threaded=True)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
