"""The model card as a page: one HTML file without anything from elsewhere, readable on a phone."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.monitoring.plot import CURRENT_COLOUR, REFERENCE_COLOUR
from trimaran_runtime.registry import card_plots
from trimaran_runtime.registry.card_measurements import measurements
from trimaran_runtime.registry.card_plots import Floats, Marks

if TYPE_CHECKING:
    from trimaran_runtime.evaluation.evaluation import Evaluation
    from trimaran_runtime.explain.explanation import Explanation
    from trimaran_runtime.lowering.record import Lowering
    from trimaran_runtime.registry.release import Lineage, Signature, Verdict
    from trimaran_runtime.validation.finding import Findings

_TEMPLATE = "card.html.jinja"
_FOLDERS = (Path(__file__).parent, Path(__file__).parents[1] / "monitoring")
"""Of the template, and of the style that all our pages share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers for the test rows, as far as they are drawn.

    Attributes:
        scores: (n,) probabilities of the last class, or predicted numbers.
        hits: (n,) whether it was the last class; None: a number is predicted.
    """

    scores: Floats
    hits: Marks | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Everything that a card tells."""

    model_name: str
    estimator: str
    signature: "Signature"
    verdict: "Verdict"
    evaluation: "Evaluation"
    findings: "Findings"
    lineage: "Lineage"
    lowering: "Lowering"
    explanation: "Explanation | None" = None
    answers: Answers | None = None


def card_page(card: Card) -> bytes:
    """Render the page; everything that came from data is escaped, no clock or host is in it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDERS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["number"] = _number
    rendered = environment.get_template(_TEMPLATE).render(
        card=card,
        plots=_plots(card),
        measured=measurements(card.evaluation),
        severity="ok" if card.verdict.accepted else "alert",
        colours={
            "reference": REFERENCE_COLOUR,
            "current": CURRENT_COLOUR,
        },
    )
    return rendered.encode()


def _plots(card: Card) -> list[dict[str, Any]]:
    from markupsafe import Markup

    drawn: list[tuple[str, str, str]] = []
    if card.answers is not None:
        drawn += _answer_plots(card, card.answers)
    metric = card.evaluation.metric.value
    drawn.append(
        (
            f"{metric} by segment",
            card_plots.segments_plot(card.evaluation.segments),
            "With 95 % confidence intervals, largest segments first.",
        )
    )
    if card.explanation is not None:
        found = card.explanation
        bars = [(i.feature, i.value, i.low, i.high) for i in found.importances]
        drawn.append(
            (
                "Importance of the columns",
                card_plots.importance_plot(bars),
                f"Mean absolute contribution ({found.scale}, {found.method}: {found.why}), with "
                f"95 % intervals over {found.rows} rows.",
            )
        )
        losses = [(i.feature, i.value, i.low, i.high) for i in found.permutation.losses]
        drawn.append(
            (
                f"{metric} lost without a column",
                card_plots.importance_plot(losses),
                f"Each column shuffled {found.permutation.repeats} times on "
                f"{found.permutation.rows} rows, with 95 % intervals.",
            )
        )
    # The markup is Vega's own; it escapes the labels it draws.
    return [
        {"name": name, "svg": Markup(svg), "sentence": sentence}  # noqa: S704
        for name, svg, sentence in drawn
        if svg
    ]


def _answer_plots(card: Card, answers: Answers) -> list[tuple[str, str, str]]:
    scores = answers.scores
    if len(scores) == 0 or not np.isfinite(scores).all():
        return []
    if answers.hits is None:
        return [("Predicted numbers", card_plots.scores_plot(scores), "Shares of the test rows.")]
    label = card.signature.classes[-1]
    return [
        (
            "Reliability",
            card_plots.reliability_plot(scores, answers.hits),
            f"How often {card.signature.target} was {label}, by its predicted probability; on "
            "the dashed line both agree.",
        ),
        (
            "Scores",
            card_plots.scores_plot(scores),
            f"Shares of the test rows by predicted probability of {label}.",
        ),
    ]


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"
