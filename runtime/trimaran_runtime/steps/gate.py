"""Step `gate`: decides; what a refusal does is the register step's business."""

from trimaran_runtime.evaluation.evaluation import Evaluation
from trimaran_runtime.evaluation.latency import LATENCY, Latency
from trimaran_runtime.gate.judge import failed, judge
from trimaran_runtime.gate.record import record_of
from trimaran_runtime.steps.step import Context, Step
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.validation.finding import Findings

VERDICT = "verdict.json"
"""Name of the file with the verdict."""


def run(context: Context) -> None:
    """Write `verdict.json`. A refusal is no error here: the release is recorded first."""
    folder = context.inputs["evaluation"]
    verdict = judge(
        Evaluation.parse((folder / "evaluation.json").read_bytes()),
        Findings.parse((context.inputs["findings"] / "findings.json").read_bytes()),
        record_of(context.config),
        Latency.parse((folder / LATENCY).read_bytes()),
    )
    content = canonical_json(verdict.model_dump(mode="json"))
    (context.outputs["verdict"] / VERDICT).write_bytes(content)
    judged = [check for check in verdict.checks if check.judged]
    refused = failed(verdict.checks)
    counts = f"{len(judged) - len(refused)}/{len(judged)}"
    names = f": {', '.join(check.name for check in refused)}" if refused else ""
    context.progress(f"gate {'✗' if refused else '✓'} {counts}{names}")


STEP = Step(name="gate", inputs=("config", "evaluation", "findings"), outputs=("verdict",), run=run)
