"""Rates among test rows that are weighted to look like those of the window."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from trimaran_runtime.drift.estimated_performance import MOVED_AUC, Rates
from trimaran_runtime.drift.level_name import text_of
from trimaran_runtime.monitoring.reference_rows import SCORE, TRUTH

if TYPE_CHECKING:
    from trimaran_runtime.drift.classifier_verdict import ClassifierVerdict
    from trimaran_runtime.drift.score_table import ScoreTable
    from trimaran_runtime.monitoring.subject import Subject


def weighted_rates(
    subject: "Subject",
    classifier: "ClassifierVerdict | None",
    reference: "ScoreTable",
    ignore: Collection[str],
) -> Rates | None:
    """Weighted rates (PAPE); None: the inputs did not surely move, or no rows were kept.

    Args:
        subject: what is judged, two classes.
        classifier: whether its inputs moved; None: there are no rows to tell by.
        reference: predictions on the test rows, with their true classes.
        ignore: columns that are not looked at.
    """
    rows, current = subject.rows, subject.traffic.features.sample
    if classifier is None or classifier.lower <= MOVED_AUC or rows is None or current is None:
        return None
    if not {SCORE, TRUTH} <= set(rows.columns):
        return None
    from trimaran_runtime.drift.domain_classifier import separate

    # The window has no columns of answers, so that they tell nothing apart.
    found = separate(rows, current, ignore=ignore, influences=False)
    if found is None:
        return None
    positive = text_of(subject.release.signature.classes[1])
    return Rates.weighted(reference, rows, found.ratio, score=SCORE, label=TRUTH, positive=positive)
