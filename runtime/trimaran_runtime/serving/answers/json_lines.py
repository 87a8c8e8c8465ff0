"""`application/jsonlines`: a prediction a line, as a SageMaker transform job joins them."""

import orjson

from trimaran_runtime.serving.answers.answer import Answer
from trimaran_runtime.serving.answers.encoder import Encoder


def _encode(answer: Answer) -> bytes:
    lines = (orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in answer.rendered)
    return b"".join(lines)


ENCODERS = tuple(
    Encoder(media_type=kind, encode=_encode, description="On every line a prediction as in JSON.")
    for kind in ("application/jsonlines", "application/x-ndjson")
)
