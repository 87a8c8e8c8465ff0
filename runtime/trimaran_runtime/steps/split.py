"""Step `split`: train, validation and test rows."""

from trimaran_runtime.data.parquet import GROUP_ROWS, TableWriter, read_parquet
from trimaran_runtime.data.split import RECORD, SplitRecord, class_counts, row_numbers, split
from trimaran_runtime.data.table import TABLE
from trimaran_runtime.steps.step import Context, Step
from trimaran_runtime.storage.digest import canonical_json


def run(context: Context) -> None:
    """Write `train.parquet`, `validation.parquet`, `test.parquet` and `split.json`."""
    config, folder = context.config, context.outputs["splits"]
    table = read_parquet(context.inputs["table"] / TABLE)
    splits = split(table, config.data, seed=config.training.seed)
    for name, rows in splits.items():
        with TableWriter(folder / f"{name}.parquet", table.schema) as writer:
            # A row group at a time: the rows are held once, not twice.
            for start in range(0, len(rows), GROUP_ROWS):
                writer.add(table.take(row_numbers(rows[start : start + GROUP_ROWS])))
    counts = {name: len(rows) for name, rows in splits.items()}
    record = SplitRecord(
        by=splits.by,
        rows=counts,
        boundaries=splits.boundaries,
        classes=class_counts(table, config.data, splits),
        dropped=splits.dropped,
    )
    (folder / RECORD).write_bytes(canonical_json(record.model_dump(mode="json")))
    shown = " / ".join(f"{count:,}" for count in counts.values())
    context.progress(f"split ✓ {shown} rows by {splits.by}")


STEP = Step(name="split", inputs=("config", "table"), outputs=("splits",), run=run)
