"""The `gate` section: what a model must show before it may be released."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from trimaran_runtime.section import Section

Alpha = Annotated[float, Field(gt=0, lt=0.5)]


class Metric(StrEnum):
    """Metrics of the gate; each one knows whether higher is better."""

    roc_auc = "roc_auc"
    average_precision = "average_precision"
    accuracy = "accuracy"
    f1 = "f1"
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
    """Segment levels with fewer test rows are reported, not judged."""


class GateConfig(Section):
    """What a model must show before it may be released."""

    metric: Metric = Metric.roc_auc
    """The metric that decides."""
    floor: float | None = None
    """Worst value ever accepted (a ceiling for metrics where lower is better)."""
    baseline: bool = True
    """Whether the model must beat the best constant prediction."""
    champion: ChampionRule = ChampionRule()
    """Comparison with the model in production; not judged when there is none."""
    segments: SegmentRule = SegmentRule()
    """Comparison by segment; judged for the columns in `data.segments`."""
    on_refusal: OnRefusal = OnRefusal.warn
    """What a refusal does to `pulumi up`: `warn` or `fail`."""
