"""Importing is cheap: nothing that the program does not use is loaded."""

import subprocess
import sys

import pytest

CLOUDS = ("pulumi_aws", "pulumi_azure_native", "pulumi_gcp", "boto3")
HEAVY = ("sklearn", "pandas", "pyarrow", "apprise", *CLOUDS)
USE = "import trimaran; trimaran.MLStack, trimaran.load"


def seconds(statement: str) -> float:
    """Time of a statement in a fresh process."""
    program = f"import time; t = time.perf_counter()\n{statement}\nprint(time.perf_counter() - t)"
    return float(output_of(program))


def loaded(statement: str) -> set[str]:
    """Modules that are loaded after a statement in a fresh process."""
    return set(output_of(f"{statement}\nimport sys; print(' '.join(sys.modules))").split())


def output_of(program: str) -> str:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("statement", "times"), [("import trimaran", 1.3), (USE, 3.0)])
def test_the_cost_of_importing_is_bounded_by_that_of_pulumi(statement: str, times: float) -> None:
    # The least of several runs in turn: what the machine does beside it only ever adds.
    pairs = [(seconds("import pulumi"), seconds(statement)) for _ in range(5)]
    pulumi, ours = (min(taken) for taken in zip(*pairs, strict=True))
    assert ours <= times * pulumi, f"import pulumi {pulumi:.2f} s, ours {ours:.2f} s"


def test_importing_trimaran_loads_neither_pulumi_nor_anything_heavy() -> None:
    assert not {"pulumi", *HEAVY} & loaded("import trimaran")


def test_using_trimaran_loads_nothing_heavy() -> None:
    assert not set(HEAVY) & loaded(USE)


def test_the_plugin_starts_without_anything_heavy() -> None:
    statement = "import trimaran_providers.plugin.server, trimaran_providers.local.handlers"
    assert not set(HEAVY) & loaded(statement)
