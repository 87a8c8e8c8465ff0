"""Importing is cheap: nothing that the program does not use is loaded."""

import subprocess
import sys

HEAVY = (
    "sklearn",
    "pandas",
    "pyarrow",
    "pulumi_aws",
    "pulumi_azure_native",
    "pulumi_gcp",
    "apprise",
)
USE = "import trimaran; trimaran.MLStack, trimaran.load"


def seconds(statement: str) -> float:
    """Time of a statement in a fresh process."""
    program = f"import time; t = time.perf_counter()\n{statement}\nprint(time.perf_counter() - t)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def loaded(statement: str) -> set[str]:
    """Modules that are loaded after a statement in a fresh process."""
    program = f"{statement}\nimport sys; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_using_trimaran_costs_at_most_1_3_times_importing_pulumi() -> None:
    # The least of several runs in turn: what the machine does beside it only ever adds.
    pairs = [(seconds("import pulumi"), seconds(USE)) for _ in range(5)]
    pulumi, ours = (min(times) for times in zip(*pairs, strict=True))
    assert ours <= 1.3 * pulumi, f"import pulumi {pulumi:.2f} s, ours {ours:.2f} s"


def test_importing_trimaran_loads_neither_pulumi_nor_anything_heavy() -> None:
    assert not {"pulumi", *HEAVY} & loaded("import trimaran")


def test_using_trimaran_loads_nothing_heavy() -> None:
    assert not set(HEAVY) & loaded(USE)


def test_the_plugin_starts_without_anything_heavy() -> None:
    statement = "import trimaran_providers.plugin.server, trimaran_providers.local.handlers"
    assert not set(HEAVY) & loaded(statement)
