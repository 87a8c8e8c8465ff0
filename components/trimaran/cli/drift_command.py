"""`trimaran drift`: judges one table by another; needs no stack and no project."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trimaran.cli.exit import Exit
from trimaran.cli.options import AsJson

if TYPE_CHECKING:
    from trimaran_runtime.drift.config import DriftConfig
    from trimaran_runtime.drift.profile import Profile
    from trimaran_runtime.drift.verdict import Verdict

_SHOWN = 20
_STYLE = {"ok": "ok", "too_few_rows": "dim", "warn": "warn", "alert": "bad"}
_WORDS = {"ok": "ok", "too_few_rows": "unclear", "warn": "drift", "alert": "strong drift"}
SAMPLE_ROWS = 10_000
"""Different rows of either table that the classifier looks at."""
_TABLE = "Path, glob, URI, Delta table, module:function, or a stored profile"


class FailOn(StrEnum):
    """The least that `trimaran drift` ends with status 6 for."""

    unclear = "unclear"
    """Drift, and columns with too few rows to tell."""
    warn = "warn"
    """Drift beyond a material tolerance."""
    alert = "alert"
    """Drift beyond a strict tolerance."""
    never = "never"
    """Nothing: the verdict is for reading."""


_LEAST_RANK = {FailOn.unclear: 1, FailOn.warn: 2, FailOn.alert: 3, FailOn.never: 4}


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("drift")(_drift)


def _drift(
    reference: Annotated[str, typer.Argument(help=f"The table that is the norm. {_TABLE}.")],
    current: Annotated[
        str | None, typer.Argument(help="The table to judge; none: only --profile-out is done.")
    ] = None,
    columns: Annotated[
        str, typer.Option("--columns", help="Columns to judge, with commas; none: all.")
    ] = "",
    ignore: Annotated[str, typer.Option("--ignore", help="Columns not to judge.")] = "",
    alpha: Annotated[
        float, typer.Option("--alpha", help="Risk of one false finding over all columns.")
    ] = 0.01,
    tolerance: Annotated[
        list[str] | None,
        typer.Option("--tolerance", help="Largest tolerated effect, js=0.1; may be repeated."),
    ] = None,
    min_rows: Annotated[int, typer.Option("--min-rows", help="Fewer rows give no verdict.")] = 500,
    segments: Annotated[
        str, typer.Option("--segments", help="Columns whose levels are also judged one by one.")
    ] = "",
    correlations: Annotated[
        bool, typer.Option("--correlations", help="Judge pairs of columns; reads REFERENCE twice.")
    ] = False,
    classifier: Annotated[
        bool | None,
        typer.Option(
            "--classifier/--no-classifier",
            help="Judge all columns together, on 10,000 rows; by default where scikit-learn is.",
        ),
    ] = None,
    query: Annotated[
        str | None,
        typer.Option("--query", help="SQL over both tables, each of which is named source."),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="The least that ends with status 6.")
    ] = FailOn.warn,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a report to this file.")
    ] = None,
    profile_out: Annotated[
        Path | None,
        typer.Option("--profile-out", help="Store REFERENCE's profile, to stand in for it."),
    ] = None,
    current_profile_out: Annotated[
        Path | None, typer.Option("--current-profile-out", help="Store CURRENT's profile.")
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Show every column, not the worst 20.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Judge a table by another: which columns drifted, how far, and how sure that is.

    Reads both once, in pieces, on this machine; needs no stack and no project. No row is
    stored. Exits with 0 when there is no drift, 6 when there is (see --fail-on), 2 when a table
    cannot be read.
    """
    from trimaran.cli.screen import show, show_json
    from trimaran_runtime.drift.comparison import compare

    config = _config(alpha, min_rows, tolerance or [])
    chosen, ignored = _names(columns), _names(ignore)
    if current is None:
        if profile_out is None:
            raise typer.BadParameter(
                "give a table to judge, or --profile-out", param_hint="CURRENT"
            )
        if html or current_profile_out or as_json:
            raise typer.BadParameter("without CURRENT there is only --profile-out")
    asked: dict[str, Any] = {"segments": sorted(_names(segments)), "correlations": correlations}
    if current is not None and (_has_sklearn() if classifier is None else classifier):
        asked["sample_rows"] = SAMPLE_ROWS
    before = _profile("REFERENCE", reference, None, query, chosen, ignored, **asked)
    _refuse_absent(chosen, ignored, before)
    if profile_out is not None:
        _write(profile_out, _rowless(before), "--profile-out")
    if current is None:
        show(
            ("wrote ", "ok"), f"{profile_out}: {before.rows:,} rows, {len(before.columns)} columns"
        )
        return
    now = _profile("CURRENT", current, before, query, chosen, ignored)
    if current_profile_out is not None:
        _write(current_profile_out, _rowless(now), "--current-profile-out")
    verdict = compare(before, now, config)
    if html is not None:
        _write(html, _report(verdict, before, now, (reference, current)), "--html")
    if as_json:
        show_json({**verdict.document(), "reference": reference, "current": current})
    else:
        _show(verdict, show_all=show_all)
    if verdict.severity.rank >= _LEAST_RANK[fail_on]:
        raise typer.Exit(Exit.DRIFTED)


def _config(alpha: float, min_rows: int, tolerance: Sequence[str]) -> "DriftConfig":
    from pydantic import ValidationError

    from trimaran_runtime.drift.config import DriftConfig

    given: dict[str, Any] = {"alpha": alpha, "min_rows": min_rows}
    given["tolerance"] = dict(map(_pair, tolerance))
    try:
        return DriftConfig.model_validate(given)
    except ValidationError as exc:
        first = exc.errors()[0]
        option = f"--{str(first['loc'][0]).replace('_', '-')}"
        raise typer.BadParameter(f"{first['msg']}: {first['input']}", param_hint=option) from exc


def _pair(text: str) -> tuple[str, float]:
    from trimaran_runtime.drift.config import FacetName

    name, _, value = text.partition("=")
    known = ", ".join(FacetName)
    if name not in set(FacetName):
        raise typer.BadParameter(f"{text!r}: one of {known}", param_hint="--tolerance")
    try:
        return name, float(value)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not of the form {name}=0.1", param_hint="--tolerance"
        ) from None


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def _profile(
    side: str,
    source: str,
    reference: "Profile | None",
    query: str | None,
    chosen: frozenset[str],
    ignored: frozenset[str],
    **asked: Any,
) -> "Profile":
    from trimaran_runtime.errors import DataError
    from trimaran_runtime.monitoring.table_profile import profile_table

    def wanted(name: str) -> bool:
        return name not in ignored and (not chosen or name in chosen)

    try:
        return profile_table(
            source, Path.cwd(), reference=reference, query=query, wanted=wanted, **asked
        )
    except DataError as exc:
        if exc.where == "data.source":
            exc.where = side
        raise


def _refuse_absent(chosen: frozenset[str], ignored: frozenset[str], before: "Profile") -> None:
    """A name that is nowhere is a slip of the pen; an ignored column may be on one side alone."""
    from trimaran_runtime.errors import DataError

    if absent := sorted(chosen - set(before.columns) - ignored):
        raise DataError(
            f"no column {absent[0]!r} in the reference",
            where="--columns",
            allowed=", ".join(list(before.columns)[:20]),
        )


def _has_sklearn() -> bool:
    from importlib.util import find_spec

    return find_spec("sklearn") is not None


def _rowless(profile: "Profile") -> bytes:
    """A profile as it is stored: rows may be personal data, and nobody asked to keep them."""
    from dataclasses import replace

    return replace(profile, sample=None).to_bytes()


def _write(path: Path, content: bytes, option: str) -> None:
    try:
        path.write_bytes(content)
    except OSError as exc:
        raise typer.BadParameter(f"{path}: {exc.strerror}", param_hint=option) from exc


def _report(verdict: "Verdict", before: "Profile", now: "Profile", names: tuple[str, str]) -> bytes:
    from datetime import UTC, datetime

    from trimaran_runtime.monitoring.table_report import render_tables

    return render_tables(verdict, before, now, names=names, now=datetime.now(UTC)).encode()


def _show(verdict: "Verdict", *, show_all: bool) -> None:
    from trimaran.cli.screen import show, show_table
    from trimaran_runtime.monitoring.page import amount

    show((verdict.sentence, _STYLE[verdict.severity]))
    for finding in verdict.findings:
        show((f"{_WORDS[finding.severity]}: ", _STYLE[finding.severity]), finding.sentence)
    shown = verdict.columns if show_all else verdict.columns[:_SHOWN]
    rows = []
    for column in shown:
        worst = column.facets[0]
        # What drifted is surely beyond its lower bound; what did not, surely within its upper.
        bound = worst.lower if worst.severity.drifted else worst.upper
        rows.append(
            (
                column.column,
                (_WORDS[column.severity], _STYLE[column.severity]),
                worst.name.replace("_", " "),
                amount(worst, worst.effect),
                f"{'>' if worst.severity.drifted else '<'} {amount(worst, bound)}",
                amount(worst, worst.tolerance),
                worst.sentence,
            )
        )
    if rows:
        names = ("column", "verdict", "facet", "effect", "bound", "tolerance", "what was seen")
        show_table(names, rows, right="effect bound tolerance")
    for one in verdict.segments:
        if one.severity.drifted:
            show((f"{_WORDS[one.severity]}: ", _STYLE[one.severity]), one.sentence)
    for part in verdict.classifier.segments if verdict.classifier else ():
        show(("moved: ", _STYLE["warn"]), part.sentence)
    for pair in verdict.correlations.pairs if verdict.correlations else ():
        show((f"{_WORDS[pair.severity]}: ", _STYLE[pair.severity]), pair.sentence)
    if len(verdict.columns) > len(shown):
        show((f"and {len(verdict.columns) - len(shown)} more columns (--all)", "dim"))
