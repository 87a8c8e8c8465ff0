"""`pulumi up` of the flights against what it adds to: the bare training, and a bare program."""

import shutil
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks.table import record
from tests.engine_kit.fixtures import engine_env, pulumi_home
from tests.engine_kit.folder import FolderStack

__all__ = ["engine_env", "pulumi_home"]
pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]
STACKS = Path(__file__).parent.parent.parent / "stacks"
BARE = "name: bare\nruntime: python\n"


def copy_of_stacks(folder: Path) -> Path:
    """The example beside a link to the environment, which it names relative to itself."""
    ignored = shutil.ignore_patterns(".trimaran", ".pulumi", "__pycache__")
    shutil.copytree(STACKS, folder / "stacks", ignore=ignored)
    (folder / ".venv").symlink_to(Path(sys.executable).parent.parent)
    return folder / "stacks"


def bare_training() -> float:
    """Load, fit and score in this process, seconds."""
    sys.path.insert(0, str(STACKS))
    try:
        import flights
    finally:
        sys.path.remove(str(STACKS))
    from sklearn.metrics import roc_auc_score

    started = time.perf_counter()
    table = flights.load().sort_values("scheduled_departure")
    rows = table.drop(columns="scheduled_departure")
    train, test = rows.iloc[:122_102], rows.iloc[-32_136:]
    parameters = {"max_iter": 75, "learning_rate": 0.12, "max_leaf_nodes": 15}
    model = flights.fit(train, test.iloc[:0], parameters)
    assert roc_auc_score(test["late"], model.predict_proba(test.drop(columns="late"))[:, 1]) > 0.70
    return time.perf_counter() - started


def test_up(tmp_path: Path, engine_env: dict[str, str]) -> None:
    stack = FolderStack(copy_of_stacks(tmp_path), engine_env, name="local")
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "Pulumi.yaml").write_text(BARE)
    (bare / "__main__.py").write_text("import pulumi\n")
    plain = FolderStack(bare, engine_env, name="local")
    plain.up()
    try:
        started = time.perf_counter()
        first = stack.up()
        taken = time.perf_counter() - started
        assert not first.failed, first.errors
        record(
            "pulumi up of the flights, first", taken, "load, fit and score alone", bare_training()
        )

        started = time.perf_counter()
        again = stack.up()
        taken = time.perf_counter() - started
        assert again.changed == {}
        started = time.perf_counter()
        plain.up()
        record(
            "pulumi up of the flights, nothing changed",
            taken,
            "pulumi up of an empty program",
            time.perf_counter() - started,
        )
    finally:
        stack.destroy()
        plain.destroy()
