"""What the train step says about the model it wrote."""

from typing import Self

from pydantic import ValidationError

from trimaran_runtime.errors import Corrupted
from trimaran_runtime.registry.release import Signature
from trimaran_runtime.section import Section
from trimaran_runtime.training.config import Scalar

MODEL = "model.skops"
"""Name of the model file."""
RECORD = "training.json"
"""Name of the record's file."""
TIMING = "timing.json"
"""Name of the file with wall times, which are in no digest."""


class TrainingRecord(Section):
    """What was fitted, from what, with what."""

    signature: Signature
    """What the model takes and gives."""
    trusted_types: tuple[str, ...]
    """Types beside skops' defaults that loading may build."""
    estimator: str
    """Class of the fitted model."""
    parameters: dict[str, Scalar]
    """Hyperparameters handed to the function."""
    seed: int
    """Seed."""
    versions: dict[str, str]
    """Versions of Python and of the libraries the model file depends on."""
    reproduced: bool | None = None
    """Whether training a second time gave the same bytes; None: it was not tried."""

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """Read `training.json` back; raises Corrupted."""
        try:
            return cls.model_validate_json(document)
        except ValidationError as exc:
            raise Corrupted(f"the training record cannot be read: {exc}", where="train") from exc
