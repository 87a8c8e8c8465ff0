"""What is under version control says nothing of where it was written."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Spelled with a class around the first letter, so that this file does not match itself.
FORBIDDEN = re.compile(
    r"/[r]oot/"  # somebody's machine
    r"|/[h]ome/[a-z]+/|/[U]sers/[a-z]+/"
    r"|/[w]ork/(?:main|shared)"
    r"|\b[p]ypi\.org|\b[t]est\.pypi"  # package registries and their mirrors
    r"|[f]iles\.pythonhosted|[p]roxy\.golang|[s]um\.golang"
    r"|[r]egistry\.npmjs|[r]egistry\.yarnpkg"
    r"|https?://[p]ypi"
)


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout: nothing is tracked")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = []
    for path in tracked():
        if not path.is_file():  # removed in the working tree
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            if match := FORBIDDEN.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {match.group()}")
    assert not found


@pytest.mark.parametrize(
    "line",
    [
        "cd /" + "root/x",
        "see https://" + "pypi.example/simple",
        "GOPROXY=https://proxy" + ".golang",
    ],
)
def test_the_pattern_sees(line: str) -> None:
    assert FORBIDDEN.search(line)


def test_nothing_built_is_tracked() -> None:
    built = re.compile(r"(^|/)(\.venv|__pycache__|dist|build|node_modules)/|\.(pyc|so|whl)$")
    assert not [str(path) for path in tracked() if built.search(str(path.relative_to(ROOT)))]
