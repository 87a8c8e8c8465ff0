"""Models in ONNX on the device that serves them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.lowering.device import Device
from trimaran_runtime.lowering.graph import Graph
from trimaran_runtime.lowering.lowered import Lowered
from trimaran_runtime.lowering.onnx_session import Session, open_session

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Placed:
    """A graph and the session that answers for it."""

    graph: Graph
    session: Session

    @property
    def columns(self) -> int:
        return self.graph.columns

    @property
    def answers(self) -> int:
        return self.graph.answers

    def __call__(self, rows: Floats) -> Floats:
        return self.graph.asked(self.session, rows)


def placed(lowered: Lowered, device: Device) -> Lowered:
    """The model, opened on a device; one that is not in ONNX is left as it is.

    Raises:
        ConfigError: the device, or ONNX Runtime, is not there.
        Corrupted: the model cannot be built.
    """
    graph = lowered.answer
    if not isinstance(graph, Graph):
        return lowered
    session = open_session(graph.content.tobytes(), graph.columns, device)
    return replace(lowered, answer=Placed(graph, session))


def provider_of(lowered: Lowered) -> str | None:
    """What computes a placed model, in ONNX Runtime's words; None: NumPy does."""
    return lowered.answer.session.provider if isinstance(lowered.answer, Placed) else None
