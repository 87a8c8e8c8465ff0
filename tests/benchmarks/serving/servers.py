"""The servers that are compared: ours, and each peer as its guide starts it, with one worker."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib

from tests.benchmarks.serving.case import NAMES, Case
from tests.benchmarks.serving.server import Server, folder_of_environments, free_port
from tests.serving.releases import new_store, publish
from trimaran_runtime.registry.release import Feature
from trimaran_runtime.serving.config import ServerConfig

PEERS = Path(__file__).parent / "peers"
ENVIRONMENTS = folder_of_environments()
_FEATURES = tuple(Feature(name=name, type="number", nullable=False) for name in NAMES)


def missing() -> list[str]:
    """Peers whose environments are not there."""
    return [
        path.stem for path in PEERS.glob("*.in") if not Path(program(path.stem, "python")).exists()
    ]


def program(environment: str, name: str) -> str:
    """A program of a peer's environment."""
    return str(ENVIRONMENTS / environment / "bin" / name)


def _joblib(case: Case, folder: Path, port: int) -> dict[str, str]:
    joblib.dump(case.model, folder / "model.joblib")
    return {"MODEL": str(folder / "model.joblib")}


def _ours(lowered: bool) -> Server:
    def prepare(case: Case, folder: Path, port: int) -> dict[str, str]:
        release = publish(
            new_store(folder / "store"),
            model=case.named,
            features=_FEATURES,
            classes=(0, 1),
            trusted=case.trusted,
            lowered=True,
        )
        (folder / "release").write_text(release)
        (folder / "config").write_text(ServerConfig(lowered=lowered).model_dump_json())
        return {}

    def command(port: int, folder: Path) -> list[str]:
        return [
            *(sys.executable, "-m", "trimaran_runtime.serving"),
            *("--host", "127.0.0.1", "--port", str(port), "--config", str(folder / "config")),
            *("--store", (folder / "store").as_uri()),
            *("--release", (folder / "release").read_text()),
        ]

    return Server(
        name="Trimaran, lowered" if lowered else "Trimaran, scikit-learn",
        command=command,
        path="/invocations",
        prepare=prepare,
        labels=lambda answer: [each["label"] for each in answer["predictions"]],
    )


def _mlflow(case: Case, folder: Path, port: int) -> dict[str, str]:
    environ = _joblib(case, folder, port)
    python = program("mlflow", "python")
    script = str(PEERS / "mlflow_save.py")
    model = str(folder / "mlflow")
    subprocess.run([python, script, environ["MODEL"], model], check=True, capture_output=True)
    return environ


def _mlserver(batched: bool) -> Server:
    def prepare(case: Case, folder: Path, port: int) -> dict[str, str]:
        settings = {
            "host": "127.0.0.1",
            "http_port": port,
            "grpc_port": free_port(),
            "metrics_port": free_port(),
            # Its default, a worker process, does not start beside the uvloop of today.
            "parallel_workers": 0,
            "debug": False,
        }
        model: dict[str, Any] = {
            "name": "model",
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": "./model.joblib"},
        }
        if batched:
            model |= {"max_batch_size": 64, "max_batch_time": 0.005}
        (folder / "settings.json").write_text(json.dumps(settings))
        (folder / "model-settings.json").write_text(json.dumps(model))
        return _joblib(case, folder, port)

    def body(rows: Any) -> Any:
        tensor = {"name": "rows", "shape": list(rows.shape), "datatype": "FP64"}
        # With an id of ours: it would make one up for each answer.
        return {"id": "0", "inputs": [{**tensor, "data": rows.ravel().tolist()}]}

    return Server(
        name="MLServer, batching" if batched else "MLServer",
        command=lambda port, folder: [program("mlserver", "mlserver"), "start", str(folder)],
        path="/v2/models/model/infer",
        prepare=prepare,
        body=body,
        labels=lambda answer: answer["outputs"][0]["data"],
    )


def _script(environment: str, name: str) -> Any:
    return lambda port, folder: [program(environment, "python"), str(PEERS / name), str(port)]


LOWERED, OBJECT = _ours(lowered=True), _ours(lowered=False)
ALL_PEERS = (
    Server(
        name="Azure ML inference server",
        command=lambda port, folder: [
            *(program("azureml", "azmlinfsrv"), "--entry_script", str(PEERS / "azureml_score.py")),
            *("--port", str(port), "--worker_count", "1"),
        ],
        path="/score",
        prepare=_joblib,
        labels=lambda answer: answer,
    ),
    Server(
        name="BentoML",
        command=lambda port, folder: [
            *(program("bentoml", "bentoml"), "serve", "bentoml_service:Model", "--quiet"),
            *("--host", "127.0.0.1", "--port", str(port), "--working-dir", str(PEERS)),
        ],
        path="/predict",
        prepare=_joblib,
        labels=lambda answer: answer,
    ),
    Server(
        name="FastAPI",
        command=lambda port, folder: [
            *(program("fastapi", "uvicorn"), "fastapi_app:app", "--app-dir", str(PEERS)),
            *("--host", "127.0.0.1", "--port", str(port), "--no-access-log"),
        ],
        path="/predict",
        prepare=_joblib,
    ),
    Server(
        name="KServe",
        command=_script("kserve", "kserve_server.py"),
        path="/v1/models/model:predict",
        prepare=_joblib,
    ),
    Server(
        name="LitServe",
        command=_script("litserve", "litserve_server.py"),
        path="/predict",
        prepare=_joblib,
    ),
    Server(
        name="MLflow",
        command=lambda port, folder: [
            *(
                program("mlflow", "mlflow"),
                "models",
                "serve",
                "--model-uri",
                str(folder / "mlflow"),
            ),
            *("--host", "127.0.0.1", "--port", str(port), "--env-manager", "local"),
            *("--workers", "1"),
        ],
        path="/invocations",
        prepare=_mlflow,
        body=lambda rows: {"inputs": rows.tolist()},
    ),
    _mlserver(batched=False),
    _mlserver(batched=True),
)
