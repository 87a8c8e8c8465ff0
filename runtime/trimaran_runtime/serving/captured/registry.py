"""Who writes which format."""

from trimaran_runtime.serving.capture_format import CaptureFormat
from trimaran_runtime.serving.captured import azureml, sagemaker, trimaran, vertex
from trimaran_runtime.serving.captured.record import Render

RENDERERS: dict[CaptureFormat, Render] = {
    CaptureFormat.trimaran: trimaran.lines,
    CaptureFormat.sagemaker: sagemaker.lines,
    CaptureFormat.azureml: azureml.lines,
    CaptureFormat.vertex: vertex.lines,
}
