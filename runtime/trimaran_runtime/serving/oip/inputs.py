"""From tensors to rows: a tensor for each column, or one matrix where every column is numeric."""

from typing import Any

from trimaran_runtime.registry.release import Signature
from trimaran_runtime.serving.message import Refusal
from trimaran_runtime.serving.oip.tensor import Tensor
from trimaran_runtime.serving.rows import RowReader, Rows

_NUMERIC = frozenset({"number", "integer"})


class Inputs:
    """Sorts tensors into the columns of a signature.

    Args:
        reader: checks the values of columns.
        signature: what the model takes.
    """

    def __init__(self, reader: RowReader, signature: Signature) -> None:
        self._reader = reader
        self._names = [feature.name for feature in signature.features]
        self._is_numeric = all(feature.type in _NUMERIC for feature in signature.features)

    def rows(self, tensors: list[Tensor]) -> Rows:
        """Checked rows.

        Raises:
            Refusal: 400, the tensors are not the signature's columns.
        """
        lone = tensors[0] if len(tensors) == 1 else None
        if lone is not None and lone.name not in self._names and len(lone.shape) == 2:
            return self._reader.checked(self._matrix(lone), False)
        by_name = {tensor.name: tensor for tensor in tensors}
        self._refuse_names(by_name)
        return self._reader.checked(self._columns(by_name), False)

    def _matrix(self, tensor: Tensor) -> list[list[Any]]:
        width = len(self._names)
        if not self._is_numeric or tensor.shape[1] != width:
            raise Refusal(
                400,
                "the input is neither a column nor a matrix of all columns",
                where="inputs[0]",
                given=list(tensor.shape),
                allowed=f"shape [rows, {width}], columns in the order {', '.join(self._names)}"
                if self._is_numeric
                else f"a tensor for each of {', '.join(self._names)}",
            )
        return [tensor.values[column::width] for column in range(width)]

    def _columns(self, by_name: dict[str, Tensor]) -> list[list[Any]]:
        rows = by_name[self._names[0]].shape[0]
        for tensor in by_name.values():
            if len(tensor.shape) == 2 and tensor.shape[1] != 1:
                raise Refusal(
                    400,
                    f"input {tensor.name!r} is one column",
                    where=tensor.name,
                    given=list(tensor.shape),
                    allowed="shape [rows] or [rows, 1]",
                )
            if tensor.shape[0] != rows:
                raise Refusal(
                    400,
                    f"input {tensor.name!r} has another number of rows than the first column",
                    where=tensor.name,
                    given=tensor.shape[0],
                    allowed=f"{rows} rows, as {self._names[0]!r}",
                )
        return [by_name[name].values for name in self._names]

    def _refuse_names(self, by_name: dict[str, Tensor]) -> None:
        for name in by_name:
            if name not in self._names:
                raise Refusal(
                    400, "unknown input", where="inputs", given=name, allowed=", ".join(self._names)
                )
        missing = [name for name in self._names if name not in by_name]
        if missing:
            raise Refusal(
                400,
                f"input {missing[0]!r} is missing"
                + (f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""),
                where=missing[0],
                allowed="a tensor for every column",
            )
