"""`application/x-npy`: a matrix as `numpy.save` writes it."""

from collections.abc import Mapping

import numpy as np

from trimaran_runtime.serving.bodies.decoder import Decoded, Decoder
from trimaran_runtime.serving.bodies.expected import Expected
from trimaran_runtime.serving.bodies.given import Matrix
from trimaran_runtime.serving.bodies.npy_header import NpyHeader
from trimaran_runtime.serving.message import Refusal

MEDIA_TYPE = "application/x-npy"


def _decode(body: bytes, parameters: Mapping[str, str], expected: Expected) -> Decoded:  # noqa: ARG001  # as every decoder
    header = NpyHeader.parse(body)
    count, width = _shape(header, expected)
    stored = len(body) - header.start
    # A shape is a claim: nothing is allocated for it before the bytes are seen to be there.
    if header.size_bytes != stored:
        raise Refusal(
            400,
            f"the shape {header.shape} needs {header.size_bytes} bytes",
            where="body",
            given=stored,
            allowed="as many bytes as the shape needs",
        )
    expected.check_number(count, "body")
    flat = np.frombuffer(body, header.dtype, count * width, header.start)
    array = flat.reshape(width, count).T if header.is_fortran else flat.reshape(count, width)
    columns = enumerate(expected.columns)
    booleans = frozenset(place for place, column in columns if column.type == "boolean")
    return Decoded(Matrix(array, booleans))


def _shape(header: NpyHeader, expected: Expected) -> tuple[int, int]:
    """Rows and columns; one column may be given as a vector."""
    width = len(expected.names)
    shape = (*header.shape, 1) if len(header.shape) == 1 and width == 1 else header.shape
    if len(shape) != 2 or shape[1] != width:  # rows and columns
        raise Refusal(
            400,
            "the array has the wrong shape",
            where="body",
            given=list(header.shape),
            allowed=f"(rows, {width}), in this order: {', '.join(expected.names)}",
        )
    return shape[0], shape[1]


DECODER = Decoder(
    media_types=(MEDIA_TYPE,),
    decode=_decode,
    description=(
        "A matrix (rows, columns) of booleans, integers or floats as numpy.save writes it, in the "
        "signature's order; NaN is a missing value, 0 and 1 are booleans where the column is one."
    ),
    is_text=False,
    only_numbers=True,
)
