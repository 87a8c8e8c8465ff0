"""ONNX Runtime, loaded when a model in ONNX is asked and never before."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.errors import ConfigError, Corrupted
from trimaran_runtime.lowering.device import Device

Floats = NDArray[np.float64]
CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_TELEMETRY = "ORT_DISABLE_TELEMETRY"
_SILENT = 4
"""Severity of what it logs: nothing but what ends the process; its errors are raised as well."""
_DTYPES: dict[str, "np.dtype[Any]"] = {
    "tensor(double)": np.dtype(np.float64),
    "tensor(float)": np.dtype(np.float32),
}


def onnxruntime() -> Any:
    """The library, told not to call home before it is loaded.

    Its Linux wheel writes a device id and a database below HOME when the first session starts;
    only this variable keeps it from that, and only before the import (onnxruntime 1.32).

    Raises:
        ConfigError: it is not installed.
    """
    os.environ[_TELEMETRY] = "1"
    try:
        import onnxruntime as library
    except ImportError as exc:
        raise ConfigError(
            f"the model is in ONNX, and ONNX Runtime cannot be loaded: {exc}",
            where="model",
            allowed="onnxruntime, or onnxruntime-gpu, beside the runtime (its extra `onnx`)",
            next_step="install it, or serve the original (`endpoint.lowered: false`)",
        ) from exc
    return library


@dataclass(frozen=True, slots=True)
class Session:
    """A model that can be asked.

    Attributes:
        run: the method of the library's session.
        input: name of its input.
        dtype: of the matrix it takes.
        provider: what computes it, in ONNX Runtime's words.
    """

    run: Any
    input: str
    dtype: "np.dtype[Any]"
    provider: str

    def ask(self, output: str, rows: Floats) -> Floats:
        """An output for (n, d) rows; raises ValueError for what overflows its datatype."""
        with np.errstate(over="ignore"):
            given = np.ascontiguousarray(rows, dtype=self.dtype)
        if given.dtype != rows.dtype and (np.isinf(given) & np.isfinite(rows)).any():
            raise ValueError("a value is too large for float32")
        (found,) = self.run((output,), {self.input: given})
        return np.asarray(found, dtype=np.float64)


def open_session(content: bytes, width: int, device: Device = Device.cpu) -> Session:
    """A session of a model that `check_model` has passed.

    Args:
        content: the model.
        width: columns of the matrix that it takes.
        device: what it is to be computed on.

    Raises:
        ConfigError: the library, or the GPU that was asked for, is not there.
        Corrupted: the model cannot be built, or takes something else.
    """
    library = onnxruntime()
    providers = _providers(library, device)
    options = library.SessionOptions()
    # One request is too little work to share between threads, as with BLAS.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _SILENT
    try:
        found = library.InferenceSession(content, options, providers=providers)
    except Exception as exc:
        raise _unreadable(str(exc)) from exc
    got = str(found.get_providers()[0])
    if device is Device.cuda and got != CUDA:
        # The library falls back by itself, and says so in its log at most.
        raise _no_gpu([got])
    given = found.get_inputs()
    if len(given) != 1 or given[0].type not in _DTYPES:
        raise _unreadable("it does not take one matrix of float32 or float64")
    if not _fits(given[0].shape, width):
        raise _unreadable(f"it takes {given[0].shape}, not any number of rows of {width} columns")
    return Session(found.run, given[0].name, _DTYPES[given[0].type], got)


def _fits(shape: Sequence[Any], width: int) -> bool:
    """Whether a shape is any number of rows, and as many columns or any number of them."""
    if len(shape) != 2:
        return False
    rows, columns = shape
    return not isinstance(rows, int) and (not isinstance(columns, int) or columns == width)


def _providers(library: Any, device: Device) -> list[Any]:
    there: Sequence[str] = library.get_available_providers()
    if device is Device.cpu:
        return [CPU]
    if CUDA in there:
        # TensorFloat-32 keeps 10 bits of a number; the gate compared with float32's 23.
        return [(CUDA, {"use_tf32": "0"}), CPU]
    if device is Device.cuda:
        raise _no_gpu(there)
    return [CPU]


def _no_gpu(there: Sequence[str]) -> ConfigError:
    return ConfigError(
        f"the endpoint has a GPU, and ONNX Runtime cannot use it (it has {', '.join(there)})",
        where="endpoint.compute.gpu",
        allowed=f"an ONNX Runtime with {CUDA}: onnxruntime-gpu, with CUDA and cuDNN beside it",
        next_step="install it instead of onnxruntime; or `endpoint.gpu: preferred` serves from the "
        "processor; or take the GPU away",
    )


def _unreadable(why: str) -> Corrupted:
    return Corrupted(
        f"the model in ONNX cannot be read: {why}",
        where="model",
        next_step="serve the original (`lowered: false`), or run the pipeline again",
    )
