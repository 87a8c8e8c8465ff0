"""Rows of Vertex AI's request-response log: exported files, or the table itself."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from trimaran_runtime.data.readers.arrow_files import first_line
from trimaran_runtime.errors import NotFound, PlatformError, StoreError
from trimaran_runtime.monitoring.capture import Counts
from trimaran_runtime.monitoring.json_lines import json_lines
from trimaran_runtime.storage.store import Store

_COLUMNS = (
    "endpoint",
    "deployed_model_id",
    "logging_time",
    "request_id",
    "request_payload",
    "response_payload",
)
_LINES = (".json", ".jsonl", ".ndjson")
_BATCH_ROWS = 1_000

Row = Mapping[str, Any]


def exported_rows(uri: str, counts: Counts) -> Iterator[Row]:
    """Rows of the files that BigQuery exported into a folder: Parquet, Avro, JSON by lines.

    A file that cannot be read is counted and left out: an export may still be running.

    Args:
        uri: the folder.
        counts: gets what was found.
    """
    store = Store(uri)
    for entry in store.list():
        reader = _reader(entry.key)
        if reader is None:
            continue
        try:
            content = store.read(entry.key)
        except NotFound:
            continue
        counts.files += 1
        yield from reader(content, counts)


def table_rows(table: str, since: datetime, until: datetime) -> Iterator[Row]:
    """Rows of the table in a window, read with the identity of this machine.

    Args:
        table: `project.dataset.table`.
        since: beginning of the window, UTC.
        until: end of the window, UTC.

    Raises:
        StoreError: the client `google-cloud-bigquery` is not installed.
        PlatformError: BigQuery refuses.
    """
    try:
        from google.api_core.exceptions import GoogleAPIError
        from google.cloud import bigquery
    except ImportError as exc:
        raise StoreError(
            "the package google-cloud-bigquery is not installed",
            where=f"bq://{table}",
            next_step="install it, or export the table and give the folder",
        ) from exc

    client = bigquery.Client()
    window = (("since", since), ("until", until))
    parameters = [bigquery.ScalarQueryParameter(name, "TIMESTAMP", at) for name, at in window]
    config = bigquery.QueryJobConfig(query_parameters=parameters)
    try:
        for row in client.query(query_of(table), job_config=config).result():
            yield dict(row.items())
    except GoogleAPIError as exc:
        raise PlatformError(f"BigQuery refuses: {first_line(exc)}", where=f"bq://{table}") from exc


def query_of(table: str) -> str:
    """SQL for the rows of a window, whose ends are parameters; raises StoreError."""
    if table.count(".") != 2 or not all(c.isalnum() or c in "._-:" for c in table):
        raise StoreError(f"{table!r} is no table", allowed="project.dataset.table", where="capture")
    columns = ", ".join(_COLUMNS)
    # The name is checked above; a name cannot be a parameter.
    return (
        f"SELECT {columns} FROM `{table}` "  # noqa: S608
        "WHERE logging_time > @since AND logging_time <= @until"
    )


def _reader(key: str) -> Any:
    if key.endswith(_LINES):
        return json_lines
    return {"parquet": _parquet, "avro": _avro}.get(key.rpartition(".")[2])


def _parquet(content: bytes, counts: Counts) -> Iterator[Row]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(pa.BufferReader(content)) as file:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError):
        counts.unreadable += 1


def _avro(content: bytes, counts: Counts) -> Iterator[Row]:
    from io import BytesIO

    import polars as pl

    try:
        table = pl.read_avro(BytesIO(content))
    except (pl.exceptions.PolarsError, OSError):
        counts.unreadable += 1
        return
    yield from table.iter_rows(named=True)
