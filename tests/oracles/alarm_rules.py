"""Alarms of CloudWatch: what their fields demand of one another.

Source: Amazon CloudWatch API Reference, PutMetricAlarm and PutCompositeAlarm.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.oracles.finding import Finding, judged

LAYER = "rules"
_MOST_SECONDS = 86_400
_MOST_SECONDS_BY_HOUR = 7 * 86_400
_TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")
_EXTENDED = re.compile(
    r"p(100|\d{1,2}(\.\d{1,10})?)|(tm|tc|ts|wm)(\d{1,2}(\.\d+)?|\(.+\))|IQM|(PR|TC|TS|TM|WM)\(.+\)"
)
_STATISTICS = {"SampleCount", "Average", "Sum", "Minimum", "Maximum"}
_WORD = re.compile(r'\s*(\(|\)|AND\b|OR\b|NOT\b|TRUE\b|FALSE\b|[A-Z_]+\((?:"[^"]*"|[^()"]*)\))')
_STATE = re.compile(r'(ALARM|OK|INSUFFICIENT_DATA)\((?:"([^"]*)"|([^()"]*))\)')


def metric(inputs: Mapping[str, Any]) -> Iterator[Finding]:
    """Rules of a metric alarm."""
    queries = inputs.get("metricQueries")
    if (queries is None) == (inputs.get("metricName") is None):
        yield _found("metricName", "exactly one of it and metricQueries is needed")
    if queries is not None:
        yield from _queries(queries, inputs)
    else:
        yield from _statistic(inputs)
    treatment = inputs.get("treatMissingData", "missing")
    if judged(treatment) and treatment not in _TREATMENTS:
        yield _found("treatMissingData", f"{treatment!r} is none of {', '.join(_TREATMENTS)}")
    if "threshold" not in inputs and "thresholdMetricId" not in inputs:
        yield _found("threshold", "is missing")
    needed, looked_at = inputs.get("datapointsToAlarm"), inputs.get("evaluationPeriods", 1)
    if needed is not None and needed > looked_at:
        yield _found("datapointsToAlarm", f"{needed} is more than evaluationPeriods {looked_at}")


def composite(inputs: Mapping[str, Any]) -> Iterator[Finding]:
    """Rules of a composite alarm: its rule is an expression."""
    rule = inputs.get("alarmRule", "")
    if not judged(rule):
        return
    words, at = [], 0
    while rule[at:].strip():
        match = _WORD.match(rule, at)
        if match is None:
            yield _found("alarmRule", f"cannot be read at {rule[at : at + 20]!r}")
            return
        words.append(match[1])
        at = match.end()
    if not _is_expression(words):
        yield _found("alarmRule", f"{rule!r} is no expression")


def alarms_in(rule: str) -> list[str]:
    """Names of the alarms that a composite alarm asks about."""
    return [quoted or plain for _, quoted, plain in _STATE.findall(rule)]


def _is_expression(words: list[str]) -> bool:
    rest = _either(words)
    return rest is not None and not rest


def _either(words: list[str]) -> list[str] | None:
    rest = _one(words)
    while rest and rest[0] in ("AND", "OR"):
        rest = _one(rest[1:])
    return rest


def _one(words: list[str]) -> list[str] | None:
    """What is left after one term; None: there is no term."""
    if not words:
        return None
    head, rest = words[0], words[1:]
    if head == "NOT":
        return _one(rest)
    if head == "(":
        inner = _either(rest)
        return inner[1:] if inner and inner[0] == ")" else None
    return rest if head in ("TRUE", "FALSE") or _STATE.fullmatch(head) else None


def _statistic(inputs: Mapping[str, Any]) -> Iterator[Finding]:
    plain, extended = inputs.get("statistic"), inputs.get("extendedStatistic")
    if (plain is None) == (extended is None):
        yield _found("statistic", "exactly one of it and extendedStatistic is needed")
    if extended is not None and not _EXTENDED.fullmatch(extended):
        yield _found("extendedStatistic", f"{extended!r} is no statistic")
    for name in ("namespace", "period"):
        if name not in inputs:
            yield _found(name, "is missing")
    yield from _period(inputs.get("period"), inputs.get("evaluationPeriods", 1), "period")


def _period(period: Any, times: Any, path: str) -> Iterator[Finding]:
    if not isinstance(period, int):
        return
    if period not in (10, 20, 30) and (period < 60 or period % 60):
        yield _found(path, f"{period} is none of 10, 20, 30 and the multiples of 60")
    most = _MOST_SECONDS_BY_HOUR if period >= 3600 else _MOST_SECONDS
    if isinstance(times, int) and period * times > most:
        yield _found(path, f"{times} periods of {period} s are longer than {most} s")


def _queries(queries: list[Any], inputs: Mapping[str, Any]) -> Iterator[Finding]:
    for name in ("metricName", "namespace", "period", "statistic", "extendedStatistic"):
        if name in inputs:
            yield _found(name, "does not go with metricQueries")
    ids = [query.get("id") for query in queries]
    returned = [query for query in queries if query.get("returnData")]
    if len(returned) != 1:
        yield _found("metricQueries", f"{len(returned)} queries return data; it has to be one")
    for position, query in enumerate(queries):
        at = f"metricQueries[{position}]"
        if not re.fullmatch(r"[a-z]\w*", str(query.get("id"))):
            yield _found(f"{at}.id", f"{query.get('id')!r} is no id")
        if ids.count(query.get("id")) > 1:
            yield _found(f"{at}.id", f"{query.get('id')!r} is there twice")
        if (query.get("expression") is None) == (query.get("metric") is None):
            yield _found(at, "exactly one of expression and metric is needed")
        if query.get("expression") is not None:
            yield from _expression(query["expression"], ids, f"{at}.expression")
        if query.get("metric") is not None:
            stat = query["metric"].get("stat")
            if stat not in _STATISTICS and not _EXTENDED.fullmatch(str(stat)):
                yield _found(f"{at}.metric.stat", f"{stat!r} is no statistic")
            times = inputs.get("evaluationPeriods", 1)
            yield from _period(query["metric"].get("period"), times, f"{at}.metric.period")


def _expression(expression: str, ids: list[Any], path: str) -> Iterator[Finding]:
    """Ids begin with a small letter, functions are in capitals."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "", expression)
    if text.lstrip().upper().startswith("SELECT "):
        return  # Metrics Insights has a language of its own
    for name in re.findall(r"\b[a-z]\w*\b", text):
        if name not in ids:
            yield _found(path, f"there is no query {name!r}")


def _found(path: str, what: str) -> Finding:
    return Finding(layer=LAYER, path=path, what=what)
