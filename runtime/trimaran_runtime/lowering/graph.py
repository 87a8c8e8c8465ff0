"""A model proper in ONNX, behind a preparation in NumPy."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.lowering.answer import Link, linked
from trimaran_runtime.lowering.onnx_file import check_model
from trimaran_runtime.lowering.onnx_session import Session, open_session

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Graph:
    """An answer that ONNX Runtime computes; the model is opened when it is asked first.

    Attributes:
        content: (bytes,) the model: takes one (n, columns) matrix of float32 or float64.
        output: name of the output that is the answer: (n, k), or (n,) where k is 1.
        columns: columns that it takes.
        scores: columns that it gives.
        link: how they become answers.

    Raises:
        RefusedModel: the model reaches outside of itself.
    """

    content: NDArray[np.uint8]
    output: str
    columns: int
    scores: int
    link: Link

    def __post_init__(self) -> None:
        check_model(self.content.tobytes())
        if self.columns < 1 or self.scores < 1:
            raise ValueError("a model in ONNX takes or gives nothing")

    @property
    def answers(self) -> int:
        return 2 if self.link == "logistic" else self.scores

    def __call__(self, rows: Floats) -> Floats:
        return self.asked(self._session, rows)

    def asked(self, session: Session, rows: Floats) -> Floats:
        """(n, answers) from (n, columns), by a session of the model.

        Raises:
            ValueError: a value overflows the model's datatype, or it gives another shape.
        """
        scores = session.ask(self.output, rows)
        return linked(scores.reshape(len(rows), self.scores), self.link)

    @cached_property
    def _session(self) -> Session:
        return open_session(self.content.tobytes(), self.columns)
