"""The `gate` section: what a model must show before it may be released."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from trimaran_runtime.section import Section

Alpha = Annotated[float, Field(gt=0, lt=0.5)]
Positive = Annotated[float, Field(gt=0)]


class Metric(StrEnum):
    """Metrics of the gate; each one knows whether higher is better."""

    roc_auc = "roc_auc"
    average_precision = "average_precision"
    accuracy = "accuracy"
    f1 = "f1"
    precision = "precision"
    recall = "recall"
    log_loss = "log_loss"
    brier = "brier"
    rmse = "rmse"
    mae = "mae"
    r2 = "r2"

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger value is a better model."""
        return self not in {Metric.log_loss, Metric.brier, Metric.rmse, Metric.mae}


class OnRefusal(StrEnum):
    """What a refusal does to `pulumi up`."""

    warn = "warn"
    """`up` succeeds with a warning; the alert is raised; production is unchanged."""
    fail = "fail"
    """`up` fails; production is unchanged all the same."""


class ChampionRule(Section):
    """Comparison with the model in production, on the same frozen test rows."""

    must_beat_by: float = 0.0
    """Least gain in the metric; the lower confidence bound of the gain must exceed it."""
    alpha: Alpha = 0.05
    """One-sided risk of accepting a model that does not gain `must_beat_by`."""


class SegmentRule(Section):
    """No segment may get worse."""

    max_drop: Annotated[float, Field(ge=0)] = 0.02
    """Largest allowed loss in the metric against the champion within one segment level."""
    min_rows: Annotated[int, Field(ge=10)] = 500
    """Segment levels with fewer test rows are reported, not judged; two columns crossed are looked
    at from so many rows on."""


class Rate(StrEnum):
    """Rates that groups are compared by."""

    selection_rate = "selection_rate"
    """Share that is predicted positive (demographic parity)."""
    true_positive_rate = "true_positive_rate"
    """Share of the positives that is predicted positive (equal opportunity)."""
    false_positive_rate = "false_positive_rate"
    """Share of the negatives that is predicted positive."""


class FairnessRule(Section):
    """How far the levels of the columns in `evaluation.fairness` may be apart."""

    rate: Rate = Rate.selection_rate
    """`selection_rate`, `true_positive_rate` or `false_positive_rate`."""
    max_difference: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Largest allowed difference between two levels of one column."""


class GateConfig(Section):
    """What a model must show before it may be released."""

    metric: Metric = Metric.roc_auc
    """The metric that decides; not `precision` or `recall`, which one answer for every row wins."""
    floor: float | None = None
    """Worst value ever accepted (a ceiling for metrics where lower is better)."""
    floors: dict[Metric, float] = {}
    """Worst values of further metrics, by name: `{recall: 0.6}`."""
    baseline: bool = True
    """Whether the model must beat the best constant prediction."""
    champion: ChampionRule = ChampionRule()
    """Comparison with the model in production; not judged when there is none."""
    segments: SegmentRule = SegmentRule()
    """Comparison by segment; judged for the columns in `data.segments`, alone and in pairs."""
    fairness: FairnessRule | None = None
    """Limit on differences between groups; None: they are reported, not judged."""
    max_calibration_error: Annotated[float, Field(gt=0, le=1)] | None = None
    """Largest expected calibration error, corrected for chance; None: reported, not judged."""
    max_latency_ms: Positive | None = None
    """Longest that one row may take to predict, 99 of 100 times, ms; None: not judged."""
    max_size_mib: Positive | None = None
    """Largest model file, MiB; None: not judged."""
    loosened_because: str = ""
    """Why these rules are looser than those that the model in production passed; without a reason
    of its own a looser gate refuses. Recorded in the release."""
    on_refusal: OnRefusal = OnRefusal.warn
    """What a refusal does to `pulumi up`: `warn` or `fail`."""

    @model_validator(mode="after")
    def _decides(self) -> Self:
        if self.metric in {Metric.precision, Metric.recall}:
            raise ValueError(
                f"{self.metric} alone decides nothing: use f1 or average_precision, "
                f"and floors: {{{self.metric}: …}}"
            )
        return self
