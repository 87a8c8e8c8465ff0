"""A release's explainer for served rows; built on the first request that asks for reasons.

The lowered form is explained where the release has one, whatever answers: both are proven to give
the same answers. Else the model itself is, with the libraries that it needs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.registry.release import Release
from trimaran_runtime.registry.serving_files import EXPLANATION_ROLE
from trimaran_runtime.serving.column import Column
from trimaran_runtime.serving.message import Refusal
from trimaran_runtime.serving.values import Values

if TYPE_CHECKING:
    from trimaran_runtime.explain.contributions import Contributions

MOST_ROWS = 100
"""Rows of one explained request."""


class CannotExplain(Exception):
    """A release whose answers cannot be explained; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What a server asks for contributions.

    Attributes:
        method, scale: see `trimaran_runtime.explain.explanation`.
        most_rows: rows of one request.
        names: of the input columns.
        contributions: of rows by column.
    """

    method: str
    scale: str
    most_rows: int
    names: Sequence[str]
    contributions: "Callable[[Values], Contributions]"

    @classmethod
    def of(
        cls,
        release: Release,
        read: Callable[[str], bytes],
        frame: "Callable[[Values], Any] | None",
        columns: Sequence[Column],
    ) -> Self:
        """Build it.

        Args:
            release: the manifest.
            read: the bytes of one of its files by digest, verified.
            frame: makes the frame that the model takes; None: only its lowered form is at hand.
            columns: the signature's columns.

        Raises:
            CannotExplain: the release holds too little, or something needed is not installed.
        """
        from trimaran_runtime.explain.explanation import Explanation
        from trimaran_runtime.lowering.record import LOWERED_ROLE

        file, lowered = release.files.get(EXPLANATION_ROLE), release.files.get(LOWERED_ROLE)
        if file is None:
            raise CannotExplain("it was made without explanations (explain.enabled)")
        try:
            explanation = Explanation.parse(read(file.digest))
            if lowered is not None:
                return cls._lowered(read(lowered.digest), explanation, columns)
            if frame is None:
                raise CannotExplain("it has no lowered form")
            return cls._original(read, release, explanation, frame)
        except ImportError as exc:
            raise CannotExplain(f"{exc.name} is not installed in this server") from exc
        except RuntimeFault as exc:
            raise CannotExplain(exc.what) from exc
        except (Refusal, ValueError, KeyError) as exc:
            raise CannotExplain("its reference rows are not such as its model takes") from exc

    @classmethod
    def _lowered(cls, content: bytes, explanation: Any, columns: Sequence[Column]) -> Self:
        from trimaran_runtime.explain.lowered_explainer import LoweredExplainer
        from trimaran_runtime.lowering.answer import Linear, Trees
        from trimaran_runtime.lowering.file import load

        model = load(content)
        if not isinstance(model.answer, Linear | Trees):
            raise CannotExplain("its model is in ONNX")
        reference = [column.check(list(explanation.reference[column.name])) for column in columns]
        found = LoweredExplainer.of(model, reference)
        return cls(
            method=str(found.method),
            scale=str(found.scale),
            most_rows=min(MOST_ROWS, found.most_rows),
            names=[column.name for column in columns],
            contributions=found.explain,
        )

    @classmethod
    def _original(
        cls,
        read: Callable[[str], bytes],
        release: Release,
        explanation: Any,
        frame: "Callable[[Values], Any]",
    ) -> Self:
        from trimaran_runtime.explain import sampled
        from trimaran_runtime.explain.explainer import explainer_of
        from trimaran_runtime.explain.explanation import Method
        from trimaran_runtime.explain.reference import frame_of
        from trimaran_runtime.training.model_file import load_model_bytes

        signature = release.signature
        found = explainer_of(
            load_model_bytes(read(release.model.file.digest), release.model.trusted_types),
            frame_of(explanation.reference, signature),
            signature,
            seed=explanation.seed,
        )
        is_sampled = found.method is Method.sampled
        return cls(
            method=str(found.method),
            scale=str(found.scale),
            most_rows=min(MOST_ROWS, sampled.MOST_ROWS) if is_sampled else MOST_ROWS,
            names=[feature.name for feature in signature.features],
            contributions=lambda values: found.explain(frame(values)),
        )

    def documents(
        self, values: Values, answers: Sequence[Any], classes: Sequence[Any], reasons: int
    ) -> list[dict[str, Any]]:
        """What is answered of each row: the reasons of its answer, strongest first.

        Args:
            values: n rows by column.
            answers: (n,) the predictions that are explained.
            classes: the class labels; empty for regression.
            reasons: how many per row.
        """
        found = self.contributions(values)
        if not np.isfinite(found.values).all():
            raise CannotExplain("the contributions to this answer are not finite")
        return [
            self._document(found, row, _output(answer, classes, len(found.base)), classes, reasons)
            for row, answer in enumerate(answers)
        ]

    def _document(
        self, found: "Contributions", row: int, output: int, classes: Sequence[Any], reasons: int
    ) -> dict[str, Any]:
        moved = found.values[row, :, output]
        order = np.argsort(-np.abs(moved), kind="stable")[:reasons]
        # What moved nothing is no reason.
        told = [int(at) for at in order if moved[at] != 0]
        rest = np.delete(moved, told).sum()
        document: dict[str, Any] = (
            {} if not classes else {"class": classes[output - len(found.base)]}
        )
        errors = None if found.error is None else found.error[row, :, output]
        document["base"] = float(found.base[output])
        document["reasons"] = [
            {"feature": self.names[at], "contribution": float(moved[at])}
            | ({} if errors is None else {"error": float(errors[at])})
            for at in told
        ]
        return document | {"rest": float(rest), "scale": self.scale, "method": self.method}


def _output(answer: Any, classes: Sequence[Any], outputs: int) -> int:
    """Place of the score that is explained: of two classes that of the last, of more the answer's.

    One score of two classes is that of the last one.
    """
    if len(classes) <= 2 or outputs < len(classes):
        return outputs - 1
    return list(classes).index(answer[0])
