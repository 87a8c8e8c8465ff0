"""From predictions to output tensors: which there are, which were asked for, and how they look."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from trimaran_runtime.serving.message import Refusal, Response
from trimaran_runtime.serving.oip.datatype import BOOL, BYTES, FP64, INT64, Datatype
from trimaran_runtime.serving.oip.elements import to_bytes
from trimaran_runtime.serving.oip.envelope import BINARY, HEADER_LENGTH
from trimaran_runtime.serving.oip.parameters import Parameters
from trimaran_runtime.serving.predictor import Renderer

LABEL, PROBABILITIES, PREDICTION = "label", "probabilities", "prediction"


@dataclass(frozen=True, slots=True)
class Output:
    """One output of the model.

    Attributes:
        name: `label`, `probabilities` or `prediction`.
        datatype: of its elements.
        width: elements of a row; None: one, and the tensor has one dimension.
    """

    name: str
    datatype: Datatype
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """An output that a request asks for, and whether as bytes."""

    output: Output
    is_binary: bool


class Outputs:
    """The outputs of one model.

    Args:
        predictor: what predicts, or spells what was predicted.
        task: `classification` or `regression`.
    """

    def __init__(self, predictor: Renderer, task: str) -> None:
        if task == "classification":
            self.all: tuple[Output, ...] = (Output(LABEL, _label_type(predictor.classes)),)
            if predictor.has_probabilities:
                self.all += (Output(PROBABILITIES, FP64, len(predictor.classes)),)
        else:
            self.all = (Output(PREDICTION, FP64),)
        self._by_name = {output.name: output for output in self.all}

    def wanted(self, document: dict[str, Any]) -> list[Wanted]:
        """The outputs that a request asks for, in its order; all of them where it names none.

        Raises:
            Refusal: 400, it asks for one that there is not.
        """
        is_binary = Parameters(document, "").flag("binary_data_output", False)
        given = document.get("outputs")
        if given is None or given == []:
            return [Wanted(output, is_binary) for output in self.all]
        if not isinstance(given, list):
            raise Refusal(400, "outputs are no list", where="outputs", allowed='[{"name": …}, …]')
        found = [self._wanted(output, f"outputs[{i}]", is_binary) for i, output in enumerate(given)]
        names = [wanted.output.name for wanted in found]
        if len(set(names)) != len(names):
            raise Refusal(400, "an output is asked for twice", where="outputs", given=names)
        return found

    def _wanted(self, given: Any, where: str, is_binary: bool) -> Wanted:
        name = given.get("name") if isinstance(given, dict) else None
        if not isinstance(name, str) or name not in self._by_name:
            raise Refusal(
                400, "unknown output", where=where, given=name, allowed=", ".join(self._by_name)
            )
        return Wanted(self._by_name[name], Parameters(given, where).flag("binary_data", is_binary))


def answer(head: dict[str, Any], wanted: Sequence[Wanted], predictions: list[Any]) -> Response:
    """The answer to an inference request.

    Args:
        head: fields of the answer beside `outputs`.
        wanted: the outputs that were asked for.
        predictions: as `Predictor.predict` gives them.
    """
    described, contents = [], []
    for item in wanted:
        output = item.output
        shape = [len(predictions)] + ([] if output.width is None else [output.width])
        tensor: dict[str, Any] = {
            "name": output.name,
            "datatype": output.datatype.name,
            "shape": shape,
        }
        values = _values(output, predictions)
        if item.is_binary:
            contents.append(to_bytes(values, output.datatype))
            described.append(tensor | {"parameters": {"binary_data_size": len(contents[-1])}})
        else:
            described.append(tensor | {"data": values})
    content = orjson.dumps(head | {"outputs": described})
    if not any(item.is_binary for item in wanted):
        return Response(200, content)
    headers = {HEADER_LENGTH: str(len(content))}
    return Response(200, b"".join([content, *contents]), BINARY, headers)


def _values(output: Output, predictions: list[Any]) -> list[Any]:
    """Elements of an output in row-major order."""
    if output.name == PREDICTION:
        return predictions
    if output.name == PROBABILITIES:
        return [chance for _, chances in predictions for chance in chances]
    labels = [label for label, _ in predictions]
    return [_text(label) for label in labels] if output.datatype is BYTES else labels


def _label_type(classes: Sequence[Any]) -> Datatype:
    """Datatype of class labels: text where they are not all booleans or all numbers."""
    types = set(map(type, classes))
    if types == {bool}:
        return BOOL
    if types == {int}:
        return INT64
    return FP64 if types and types <= {int, float} else BYTES


def _text(label: Any) -> str:
    if isinstance(label, bool):
        return "true" if label else "false"
    return str(label)
