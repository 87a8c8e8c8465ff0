"""What `pulumi stack export` would print of a stack, as the renderers declare it."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.aws.answers import answer
from trimaran.recorder import Made, Rendered
from trimaran.render import render_stack

_PULUMI = (
    "#!/bin/sh\n[ \"$*\" = 'stack export --stack prod --non-interactive' ] && exec cat state.json\n"
)
_PULUMI += "echo \"error: no stack named '$4' found\" >&2; exit 255\n"


def write_export(project: Path, spec: Path, outputs: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the state of stack `prod` where the pulumi of `fake_pulumi` finds it.

    Args:
        project: folder of the Pulumi project.
        spec: the spec's file in it.
        outputs: outputs by type token, over what a new resource would have.
    """
    found: list[tuple[Rendered, Made]] = []

    def made(resource: Rendered) -> Made:
        known = answer(resource)
        known = Made(id=known.id, outputs={**known.outputs, **outputs.get(resource.type, {})})
        found.append((resource, known))
        return known

    render_stack(spec, "prod", made=made)
    resources = [
        {
            "urn": resource.urn,
            "type": resource.type,
            "id": known.id,
            "parent": resource.parent,
            "inputs": resource.inputs,
            "outputs": {**resource.inputs, **known.outputs},
        }
        for resource, known in found
    ]
    (project / "state.json").write_text(json.dumps({"deployment": {"resources": resources}}))


def fake_pulumi(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a `pulumi` on PATH that exports `state.json` of stack `prod`, and knows no other."""
    folder.mkdir()
    (folder / "pulumi").write_text(_PULUMI)
    (folder / "pulumi").chmod(0o755)
    system = {Path(shutil.which("sh") or "/bin/sh").parent, Path(shutil.which("cat") or "").parent}
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, [folder, *system])))
