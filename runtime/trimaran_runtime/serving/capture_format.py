"""Whose words captured traffic is written in, and where it then lies in the store."""

from enum import StrEnum


class CaptureFormat(StrEnum):
    """Whose words captured traffic is written in."""

    trimaran = "trimaran"
    """Ours: one object a request, with its rows and predictions."""
    sagemaker = "sagemaker"
    """As SageMaker's data capture."""
    azureml = "azureml"
    """As Azure ML's data collector: `model_inputs` and `model_outputs`."""
    vertex = "vertex"
    """As the rows of Vertex AI's request-response logging, for `bq load`."""


def root_of(form: CaptureFormat) -> str:
    """Folder of the store that stands for the destination which the format's owner writes to."""
    # No endpoint can be called that: names have no equals sign.
    return "capture" if form is CaptureFormat.trimaran else f"capture/format={form}"
