"""Lifecycle rules of buckets and of image repositories.

Sources: Amazon S3 User Guide, "Lifecycle configuration elements"; Amazon ECR User Guide, "Lifecycle
policy properties".
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.oracles.finding import Finding, judged

LAYER = "rules"
_ACTIONS = {
    *("expiration", "noncurrentVersionExpiration", "transitions", "noncurrentVersionTransitions"),
    "abortIncompleteMultipartUpload",
}
_DAYS = {
    "expiration": "days",
    "noncurrentVersionExpiration": "noncurrentDays",
    "abortIncompleteMultipartUpload": "daysAfterInitiation",
}


def objects(inputs: Mapping[str, Any]) -> Iterator[Finding]:
    """Rules of a bucket's lifecycle."""
    rules = inputs.get("rules", [])
    ids = [rule.get("id") for rule in rules]
    for position, rule in enumerate(rules):
        at = f"rules[{position}]"
        if ids.count(rule.get("id")) > 1:
            yield _found(f"{at}.id", f"{rule.get('id')!r} is there twice")
        if "filter" not in rule and "prefix" not in rule:
            yield _found(f"{at}.filter", "is missing; an empty one is for every object")
        if not _ACTIONS & {name for name, value in rule.items() if value}:
            yield _found(at, "does nothing")
        for name, unit in _DAYS.items():
            days = (rule.get(name) or {}).get(unit)
            if days is not None and judged(days) and days < 1:
                yield _found(f"{at}.{name}.{unit}", f"{days} is less than 1")
        aborts = "abortIncompleteMultipartUpload" in rule
        if aborts and (rule.get("filter") or {}).get("tag"):
            yield _found(f"{at}.abortIncompleteMultipartUpload", "does not go with a tag filter")


def images(inputs: Mapping[str, Any]) -> Iterator[Finding]:
    """Rules of a repository's lifecycle policy."""
    text = inputs.get("policy", "")
    if not judged(text):
        return
    try:
        rules = json.loads(text)["rules"]
    except (ValueError, KeyError, TypeError):
        yield _found("policy", "is no JSON object with rules")
        return
    priorities = [rule.get("rulePriority") for rule in rules]
    for position, rule in enumerate(rules):
        at, selection = f"policy.rules[{position}]", rule.get("selection") or {}
        for name in rule.keys() - {"rulePriority", "description", "selection", "action"}:
            yield _found(f"{at}.{name}", "unknown element")
        priority = rule.get("rulePriority")
        if not isinstance(priority, int) or priorities.count(priority) > 1:
            yield _found(f"{at}.rulePriority", f"{priority!r} is no priority of its own")
        if (rule.get("action") or {}).get("type") != "expire":
            yield _found(f"{at}.action.type", "is not expire")
        yield from _selection(selection, f"{at}.selection")
        whole = selection.get("tagStatus") == "any"
        if whole and isinstance(priority, int) and priority < max(priorities):
            yield _found(f"{at}.rulePriority", "the rule for any image has to come last")


def _selection(selection: Mapping[str, Any], at: str) -> Iterator[Finding]:
    status, kind = selection.get("tagStatus"), selection.get("countType")
    if status not in ("tagged", "untagged", "any"):
        yield _found(f"{at}.tagStatus", f"{status!r} is none of tagged, untagged, any")
    named = bool(selection.get("tagPatternList")) or bool(selection.get("tagPrefixList"))
    if named != (status == "tagged"):
        yield _found(f"{at}.tagPatternList", "goes with tagged, and only so")
    if kind not in ("imageCountMoreThan", "sinceImagePushed"):
        yield _found(f"{at}.countType", f"{kind!r} is no way to count")
    if (kind == "sinceImagePushed") != (selection.get("countUnit") == "days"):
        yield _found(f"{at}.countUnit", "days goes with sinceImagePushed, and only so")
    number = selection.get("countNumber")
    if not isinstance(number, int) or number < 1:
        yield _found(f"{at}.countNumber", f"{number!r} is no count")


def _found(path: str, what: str) -> Finding:
    return Finding(layer=LAYER, path=path, what=what)
