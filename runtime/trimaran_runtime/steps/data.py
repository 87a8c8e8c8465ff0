"""Step `data`: reads the rows."""

from trimaran_runtime.data.table import RECORD, TABLE, write_table
from trimaran_runtime.steps.step import Context, Step
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.user_code import UserCode


def run(context: Context) -> None:
    """Write `table.parquet` and `data.json`."""
    folder = context.outputs["table"]
    code = UserCode(context.inputs["code"])
    record = write_table(context.config.data, code, folder / TABLE)
    (folder / RECORD).write_bytes(canonical_json(record.model_dump(mode="json")))
    context.progress(f"data ✓ {record.rows:,} rows, {len(record.columns)} columns")


STEP = Step(name="data", inputs=("config", "code"), outputs=("table",), run=run)
