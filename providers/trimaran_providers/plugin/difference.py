"""Diff: which inputs changed, which outputs drifted, and whether that needs a new resource."""

from pulumi.runtime.proto.provider_pb2 import DiffResponse, PropertyDiff
from pydantic import ValidationError

from trimaran_providers.contract.handler import AnyHandler
from trimaran_providers.plugin.check import normal
from trimaran_providers.plugin.properties import wire_names
from trimaran_providers.plugin.wire import Properties

_KINDS = {
    (False, False): PropertyDiff.UPDATE,
    (False, True): PropertyDiff.UPDATE_REPLACE,
    (True, False): PropertyDiff.ADD,
    (True, True): PropertyDiff.ADD_REPLACE,
}


def difference(
    handler: AnyHandler, old_inputs: Properties, old_outputs: Properties, new: Properties
) -> DiffResponse:
    """Compare the inputs field by field, then ask the handler what drifted.

    An input that is not known yet counts as changed.
    """
    before = normal(handler.inputs, old_inputs.values)
    # With unknowns among them the inputs are as Check left them: judged, defaults filled in.
    after = dict(new.values) if new.unknown else normal(handler.inputs, new.values)
    names = wire_names(handler.inputs)
    replacing = {names[name] for name in handler.replace_on}
    details = {}
    for name in sorted(before.keys() | after.keys() | new.unknown):
        if name not in new.unknown and before.get(name) == after.get(name):
            continue
        details[name] = _detail(
            added=name not in before,
            removed=name not in after and name not in new.unknown,
            replaces=name in replacing,
        )
    replaces = [name for name in details if name in replacing]
    for name in sorted(_drifted(handler, old_outputs)):
        details.setdefault(name, PropertyDiff(kind=PropertyDiff.UPDATE, inputDiff=False))
    return DiffResponse(
        changes=DiffResponse.DIFF_SOME if details else DiffResponse.DIFF_NONE,
        diffs=list(details),
        replaces=replaces,
        detailedDiff=details,
        hasDetailedDiff=True,
        deleteBeforeReplace=True,
    )


def _detail(*, added: bool, removed: bool, replaces: bool) -> PropertyDiff:
    if removed:
        kind = PropertyDiff.DELETE_REPLACE if replaces else PropertyDiff.DELETE
    else:
        kind = _KINDS[added, replaces]
    return PropertyDiff(kind=kind, inputDiff=True)


def _drifted(handler: AnyHandler, old: Properties) -> set[str]:
    names = wire_names(handler.outputs)
    try:
        outputs = handler.outputs.model_validate(old.values)
    except ValidationError:
        # State of a half-made resource, or of another version: an update makes it whole.
        return {name for name in names.values() if name not in old.values} or set(names.values())
    return {names[name] for name in handler.drifted(outputs)}
