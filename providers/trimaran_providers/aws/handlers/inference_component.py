"""Inference components as SageMaker describes them."""

from typing import Any


def same_component(found: Any, wanted: Any) -> bool:
    """Whether an inference component serves what is wanted: the model, and the room it asks for."""
    served, asked = found.get("Specification", {}), wanted["Specification"]
    room, asked_room = (s.get("ComputeResourceRequirements", {}) for s in (served, asked))
    # SageMaker may describe more than it was asked for.
    fits = all(room.get(name) == value for name, value in asked_room.items())
    return fits and bool(served.get("ModelName") == asked["ModelName"])
