"""What a cloud tells the container that it starts: port, release, model folder, size of payloads.

Sources, 2026-11-25, the last as an excerpt: https://docs.aws.amazon.com/sagemaker/latest/dg/
your-algorithms-inference-code.html (`/opt/ml/model`); https://learn.microsoft.com/azure/
machine-learning/how-to-deploy-custom-container ("Locating the mounted model", AZUREML_MODEL_DIR);
https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements#aip-variables
(AIP_HTTP_PORT, AIP_STORAGE_URI).
"""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from trimaran_runtime.registry.serving_files import MANIFEST
from trimaran_runtime.serving.downloaded_release import DownloadedRelease
from trimaran_runtime.serving.source import ReleaseFolder, Source

_MODEL_FOLDER = "/opt/ml/model"
"""Where SageMaker puts model data."""


def source_of(release_id: str, environ: Mapping[str, str], stack: ExitStack) -> Source:
    """Where the files of the release are: the first of these that is set.

    `TRIMARAN_MODEL_DIR`, a folder; `AZUREML_MODEL_DIR`, a folder, or one that holds it;
    `AIP_STORAGE_URI`, an address from which they are downloaded; else `/opt/ml/model`.

    Args:
        release_id: full id.
        environ: environment variables.
        stack: removes temporary folders when it closes.
    """
    code = _temporary("trimaran-code-", stack)
    if own := environ.get("TRIMARAN_MODEL_DIR"):
        return ReleaseFolder(Path(own), release_id, code)
    if mounted := environ.get("AZUREML_MODEL_DIR"):
        return ReleaseFolder(_nested(Path(mounted)), release_id, code)
    # Vertex AI sets it to nothing where the model has no artifacts.
    if uri := environ.get("AIP_STORAGE_URI"):
        return DownloadedRelease(uri, release_id, _temporary("trimaran-model-", stack), code)
    return ReleaseFolder(Path(_MODEL_FOLDER), release_id, code)


def _nested(folder: Path) -> Path:
    """The folder, or the only one in it: a model that was registered as a folder keeps its name."""
    if folder.is_dir() and not (folder / MANIFEST).is_file():
        below = [path for path in folder.iterdir() if (path / MANIFEST).is_file()]
        if len(below) == 1:
            return below[0]
    return folder


def _temporary(prefix: str, stack: ExitStack) -> Path:
    return Path(stack.enter_context(TemporaryDirectory(prefix=prefix)))
