"""The report of two tables: the page of a check, without a release and without traffic."""

from datetime import datetime

from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.verdict import Verdict
from trimaran_runtime.monitoring.page import headline, judged, moments_note, page

_MINUTE = "%Y-%m-%d %H:%M UTC"


def render_tables(
    verdict: Verdict,
    reference: Profile,
    current: Profile,
    *,
    names: tuple[str, str],
    now: datetime,
) -> str:
    """The report as HTML; everything that came from data is escaped.

    Args:
        verdict: what the comparison found.
        reference: profile of the rows before.
        current: profile of the rows now.
        names: what both tables are called.
        now: time of the report, UTC.
    """
    before, after = names
    return page(
        title=f"Drift of {after}",
        severity=verdict.severity,
        headline=headline(verdict.severity, verdict.drifted, len(verdict.columns)),
        sentence=verdict.sentence,
        consequence="",
        facts=[
            ("Reference", before),
            ("Current", after),
            ("Reference rows", f"{reference.rows:,}"),
            ("Current rows", f"{current.rows:,}"),
        ],
        notes=moments_note(reference),
        made=f"{now:{_MINUTE}}",
        **judged(verdict, reference, current),
    )
