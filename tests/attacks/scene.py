"""Plays a case: the real steps, in this process, over a store with a champion in it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.attacks.case import Attack, Case, Layer
from tests.attacks.loans import CODE, NOW, TIMED, configured, loans
from tests.runtime.toy_run import STEPS, ToyRun
from trimaran_runtime.config import RunConfig
from trimaran_runtime.errors import Exit, RuntimeFault
from trimaran_runtime.registry.channels import Channel, current

CHAMPIONS: dict[str, Case] = {
    "weak": Case(name="looks at one column", fit="weak", champion=""),
    "weak, timed": Case(name="split by time", fit="weak", champion="", config=TIMED),
    "sound": Case(name="as good as it gets", champion=""),
    "strict": Case(
        name="judged by every rule",
        fit="weak",
        champion="",
        config={
            "gate.floors": {"average_precision": 0.6},
            "gate.max_calibration_error": 0.2,
            "gate.max_latency_ms": 5000,
            "gate.max_size_mib": 50,
            "gate.fairness": {"rate": "selection_rate", "max_difference": 0.3},
            "gate.champion": {"must_beat_by": 0.005},
            "gate.loosened_because": "the first rules",
        },
    ),
}
"""Releases that are in production before a case is played, by name."""
_LAYERS = {
    "data": Layer.source,
    "split": Layer.source,
    "validate": Layer.validation,
    "train": Layer.training,
    "evaluate": Layer.evaluation,
    "gate": Layer.gate,
    "register": Layer.registry,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a case.

    Attributes:
        layer: what refused it; None: nothing did.
        said: message by check, or by what the message names first.
        before: release in production before; None: none.
        after: release in production afterwards.
        release: the release of the run; None: there is none.
    """

    layer: Layer | None
    said: dict[str, str]
    before: str | None
    after: str | None
    release: str | None


@dataclass
class Stage:
    """A folder in which cases are played; each champion is made once.

    Attributes:
        folder: an empty folder.
    """

    folder: Path
    _stores: dict[str, Path] = field(default_factory=dict)
    _locks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def play(self, case: Case, folder: Path) -> Outcome:
        """Run every step of a case in a folder of its own, as far as it gets."""
        folder.mkdir(parents=True, exist_ok=True)
        if case.champion:
            shutil.copytree(self._champion(case.champion), folder / "store")
        run = ToyRun(folder, code=CODE, parameters={"now": NOW})
        before = in_production(run)
        config = self._config(case, folder)
        (folder / "config.json").write_bytes(config)
        with _environment(case):
            failed = _steps(run, case)
            layer, said = _refusal(run, failed)
            if case.then is not None:
                layer, said = _done(run, case)
        record = run.work / "release" / "release.json"
        release = run.output("release/release.json")["release"] if record.is_file() else None
        return Outcome(
            layer=layer, said=said, before=before, after=in_production(run), release=release
        )

    def _champion(self, name: str) -> Path:
        if name not in self._stores:
            folder = self.folder / name
            outcome = self.play(CHAMPIONS[name], folder)
            assert outcome.after is not None, f"champion {name}: {outcome.said}"
            self._stores[name] = folder / "store"
        return self._stores[name]

    def _config(self, case: Case, folder: Path) -> bytes:
        table = loans()
        # In one place: what a release was made from is a part of it.
        source = self.folder / "rows.parquet"
        (table if case.table is None else case.table(table)).to_parquet(source)
        changes = {"training.train": f"fits:{case.fit}", "data.source": str(source), **case.config}
        document = configured(changes)
        if case.locked:
            document["validation"] = {
                "lock": self._lock(case, document["data"]),
                **document["validation"],
            }
        try:
            return RunConfig.model_validate(document).to_json()
        except ValueError:
            import orjson

            # The first step is to say what is wrong with it.
            return orjson.dumps(document)

    def _lock(self, case: Case, data: dict[str, Any]) -> dict[str, Any]:
        """The lock of the table as it should be, as `trimaran lock` infers it."""
        from trimaran_runtime.data.config import DataConfig
        from trimaran_runtime.data.parquet import read_parquet
        from trimaran_runtime.data.table import write_table
        from trimaran_runtime.user_code import UserCode
        from trimaran_runtime.validation.columns import Columns
        from trimaran_runtime.validation.infer import inferred

        key = str(data.get("time"))
        if key not in self._locks:
            folder = self.folder / "lock"
            folder.mkdir(exist_ok=True)
            loans().to_parquet(folder / "rows.parquet")
            config = DataConfig.model_validate({**data, "source": str(folder / "rows.parquet")})
            write_table(config, UserCode(CODE), folder / "table.parquet")
            columns = Columns(read_parquet(folder / "table.parquet"))
            self._locks[key] = inferred(columns, config).model_dump(mode="json")
        return self._locks[key]


def in_production(run: ToyRun) -> str | None:
    """Full id of the release in production; None: none."""
    pointer = current(run.store, Channel.production)
    return pointer.release if pointer else None


@contextmanager
def _environment(case: Case) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in case.environment}
    os.environ.update(case.environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _steps(run: ToyRun, case: Case) -> str | None:
    """Run the steps, with what is done in between; the step that refused, None: none did."""
    for step in STEPS:
        status = run.step(step)
        if status and not (isinstance(case, Attack) and case.ignored == step):
            return step
        if step in case.after:
            case.after[step](run)
    return None


def _refusal(run: ToyRun, step: str | None) -> tuple[Layer | None, dict[str, str]]:
    if step is None:
        return None, {}
    error = run.error(step)
    if error["kind"] == "ValidationRefused":
        found = run.output("findings/findings.json")["findings"]
        said: dict[str, str] = {}
        for finding in found:
            if finding["severity"] == "error":
                one = f"{finding['column']}: {finding['evidence']}. {finding['advice']}"
                said[finding["check"]] = "; ".join(filter(None, [said.get(finding["check"]), one]))
        return Layer.validation, said
    if error["kind"] == "GateRefused":
        refused = {n: c["detail"] for n, c in run.checks().items() if c["judged"] > c["passed"]}
        return Layer.gate, refused
    assert error["exit"] != Exit.CRASHED, error["traceback"]
    is_config = step == "data" and error["kind"] == "ConfigError"
    return Layer.configuration if is_config else _LAYERS[step], {error["where"]: error["message"]}


def _done(run: ToyRun, case: Case) -> tuple[Layer | None, dict[str, str]]:
    """Do what comes after the run; what refused it."""
    assert case.then is not None
    try:
        case.then(run)
    except RuntimeFault as fault:
        layer = case.layer if isinstance(case, Attack) else Layer.registry
        return layer, {fault.where: str(fault)}
    return None, {}
