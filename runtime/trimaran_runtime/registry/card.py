"""The model card: a release told to a person, in Markdown, without clock or host."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trimaran_runtime.registry.card_measurements import measurements
from trimaran_runtime.registry.release import Check, Lineage

if TYPE_CHECKING:
    from trimaran_runtime.evaluation.evaluation import Evaluation, SegmentResult
    from trimaran_runtime.explain.explanation import Explanation
    from trimaran_runtime.registry.card_page import Card

_MOST_SEGMENTS = 30


def model_card(card: "Card") -> str:
    """Render the card as Markdown."""
    signature, verdict, lineage = card.signature, card.verdict, card.lineage
    evaluation, findings = card.evaluation, card.findings
    answer = "accepted" if verdict.accepted else "**refused**"
    shown = [
        f"# {card.model_name}",
        f"{card.estimator} that predicts `{signature.target}` ({signature.task}) from "
        f"{len(signature.features)} columns. The gate {answer} it.",
        "## Metrics",
        f"On {lineage.rows.get('test', 0)} test rows that it never saw.",
        _table(
            ("metric", "value"),
            [(name, _number(value)) for name, value in sorted(evaluation.metrics.items())],
        ),
        f"{verdict.metric}: {_number(verdict.value)}{_interval(verdict.interval)}; "
        f"best constant prediction: {_number(evaluation.baseline.value)}.",
        "## Segments",
        _segments(evaluation.segments),
        *_measured(evaluation),
        "## Gate",
        _checks(verdict.checks),
        "## Findings in the data",
        "\n".join(f"- {finding.severity}: {finding}" for finding in findings.findings) or "None.",
        *(["## Importance", _importance(card.explanation)] if card.explanation else []),
        "## Inputs",
        _table(
            ("column", "type", "missing", "example"),
            [
                (f.name, f.type, "possible" if f.nullable else "never", str(f.example))
                for f in signature.features
            ],
        ),
        "## Serving",
        f"{card.lowering.told[0].upper()}{card.lowering.told[1:]}.",
        "## Lineage",
        _table(("what", "value"), _lineage(lineage)),
    ]
    return "\n\n".join(shown) + "\n"


def _segments(segments: "Sequence[SegmentResult]") -> str:
    if not segments:
        return "No segments are named in `data.segments`."
    rows = [
        (
            segment.name,
            str(segment.rows),
            _number(segment.estimate.value),
            _number(segment.estimate.low),
            _number(segment.estimate.high),
            _number(segment.champion),
        )
        for segment in segments[:_MOST_SEGMENTS]
    ]
    told = _table(("segment", "rows", "value", "low", "high", "champion"), rows)
    left_out = len(segments) - _MOST_SEGMENTS
    return f"{told}\n\n… and {left_out} smaller levels." if left_out > 0 else told


def _measured(evaluation: "Evaluation") -> list[str]:
    shown = []
    for told in measurements(evaluation):
        shown += [f"## {told.title}", told.sentence, _table(told.head, told.rows)]
    return shown


def _importance(found: "Explanation") -> str:
    told = f"Mean absolute contribution ({found.scale}, {found.method}: {found.why})."
    rows = [
        (each.feature, f"{each.value:.4g}", f"{each.low:.4g}", f"{each.high:.4g}")
        for each in found.importances[:_MOST_SEGMENTS]
    ]
    return f"{told}\n\n{_table(('column', 'value', 'low', 'high'), rows)}"


def _checks(checks: Sequence[Check]) -> str:
    marks = {True: "✓", False: "✗"}
    return "\n".join(
        f"- {marks[check.passed] if check.judged else '·'} {check.name}: {check.detail}"
        for check in checks
    )


def _lineage(lineage: Lineage) -> list[tuple[str, str]]:
    digests = [
        ("source", lineage.source),
        ("data", lineage.data),
        ("code", lineage.code),
        ("configuration", lineage.config),
        ("environment", lineage.environment),
    ]
    rows = [(f"{name} rows", str(count)) for name, count in lineage.rows.items()]
    parameters = [(f"parameter {k}", str(v)) for k, v in sorted(lineage.parameters.items())]
    versions = sorted(lineage.versions.items())
    return [*digests, *rows, ("seed", str(lineage.seed)), *parameters, *versions]


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def _interval(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f" [{interval[0]:.4f}, {interval[1]:.4f}]"
