"""What the evaluate step found of the model in production."""

from trimaran_runtime.evaluation.estimate import Gain
from trimaran_runtime.gate.record import GateRecord
from trimaran_runtime.section import Section


class InterfaceChange(Section):
    """What a caller of the model in production would notice of the new one."""

    gone: tuple[str, ...] = ()
    """Columns that the new model does not take."""
    retyped: dict[str, str] = {}
    """Columns whose type does not take every value of before: `integer → boolean`, by name."""
    added: tuple[str, ...] = ()
    """Columns that it takes in addition."""
    answers: str = ""
    """How its answers differ in kind: another target, other classes; empty: they do not."""


class VanishedSegment(Section):
    """A segment that production was judged on, and of which hardly a test row is left."""

    column: str
    """Segment column."""
    level: str
    """Level; `(missing)` for missing values."""
    before: int
    """Test rows that production was judged on there."""
    rows: int
    """Test rows now."""

    @property
    def name(self) -> str:
        """`column=level`."""
        return f"{self.column}={self.level}"


class ChampionResult(Section):
    """The model in production, on the same test rows."""

    release: str
    """Full id of its release."""
    same_model: bool
    """Whether it is the new model, byte for byte."""
    incompatible: str = ""
    """Why it could not be asked about these rows; empty: it could."""
    lost: str = ""
    """Why its release cannot be read any more; empty: it can."""
    held_out: str = ""
    """Fingerprint of the rows that it was asked about; empty: it was not."""
    interface: InterfaceChange | None = None
    """What its callers would notice; None: its release cannot be read."""
    gate: GateRecord | None = None
    """The rules it was judged by; None: its release does not say, or in words of another version.
    """
    vanished: tuple[VanishedSegment, ...] = ()
    """Segments that it was judged on, and that the test rows no longer tell of."""
    value: float | None = None
    """Its metric."""
    gain: Gain | None = None
    """Of the new model over it."""
