"""Which step reads and writes what: the pipeline's shape, as data, without loading any step.

Every cloud's renderer builds its pipeline from this table and nothing else.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Ports of one step."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    needs_store: bool = False
    """Whether it is handed the artifact store's URI (`--param store=`)."""


PIPELINE: tuple[Ports, ...] = (
    Ports(name="data", inputs=("config", "code"), outputs=("table",)),
    Ports(name="split", inputs=("config", "table"), outputs=("splits",)),
    Ports(name="validate", inputs=("config", "code", "table", "splits"), outputs=("findings",)),
    Ports(name="train", inputs=("config", "code", "splits"), outputs=("model",)),
    Ports(
        name="evaluate",
        inputs=("config", "code", "splits", "model"),
        outputs=("evaluation",),
        needs_store=True,
    ),
    Ports(name="gate", inputs=("config", "evaluation", "findings"), outputs=("verdict",)),
    Ports(
        name="register",
        inputs=("config", "splits", "model", "evaluation", "findings", "verdict", "table"),
        outputs=("release",),
        needs_store=True,
    ),
)
"""data → split → validate → train → evaluate → gate → register, in order."""

MONITOR = Ports(name="monitor", inputs=("config",), outputs=("report",), needs_store=True)
"""The one step of the monitor's pipeline."""
