"""The locked inputs: whole, hashed, and free of addresses."""

import re
import tomllib
from pathlib import Path

import pytest

from tools.setup.engine import Pins
from tools.setup.environment import locked_pin
from trimaran_providers.project.lock import normalised

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
LOCKS = {"checkout": LOCK, "example": (ROOT / "stacks" / "requirements.lock").read_text()}
OTHERS = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in sorted((ROOT / "tests").rglob("*.lock"))
}
"""Locks of environments that only tests and benchmarks have."""
EVERY = LOCKS | OTHERS
MODULES = ROOT / "tools" / "pulumi"
NAMES = ("cli", "python", "yaml")


@pytest.mark.parametrize("lock", EVERY.values(), ids=EVERY)
def test_lock_names_no_address(lock: str) -> None:
    assert not re.findall(r"\S*://\S*|--(?:extra-)?index\S*|--find-links\S*|@ file\S*", lock)


def test_the_example_is_trained_with_the_versions_of_the_checkout() -> None:
    pins = [set(re.findall(r"^\S+==\S+", lock, re.MULTILINE)) for lock in LOCKS.values()]
    assert pins[1] <= pins[0]


@pytest.mark.parametrize("lock", EVERY.values(), ids=EVERY)
def test_every_pin_is_exact_and_hashed(lock: str) -> None:
    pins = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]
    assert len(pins) > 20
    bad = [pin.splitlines()[0] for pin in pins if not re.match(r"\S+==\S+", pin)]
    bad += [pin.splitlines()[0] for pin in pins if "--hash=sha256:" not in pin]
    assert not bad


def test_lock_covers_what_the_distributions_ask_for() -> None:
    asked = (ROOT / "requirements.in").read_text()
    names = [name.replace(".", "-") for name in re.findall(r"^[\w.-]+", asked, re.MULTILINE)]
    missing = [name for name in names if f"\n{name}==" not in LOCK]
    assert not missing, "run `make lock`"


@pytest.mark.parametrize(
    "extra", ["train", "track", "sql", "delta", "expectations", "serve", "monitor", "aws"]
)
def test_the_examples_image_holds_what_its_spec_may_ask_for(extra: str) -> None:
    runtime = tomllib.loads((ROOT / "runtime" / "pyproject.toml").read_text())["project"]
    asked = [*runtime["dependencies"], *runtime["optional-dependencies"][extra]]
    names = {normalised(re.split(r"[>=<\[]", each)[0]) for each in asked}
    missing = {name for name in names if f"\n{name}==" not in LOCKS["example"]}
    assert not missing, "add them to stacks/requirements.in and run `make lock`"


def test_sdk_and_engine_are_the_same_version() -> None:
    assert locked_pin("pulumi", LOCK).startswith(f"pulumi=={Pins.of(MODULES).cli} ")


@pytest.mark.parametrize("name", NAMES)
def test_go_module_is_pinned_whole(name: str) -> None:
    go_mod = (MODULES / name / "go.mod").read_text()
    assert "replace" not in go_mod
    assert "toolchain" not in go_mod
    required = re.findall(r"^require (\S+) (v\S+)$", go_mod, re.MULTILINE)
    assert len(required) == 1
    module, version = required[0]
    sums = (MODULES / name / "go.sum").read_text()
    assert f"\n{module} {version} h1:" in f"\n{sums}"
    assert f"\n{module} {version}/go.mod h1:" in f"\n{sums}"
