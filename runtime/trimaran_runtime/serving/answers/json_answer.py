"""`application/json`: every prediction in a list, and the release."""

import orjson

from trimaran_runtime.serving.answers.answer import Answer
from trimaran_runtime.serving.answers.encoder import Encoder
from trimaran_runtime.serving.message import JSON


def _encode(answer: Answer) -> bytes:
    document = {"predictions": answer.rendered, "release": answer.release}
    if answer.explanations is not None:
        document["explanations"] = answer.explanations
    return orjson.dumps(document)


ENCODER = Encoder(media_type=JSON, encode=_encode, description="Predictions and the release.")
