"""Arrow IPC, as a stream or as a file: the columns are the keys of a prediction in JSON."""

from collections.abc import Callable
from typing import Any

from trimaran_runtime.serving.answers.answer import RELEASE_HEADER, Answer
from trimaran_runtime.serving.answers.encoder import Encoder


def _stream(answer: Answer) -> bytes:
    import pyarrow as pa

    return _written(answer, pa.ipc.new_stream)


def _file(answer: Answer) -> bytes:
    import pyarrow as pa

    return _written(answer, pa.ipc.new_file)


def _written(answer: Answer, new: Callable[..., Any]) -> bytes:
    import pyarrow as pa

    rows = [row if isinstance(row, dict) else {"prediction": row} for row in answer.rendered]
    table = pa.Table.from_pylist(rows, metadata={RELEASE_HEADER: answer.release})
    sink = pa.BufferOutputStream()
    with new(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


_DESCRIPTION = (
    "Columns `label`, `probability` and, where asked for, a struct `probabilities`; of a "
    "regression `prediction`."
)
ENCODERS = tuple(
    Encoder(
        media_type=f"application/vnd.apache.arrow.{form}",
        encode=encode,
        description=_DESCRIPTION,
        is_text=False,
        needs="pyarrow",
    )
    for form, encode in (("stream", _stream), ("file", _file))
)
