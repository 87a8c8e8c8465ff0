"""The rules that a release was judged by, as it carries them."""

from typing import TYPE_CHECKING, Self

from pydantic import ValidationError

from trimaran_runtime.errors import Corrupted
from trimaran_runtime.gate.config import GateConfig
from trimaran_runtime.section import Section

if TYPE_CHECKING:
    from trimaran_runtime.config import RunConfig

GATE = "gate"
"""Role of the file in a release."""


class GateRecord(Section):
    """The rules of one judgement."""

    gate: GateConfig
    """The `gate` section."""
    segments: tuple[str, ...]
    """Columns whose levels were compared."""
    fairness: tuple[str, ...]
    """Columns whose levels were compared for fairness."""

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """Read the file back; raises Corrupted, also for one of another version."""
        try:
            return cls.model_validate_json(document)
        except ValidationError as exc:
            raise Corrupted(f"the gate's record cannot be read: {exc}", where="gate") from exc


def record_of(config: "RunConfig") -> GateRecord:
    """The rules that a run's configuration asks for."""
    fair = config.evaluation.fairness
    return GateRecord(
        gate=config.gate,
        segments=config.data.segments,
        fairness=config.data.segments if fair is None else fair,
    )
