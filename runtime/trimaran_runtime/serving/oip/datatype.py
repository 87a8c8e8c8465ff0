"""Datatypes of the Open Inference Protocol: what a tensor's elements are, in JSON and in bytes.

Source: https://github.com/kserve/kserve/blob/master/docs/predict-api/v2/required_api.md, "Tensor
Data Types"; bytes: https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/
protocol/extension_binary_data.html (both read 2026-11-25).
"""

from dataclasses import dataclass

import numpy as np

from trimaran_runtime.registry.release import Feature


@dataclass(frozen=True, slots=True)
class Datatype:
    """One datatype.

    Attributes:
        name: as the protocol spells it.
        json: types that an element may have in JSON, beside null.
        allowed: the same in words.
        dtype: an element in bytes, little-endian; None: its length varies.
        limits: smallest and largest whole number; None: the elements are no whole numbers.
    """

    name: str
    json: frozenset[type]
    allowed: str
    dtype: "np.dtype[np.generic] | None"
    limits: tuple[int, int] | None = None

    @property
    def is_float(self) -> bool:
        """Whether NaN is among the elements."""
        return self.dtype is not None and self.dtype.kind == "f"


def _integer(name: str, code: str) -> Datatype:
    info = np.iinfo(code)
    words = f"whole numbers from {info.min} to {info.max}"
    limits = (int(info.min), int(info.max))
    return Datatype(name, frozenset({int}), words, np.dtype(code), limits)


def _float(name: str, code: str) -> Datatype:
    return Datatype(name, frozenset({int, float}), "numbers", np.dtype(code))


BOOL = Datatype("BOOL", frozenset({bool}), "true or false", np.dtype("u1"))
BYTES = Datatype("BYTES", frozenset({str}), "text", None)
FP64 = _float("FP64", "<f8")
INT64 = _integer("INT64", "<i8")
DATATYPES = {
    datatype.name: datatype
    for datatype in (
        BOOL,
        BYTES,
        _integer("UINT8", "u1"),
        _integer("UINT16", "<u2"),
        _integer("UINT32", "<u4"),
        _integer("UINT64", "<u8"),
        _integer("INT8", "i1"),
        _integer("INT16", "<i2"),
        _integer("INT32", "<i4"),
        INT64,
        _float("FP16", "<f2"),
        _float("FP32", "<f4"),
        FP64,
    )
}
"""Every datatype by name."""


def datatype_of(feature: Feature) -> Datatype:
    """The datatype that carries every value of a column.

    A missing number is NaN, which only a float has.
    """
    match feature.type:
        case "number":
            return FP64
        case "integer":
            return FP64 if feature.nullable else INT64
        case "boolean":
            return BOOL
        case _:
            return BYTES
