"""Predictions as columns: `prediction`, or `label`, `probability` and `probabilities`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from trimaran_runtime.serving.openapi import example_row
from trimaran_runtime.serving.service import Service

if TYPE_CHECKING:
    import pyarrow as pa

PREDICTION = "prediction"
LABEL = "label"
PROBABILITY = "probability"
PROBABILITIES = "probabilities"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerColumns:
    """The columns of a release's predictions.

    Attributes:
        labels: Arrow type of the labels; None: numbers are predicted.
        has_probability: whether the model gives probabilities.
        classes: names of the classes, where the probability of each is wanted; else none.
    """

    labels: Any
    has_probability: bool
    classes: tuple[str, ...]

    @classmethod
    def of(cls, service: Service, *, every_class: bool) -> "AnswerColumns":
        """Found out from the prediction of the release's own example."""
        import pyarrow as pa

        example = orjson.dumps({"instances": [example_row(service.release)]})
        rows = service.reader.read(None, example)
        (answer,) = service.predictor.rendered(
            service.predictor.predict(rows.values), every_class=True
        )
        if not isinstance(answer, dict):
            return cls(labels=None, has_probability=False, classes=())
        known = service.release.signature.classes or (answer[LABEL],)
        return cls(
            labels=pa.array(known).type,
            has_probability=PROBABILITY in answer,
            classes=tuple(answer.get(PROBABILITIES, ())) if every_class else (),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(self.schema.names)

    @property
    def schema(self) -> "pa.Schema":
        """Names and types of the columns, in order."""
        import pyarrow as pa

        if self.labels is None:
            return pa.schema([(PREDICTION, pa.float64())])
        fields = [(LABEL, self.labels)]
        if self.has_probability:
            fields.append((PROBABILITY, pa.float64()))
        if self.classes:
            fields.append((PROBABILITIES, self._struct))
        return pa.schema(fields)

    @property
    def _struct(self) -> Any:
        import pyarrow as pa

        return pa.struct([(name, pa.float64()) for name in self.classes])

    def table(self, predictions: Sequence[Any], accepted: "np.ndarray[Any, Any]") -> "pa.Table":
        """Predictions as columns, null where a row was refused.

        Args:
            predictions: as `Predictor.predict` gives them, one per accepted row.
            accepted: for each row whether it was accepted; shape `(n,)`, bool.
        """
        import pyarrow as pa

        table = pa.Table.from_arrays(self._columns(predictions), schema=self.schema)
        if len(predictions) == len(accepted):
            return table
        places = np.cumsum(accepted) - 1
        return table.take(pa.array(places, pa.int64(), mask=~accepted))

    def _columns(self, predictions: Sequence[Any]) -> "list[pa.Array]":
        import pyarrow as pa

        if self.labels is None:
            return [pa.array(np.array(predictions, dtype=np.float64))]
        columns = [pa.array([label for label, _ in predictions], self.labels)]
        if not self.has_probability:
            return columns
        chances = np.array([row for _, row in predictions], dtype=np.float64)
        # Without rows the array has no second axis.
        chances = chances.reshape(len(predictions), -1 if len(predictions) else 1)
        columns.append(pa.array(np.ascontiguousarray(chances[:, -1])))
        if self.classes:
            each = [
                pa.array(np.ascontiguousarray(chances[:, index % chances.shape[1]]))
                for index in range(len(self.classes))
            ]
            columns.append(pa.StructArray.from_arrays(each, fields=list(self._struct)))
        return columns
