"""Step `validate`: refuses data that a model must not be trained on."""

from trimaran_runtime.data.parquet import read_parquet
from trimaran_runtime.data.table import TABLE
from trimaran_runtime.steps.step import Context, Step
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.validation.validate import refuse_errors, validate

FINDINGS = "findings.json"
"""Name of the file with every finding; written also when the data are refused."""


def run(context: Context) -> None:
    """Write `findings.json`; raises ValidationRefused when there is an error in it."""
    table = read_parquet(context.inputs["table"] / TABLE)
    findings = validate(table, context.config)
    content = canonical_json(findings.model_dump(mode="json"))
    (context.outputs["findings"] / FINDINGS).write_bytes(content)
    context.progress(f"validate {'✗' if findings.errors else '✓'} {findings.summary}")
    refuse_errors(findings)


STEP = Step(name="validate", inputs=("config", "table"), outputs=("findings",), run=run)
