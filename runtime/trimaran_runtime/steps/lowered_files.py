"""The lowered form of a release's model, proven or left out; either way the record says which."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.lowering.boundaries import boundary_rows
from trimaran_runtime.lowering.file import dump, load
from trimaran_runtime.lowering.from_steps import CannotLower
from trimaran_runtime.lowering.lower import Found, lower, numpy_answer
from trimaran_runtime.lowering.lowered import Lowered
from trimaran_runtime.lowering.prove import EQUAL, Ask, Differs, Tolerance, prove
from trimaran_runtime.lowering.record import LOWERED, LOWERING, Lowering, power_of_ten
from trimaran_runtime.lowering.to_onnx import onnx_answer, refuse_without_libraries
from trimaran_runtime.registry.release import Signature
from trimaran_runtime.serving.column import Column
from trimaran_runtime.serving.lowered_predictor import LoweredPredictor
from trimaran_runtime.serving.predictor import Predictor
from trimaran_runtime.serving.values import Values
from trimaran_runtime.storage.digest import canonical_json, digest_of
from trimaran_runtime.training.config import LoweredFormat, LoweringConfig

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 100_000
"""Rows of the data on which both forms are compared, evenly over it."""


def lowered_files(
    model: Any,
    digest: str,
    signature: Signature,
    tables: Sequence["pa.Table"],
    config: LoweringConfig = LoweringConfig(),  # noqa: B008 - frozen
) -> Mapping[str, bytes]:
    """The record of the lowering, and the lowered form where there is one, by file name.

    A model that cannot be lowered, or is not proven equal, is no fault: it is served in the next
    simpler form, NumPy or as it is.

    Args:
        model: fitted scikit-learn estimator or pipeline.
        digest: of its file.
        signature: what it takes and gives.
        tables: rows of the data in normal form, e.g. the splits.
        config: what it is lowered to.

    Raises:
        ConfigError: it is to be lowered to ONNX, and the libraries for that are not installed.
    """
    wants_onnx = config.format is LoweredFormat.onnx
    if wants_onnx:
        refuse_without_libraries()
    gate = _Gate(model, digest, signature, _values(tables, signature), config)
    record, content = gate.lowered(onnx_answer if wants_onnx else numpy_answer)
    if wants_onnx and content is None:
        refused = record.reason
        record, content = gate.lowered(numpy_answer)
        record = record.model_copy(update={"refused": refused})
    found = {LOWERING: canonical_json(record.model_dump(mode="json"))}
    return found if content is None else {**found, LOWERED: content}


@dataclass(frozen=True, slots=True)
class _Gate:
    """Makes lowered forms of a model, and lets through what answers as it does."""

    model: Any
    digest: str
    signature: Signature
    values: Sequence[list[Any]]
    config: LoweringConfig

    def lowered(self, answer: Callable[[Any, Signature], Found]) -> tuple[Lowering, bytes | None]:
        """The record of one form, and its bytes; None: it is not used."""
        try:
            content = dump(lower(self.model, self.signature, answer))
            return self._proven(content), content
        except (CannotLower, Differs) as exc:
            return Lowering(model=self.digest, reason=str(exc)), None
        except Exception as exc:  # noqa: BLE001 - another version of a library may look otherwise inside
            return Lowering(model=self.digest, reason=f"{type(exc).__name__}: {exc}"), None

    def _proven(self, content: bytes) -> Lowering:
        # What is proven is what a server will read, not what was written.
        read, signature = load(content), self.signature
        tolerance = EQUAL
        if read.form == "onnx":
            tolerance = Tolerance(
                difference=self.config.tolerance, flipped=self.config.flipped_labels
            )
        columns = [Column(feature) for feature in signature.features]
        parity = prove(
            _as_served(Predictor(self.model, signature, columns).predict, signature),
            _as_served(LoweredPredictor(read, signature).predict, signature),
            signature,
            self.values,
            boundary_rows(self._splitting(read), signature.features, self.values),
            tolerance,
        )
        return Lowering(
            model=self.digest,
            lowered=digest_of(content),
            form=read.form,
            rows=parity.rows,
            odd_rows=parity.odd_rows,
            refused_rows=parity.refused_rows,
            flipped_rows=parity.flipped_rows,
            tolerance=tolerance.difference,
            max_difference=power_of_ten(parity.max_difference),
        )

    def _splitting(self, read: Lowered) -> Lowered:
        """The form whose splits are known: what is in ONNX has them in its NumPy form, if any."""
        try:
            return read if read.form != "onnx" else lower(self.model, self.signature)
        except CannotLower:
            return read


def _as_served(predict: Callable[[Values], list[Any]], signature: Signature) -> Ask:
    """Asks with what a server hands to a model: one matrix where every column is a number."""
    if any(feature.type != "number" for feature in signature.features):
        return predict
    return lambda rows: predict(np.array(rows, dtype=np.float64))


def _values(tables: Sequence["pa.Table"], signature: Signature) -> list[list[Any]]:
    """Rows by column, as a server hands them to a model."""
    import pyarrow as pa

    names = [feature.name for feature in signature.features]
    together = pa.concat_tables([table.select(names) for table in tables])
    step = max(1, -(-together.num_rows // MOST_ROWS))
    rows = together.take(np.arange(0, together.num_rows, step))
    return [_without_nan(column.to_pylist()) for column in rows.columns]


def _without_nan(values: list[Any]) -> list[Any]:
    """JSON has no NaN: a server is given null for it."""
    return [None if value != value else value for value in values]
