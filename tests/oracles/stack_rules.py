"""What only shows when all resources are seen: names twice, alarms that are not there."""

from collections.abc import Iterator, Sequence

from tests.oracles.alarm_rules import alarms_in
from tests.oracles.finding import Finding, Rendered, about, judged
from tests.oracles.naming import NAMES
from tests.oracles.plugin_bodies import rollback_alarms

LAYER = "rules"
_METRIC = "aws:cloudwatch/metricAlarm:MetricAlarm"
_COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"


def check(resources: Sequence[Rendered]) -> list[Finding]:
    """Everything that the resources do to one another."""
    return [*_names(resources), *_alarms(resources)]


def _names(resources: Sequence[Rendered]) -> Iterator[Finding]:
    taken: dict[tuple[str, str], str] = {}
    for resource in resources:
        naming = NAMES.get(resource.type)
        name = naming.of(resource.inputs) if naming else None
        if name is None or not judged(name):
            continue
        space = naming.space if naming else ""
        other = taken.setdefault((space, name), resource.name)
        if other != resource.name:
            finding = Finding(
                layer=LAYER, path=str(naming), what=f"{name!r} is also the name of {other}"
            )
            yield from about(resource, [finding])


def _alarms(resources: Sequence[Rendered]) -> Iterator[Finding]:
    known = {r.inputs.get("name") for r in resources if r.type == _METRIC}
    known |= {r.inputs.get("alarmName") for r in resources if r.type == _COMPOSITE}
    for resource in resources:
        for name in set(rollback_alarms(resource)) - known:
            finding = Finding(layer=LAYER, path="definition", what=f"there is no alarm {name!r}")
            yield from about(resource, [finding])
        rule = resource.inputs.get("alarmRule", "")
        if resource.type != _COMPOSITE or not judged(rule):
            continue
        for name in alarms_in(rule):
            bare = name.rpartition(":alarm:")[2] or name
            if bare not in known:
                finding = Finding(layer=LAYER, path="alarmRule", what=f"there is no alarm {bare!r}")
                yield from about(resource, [finding])
