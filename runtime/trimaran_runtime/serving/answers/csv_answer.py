"""`text/csv` without a header line, as SageMaker's Model Monitor and transform jobs read it."""

import csv
import io
from typing import Any

from trimaran_runtime.serving.answers.answer import Answer
from trimaran_runtime.serving.answers.encoder import Encoder


def _encode(answer: Answer) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(map(_cells, answer.rendered))
    return stream.getvalue().encode()


def _cells(prediction: Any) -> list[Any]:
    if not isinstance(prediction, dict):
        return [prediction]
    label = prediction["label"]
    # As JSON spells a boolean, which is also how a body of CSV gives one.
    cells = [str(label).lower() if isinstance(label, bool) else label]
    if "probability" in prediction:
        cells.append(prediction["probability"])
    return cells + list(prediction.get("probabilities", {}).values())


ENCODER = Encoder(
    media_type="text/csv",
    encode=_encode,
    description=(
        "On every line a number, or the label and its probability as in JSON; then those of every "
        "class where they were asked for. No header line."
    ),
    parameters="; charset=utf-8",
)
