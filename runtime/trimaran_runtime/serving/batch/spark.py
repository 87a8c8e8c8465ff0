"""Predictions where the rows are: partition by partition of a Spark data frame.

Each Python worker loads the release once, from the store, and predicts as a batch job on one
machine does. Nothing here imports PySpark: it is what Spark calls.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.columns import columns_of, conform
from trimaran_runtime.serving.batch.answer import AnswerColumns
from trimaran_runtime.serving.batch.collector import paused
from trimaran_runtime.serving.batch.feed import Part, kept_of
from trimaran_runtime.serving.batch.job import ROWS_PER_BATCH, refuse_names
from trimaran_runtime.serving.batch.portion import portions_of
from trimaran_runtime.serving.batch.scorer import OnBadRow, Scorer
from trimaran_runtime.serving.batch.stored_code import StoredReleaseWithCode
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.metrics import ServerMetrics
from trimaran_runtime.serving.service import Service

if TYPE_CHECKING:
    import pyarrow as pa

_ORIGIN = "a partition of the frame"
_TYPES = {"bool": "boolean", "int64": "bigint", "double": "double", "string": "string"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePredictor:
    """Predicts the rows of a data frame; small, and the same in every process.

    Attributes:
        store_uri: URI of the artifact store, which every executor reaches.
        release_id: full id of the release.
        keep: columns that go along, in this order, before the predictions.
        rows_per_batch: rows that the model gets at a time, 1 or more.
        on_bad_row: what becomes of rows that the signature refuses.
        every_class: whether the probability of every class is given.
        config: whose signature a release must carry, and the like.
    """

    store_uri: str
    release_id: str
    keep: tuple[str, ...] = ()
    rows_per_batch: int = ROWS_PER_BATCH
    on_bad_row: OnBadRow = OnBadRow.fail
    every_class: bool = False
    config: ServerConfig = field(default_factory=ServerConfig)

    def predict(self, frame: Any) -> Any:
        """A data frame of what goes along and the predictions; computed when it is asked for.

        Args:
            frame: a `pyspark.sql.DataFrame` with the model's columns, in any order.

        Raises:
            DataError: a column that goes along has the name of a prediction's.
            StoreError, RegistryError: the release cannot be loaded.
        """
        service, answer = self._loaded()
        refuse_names(self.keep, answer.names)
        features = [column.name for column in service.reader.columns]
        chosen = dict.fromkeys([*features, *self.keep])
        fields = {field.name: field.dataType.simpleString() for field in frame.schema}
        ddl = [f"{_quoted(name)} {fields[name]}" for name in self.keep]
        ddl += [f"{_quoted(field.name)} {_spark_type(field.type)}" for field in answer.schema]
        columns = [_quoted(name) for name in chosen]
        return frame.select(*columns).mapInArrow(self.stream, ", ".join(ddl))

    def stream(self, batches: "Iterable[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        """What `mapInArrow` takes: a partition's batches to batches of predictions.

        Raises:
            DataError: the signature refuses a row, and that is an error.
            UserCodeError: the model failed on a row.
        """
        service, answer = self._loaded()
        scorer = Scorer(service, answer, is_text=False, on_bad_row=self.on_bad_row)
        with paused() as collect:
            for portion in portions_of(self._parts(batches, service), self.rows_per_batch):
                yield from scorer.score(portion).table.to_batches()
                collect()

    def _parts(self, batches: "Iterable[pa.RecordBatch]", service: Service) -> Iterator[Part]:
        import pyarrow as pa

        features, row = [column.name for column in service.reader.columns], 1
        for batch in batches:
            table = pa.Table.from_batches([batch])
            chosen = table.select(features)
            types = columns_of([(_ORIGIN, chosen.schema)])
            carried = {name: table.schema.field(name).type for name in self.keep}
            yield Part(
                features=conform(chosen, types, _ORIGIN, _ORIGIN),
                kept=kept_of(table, carried, _ORIGIN),
                origin=_ORIGIN,
                first_row=row,
            )
            row += table.num_rows

    def _loaded(self) -> tuple[Service, AnswerColumns]:
        return _loaded(
            self.store_uri, self.release_id, self.config.model_dump_json(), self.every_class
        )


@cache
def _loaded(
    store_uri: str, release_id: str, config: str, every_class: bool
) -> tuple[Service, AnswerColumns]:
    """Once for each process: Spark keeps its Python workers from one partition to the next."""
    source = StoredReleaseWithCode(store_uri, release_id)
    service = source.load(ServerConfig.parse(config), ServerMetrics()).main.service
    service.batcher.close()
    return service, AnswerColumns.of(service, every_class=every_class)


def _spark_type(kind: Any) -> str:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        inner = ",".join(f"{_quoted(field.name)}:{_spark_type(field.type)}" for field in kind)
        return f"struct<{inner}>"
    return _TYPES[str(kind)]


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
