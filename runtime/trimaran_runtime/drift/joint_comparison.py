"""Comparisons of several columns at once: pairs of columns, and all of them together."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.drift.correlation_verdict import CorrelationChanges, CorrelationVerdict
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.verdict import Severity

if TYPE_CHECKING:
    from trimaran_runtime.drift.classifier_verdict import ClassifierVerdict
    from trimaran_runtime.drift.domain_classifier import Separation


@dataclass(frozen=True, slots=True, kw_only=True)
class JointVerdict:
    """What was found; None: the profiles have no such part."""

    correlations: CorrelationVerdict | None
    classifier: "ClassifierVerdict | None"

    @property
    def severities(self) -> tuple[Severity, ...]:
        """Of what drifted: doubt about one of hundreds of pairs is no doubt about the rows."""
        found = (self.correlations, self.classifier)
        return tuple(one.severity for one in found if one is not None and one.severity.drifted)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Of what drifted."""
        found = (self.correlations, self.classifier)
        return tuple(one.sentence for one in found if one is not None and one.severity.drifted)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointComparison:
    """What is compared; `len` of it shares the risk of the check."""

    reference: Profile
    current: Profile
    config: DriftConfig
    pairs: CorrelationChanges | None
    separation: "Separation | None"

    @classmethod
    def of(cls, reference: Profile, current: Profile, config: DriftConfig) -> "JointComparison":
        """The comparisons that the parts of two profiles allow.

        Raises:
            DataError: a part of one does not fit that of the other.
        """
        pairs = separation = None
        if reference.correlation is not None and current.correlation is not None:
            pairs = CorrelationChanges.of(reference.correlation, current.correlation, config.ignore)
        if reference.sample is not None and current.sample is not None:
            from trimaran_runtime.drift.domain_classifier import separate

            separation = separate(reference.sample, current.sample, ignore=config.ignore)
        return cls(
            reference=reference,
            current=current,
            config=config,
            pairs=pairs,
            separation=separation,
        )

    def __len__(self) -> int:
        return (0 if self.pairs is None else len(self.pairs)) + (self.separation is not None)

    def judge(self, risk: float) -> JointVerdict:
        """Judge each at this risk of a false finding."""
        return JointVerdict(
            correlations=None if self.pairs is None else self.pairs.judge(risk),
            classifier=None if self.separation is None else self._classifier(risk),
        )

    def _classifier(self, risk: float) -> "ClassifierVerdict":
        assert self.separation is not None
        assert self.reference.sample is not None
        assert self.current.sample is not None
        verdict = self.separation.judge(risk)
        if not verdict.severity.drifted:
            return verdict
        from trimaran_runtime.drift.shift_segment import explain_shift

        segments = explain_shift(
            self.reference.sample,
            self.current.sample,
            risk=self.config.alpha,
            ignore=self.config.ignore,
        )
        return replace(verdict, segments=segments)
