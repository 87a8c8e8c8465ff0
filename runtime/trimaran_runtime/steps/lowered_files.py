"""The lowered form of a release's model, proven or left out; either way the record says which."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trimaran_runtime.lowering.boundaries import boundary_rows
from trimaran_runtime.lowering.file import dump, load
from trimaran_runtime.lowering.from_steps import CannotLower
from trimaran_runtime.lowering.lower import lower
from trimaran_runtime.lowering.prove import Differs, prove
from trimaran_runtime.lowering.record import LOWERED, LOWERING, Lowering, power_of_ten
from trimaran_runtime.registry.release import Signature
from trimaran_runtime.serving.column import Column
from trimaran_runtime.serving.lowered_predictor import LoweredPredictor
from trimaran_runtime.serving.predictor import Predictor
from trimaran_runtime.storage.digest import canonical_json, digest_of

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 100_000
"""Rows of the data on which both forms are compared, evenly over it."""


def lowered_files(
    model: Any, digest: str, signature: Signature, tables: Sequence["pa.Table"]
) -> Mapping[str, bytes]:
    """The record of the lowering, and the lowered form where there is one, by file name.

    A model that cannot be lowered, or is not proven equal, is no fault: it is served as it is.

    Args:
        model: fitted scikit-learn estimator or pipeline.
        digest: of its file.
        signature: what it takes and gives.
        tables: rows of the data in normal form, e.g. the splits.
    """
    content: bytes | None = None
    try:
        content = dump(lower(model, signature))
        record = _proven(content, digest, model, signature, _values(tables, signature))
    except (CannotLower, Differs) as exc:
        record = Lowering(model=digest, reason=str(exc))
    except Exception as exc:  # noqa: BLE001 - another version of a library may look otherwise inside
        record = Lowering(model=digest, reason=f"{type(exc).__name__}: {exc}")
    found = {LOWERING: canonical_json(record.model_dump(mode="json"))}
    return found if content is None or record.lowered is None else {**found, LOWERED: content}


def _proven(
    content: bytes, digest: str, model: Any, signature: Signature, values: Sequence[list[Any]]
) -> Lowering:
    # What is proven is what a server will read, not what was written.
    read = load(content)
    columns = [Column(feature) for feature in signature.features]
    parity = prove(
        Predictor(model, signature, columns).predict,
        LoweredPredictor(read, signature).predict,
        signature,
        values,
        boundary_rows(read, signature.features, values),
    )
    return Lowering(
        model=digest,
        lowered=digest_of(content),
        form=read.form,
        rows=parity.rows,
        odd_rows=parity.odd_rows,
        refused_rows=parity.refused_rows,
        max_difference=power_of_ten(parity.max_difference),
    )


def _values(tables: Sequence["pa.Table"], signature: Signature) -> list[list[Any]]:
    """Rows by column, as a server hands them to a model."""
    import numpy as np
    import pyarrow as pa

    names = [feature.name for feature in signature.features]
    together = pa.concat_tables([table.select(names) for table in tables])
    step = max(1, -(-together.num_rows // MOST_ROWS))
    rows = together.take(np.arange(0, together.num_rows, step))
    return [_without_nan(column.to_pylist()) for column in rows.columns]


def _without_nan(values: list[Any]) -> list[Any]:
    """JSON has no NaN: a server is given null for it."""
    return [None if value != value else value for value in values]
