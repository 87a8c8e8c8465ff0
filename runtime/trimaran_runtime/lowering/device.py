"""What a model in ONNX is computed on."""

from enum import StrEnum


class Device(StrEnum):
    """What a model in ONNX is computed on; others are computed by NumPy or their own library."""

    cpu = "cpu"
    """The processor."""
    cuda = "cuda"
    """A GPU; where ONNX Runtime cannot use one, nothing is served."""
    cuda_or_cpu = "cuda_or_cpu"
    """A GPU; where ONNX Runtime cannot use one, the processor."""
