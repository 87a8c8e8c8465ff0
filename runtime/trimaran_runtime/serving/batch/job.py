"""A batch job: files in, one file of predictions out, in memory that their size does not change."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.errors import DataError
from trimaran_runtime.serving.batch.answer import AnswerColumns
from trimaran_runtime.serving.batch.collector import paused
from trimaran_runtime.serving.batch.feed import Feed, open_feed
from trimaran_runtime.serving.batch.manifest import (
    BatchManifest,
    InputFile,
    OutputFile,
    RefusedRow,
)
from trimaran_runtime.serving.batch.portion import Portion, portions_of
from trimaran_runtime.serving.batch.scorer import OnBadRow, Scored, Scorer
from trimaran_runtime.serving.batch.sink import METADATA_MODEL, METADATA_RELEASE, sink_for
from trimaran_runtime.serving.batch.target import open_target
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.metrics import ServerMetrics
from trimaran_runtime.serving.service import Service
from trimaran_runtime.serving.source import Source
from trimaran_runtime.storage.digest import digest_of_file

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_PER_BATCH = 65_536
"""Rows that the model gets at a time, unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchJob:
    """What is to be predicted.

    Attributes:
        source: where the release comes from.
        input: path, glob, folder or URI of Parquet, CSV or Arrow files.
        output: path or URI of the file of predictions, .parquet, .pq or .csv.
        keep: columns that go along, in this order, before the predictions.
        rows_per_batch: rows that the model gets at a time, 1 or more.
        on_bad_row: what becomes of rows that the signature refuses.
        every_class: whether the probability of every class is written.
        overwrite: whether an output that is there already is replaced.
        config: whose signature a release must carry, and the like.
    """

    source: Source
    input: str
    output: str
    keep: tuple[str, ...] = ()
    rows_per_batch: int = ROWS_PER_BATCH
    on_bad_row: OnBadRow = OnBadRow.fail
    every_class: bool = False
    overwrite: bool = False
    config: ServerConfig = field(default_factory=ServerConfig)

    def run(self) -> BatchManifest:
        """Predict; the output is there completely or not at all, and then its manifest.

        Raises:
            DataError: the input cannot be read, lacks a column or holds a row that the signature
                refuses, or the output is of no kind that is written.
            AlreadyExists: the output is there already.
            UserCodeError: the model failed on a row.
            StoreError, RegistryError: the release cannot be loaded, or the output not written.
        """
        opened = sink_for(self.output)
        target = open_target(self.output)
        if not self.overwrite:
            target.refuse_existing()
        service = self.source.load(self.config, ServerMetrics()).main.service
        service.batcher.close()
        answer = AnswerColumns.of(service, every_class=self.every_class)
        refuse_names(self.keep, answer.names)
        feed = open_feed(self.input, [c.name for c in service.reader.columns], self.keep)
        schema = self._schema(feed, answer, service)
        count = _Count(feed)
        scorer = Scorer(service, answer, is_text=feed.is_text, on_bad_row=self.on_bad_row)
        with target.staged() as path:
            with opened(path, schema) as sink, paused() as collect:
                for portion in portions_of(feed.parts(), self.rows_per_batch):
                    scored = scorer.score(portion)
                    count.add(portion, scored)
                    sink.add(scored.table)
                    collect()
            manifest = self._manifest(service, count, path, target.name, schema)
            target.place(path, manifest.to_bytes(), overwrite=self.overwrite)
        return manifest

    def _schema(self, feed: Feed, answer: AnswerColumns, service: Service) -> "pa.Schema":
        import pyarrow as pa

        metadata = {
            METADATA_RELEASE: service.release_id.encode(),
            METADATA_MODEL: service.release.model_name.encode(),
        }
        return pa.schema([*feed.kept.items(), *answer.schema], metadata)

    def _manifest(
        self, service: Service, count: "_Count", path: Path, name: str, schema: "pa.Schema"
    ) -> BatchManifest:
        return BatchManifest(
            release=service.release_id,
            model_name=service.release.model_name,
            input=self.input,
            files=tuple(count.files()),
            rows=count.rows.total(),
            refused=count.refused.total(),
            first_refused=count.first,
            rows_per_batch=self.rows_per_batch,
            output=OutputFile(
                name=name,
                size_bytes=path.stat().st_size,
                digest=digest_of_file(path),
                columns={field.name: str(field.type) for field in schema},
            ),
        )


class _Count:
    """Counts rows by file."""

    def __init__(self, feed: Feed) -> None:
        self._names = feed.files
        self.rows: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.first: RefusedRow | None = None

    def add(self, portion: Portion, scored: Scored) -> None:
        for part in portion.stretches:
            self.rows[part.origin] += part.rows
            refused: Any = scored.refused[part.begin : part.begin + part.rows]
            self.refused[part.origin] += int(np.count_nonzero(refused))
        if self.first is None and scored.first is not None:
            file, row = portion.place(scored.first.row)
            self.first = RefusedRow(file=file, row=row, column=scored.first.column)

    def files(self) -> Iterator[InputFile]:
        for name in self._names:
            yield InputFile(name=name, rows=self.rows[name], refused=self.refused[name])


def refuse_names(keep: tuple[str, ...], answers: tuple[str, ...]) -> None:
    """Raise DataError where a column that goes along is named twice or as a prediction is."""
    for name in keep:
        if name in answers:
            raise DataError(
                f"column {name!r} has the name of a column of the predictions",
                where="keep",
                next_step="rename it in the input",
            )
        if keep.count(name) > 1:
            raise DataError(f"column {name!r} is named twice", where="keep")
