"""A model in lowered form: readers and operations in NumPy, and an answer in NumPy or ONNX."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.lowering.answer import Answer, Linear, Trees
from trimaran_runtime.lowering.matrix import Operation
from trimaran_runtime.lowering.reader import Columns, Reader

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Some columns, read and prepared."""

    reader: Reader
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class Lowered:
    """A model that needs NumPy, and ONNX Runtime where its answer is a graph, and nothing else.

    Attributes:
        inputs: names of the columns that it is given, in order.
        parts: what each part of a ColumnTransformer makes of them; put side by side.
        operations: what is done to them together.
        answer: the model proper.

    Raises:
        ValueError: the parts do not fit together.
    """

    inputs: tuple[str, ...]
    parts: tuple[Part, ...]
    operations: tuple[Operation, ...]
    answer: Answer

    def __post_init__(self) -> None:
        width = 0
        for part in self.parts:
            places = part.reader.columns
            if len(places) and not 0 <= int(places.min()) <= int(places.max()) < len(self.inputs):
                raise ValueError("a part reads a column that there is not")
            width += _through(part.operations, part.reader.width)
        if _through(self.operations, width) != self.answer.columns:
            raise ValueError("the model does not take what the preparation gives")

    @property
    def form(self) -> str:
        """What kind of model it is: `linear`, `trees` or `onnx`."""
        if isinstance(self.answer, Trees):
            return "trees"
        return "linear" if isinstance(self.answer, Linear) else "onnx"

    def predict(self, values: Columns) -> Floats:
        """Answers for rows given by column.

        Args:
            values: a list (or array) of n values for each of the inputs: numbers, texts,
                booleans, `datetime` without a zone, and None (or NaN) for what is missing.

        Returns:
            (n, k) probabilities of the classes, or (n, 1) numbers.

        Raises:
            ValueError: the original refuses such values as well.
        """
        return self.answer(self.prepared(values))

    def prepared(self, values: Columns) -> Floats:
        """(n, d) what the model proper is given for rows by column; see `predict`."""
        count = len(values[0])
        read = [_apply(part.operations, part.reader(values, count)) for part in self.parts]
        rows = read[0] if len(read) == 1 else np.concatenate(read, axis=1)
        return _apply(self.operations, rows)


def _apply(operations: tuple[Operation, ...], rows: Floats) -> Floats:
    for operation in operations:
        rows = operation(rows)
    return rows


def _through(operations: tuple[Operation, ...], width: int) -> int:
    for operation in operations:
        width = operation.width(width)
    return width
