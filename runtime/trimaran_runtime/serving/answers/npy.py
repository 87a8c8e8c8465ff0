"""`application/x-npy`: an array as `numpy.load` reads it without pickle."""

import io

import numpy as np

from trimaran_runtime.serving.answers.answer import Answer
from trimaran_runtime.serving.answers.encoder import Encoder


def _encode(answer: Answer) -> bytes:
    values = answer.predictions
    if isinstance(answer.rendered[0], dict):
        has_probabilities = "probability" in answer.rendered[0]
        values = [chances if has_probabilities else label for label, chances in values]
    stream = io.BytesIO()
    np.save(stream, np.array(values), allow_pickle=False)
    return stream.getvalue()


ENCODER = Encoder(
    media_type="application/x-npy",
    encode=_encode,
    description=(
        "Probabilities (rows, classes) in the order of the classes; (rows,) numbers of a "
        "regression, or labels where the model gives no probabilities."
    ),
    is_text=False,
)
