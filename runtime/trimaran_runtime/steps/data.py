"""Step `data`: reads the rows."""

from trimaran_runtime.data.parquet import write_parquet
from trimaran_runtime.data.table import RECORD, TABLE, read_table, record_of
from trimaran_runtime.steps.step import Context, Step
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.user_code import UserCode


def run(context: Context) -> None:
    """Write `table.parquet` and `data.json`."""
    config = context.config.data
    table = read_table(config, UserCode(context.inputs["code"]))
    record = record_of(table, config)
    folder = context.outputs["table"]
    write_parquet(table, folder / TABLE)
    (folder / RECORD).write_bytes(canonical_json(record.model_dump(mode="json")))
    context.progress(f"data ✓ {table.num_rows:,} rows, {table.num_columns} columns")


STEP = Step(name="data", inputs=("config", "code"), outputs=("table",), run=run)
