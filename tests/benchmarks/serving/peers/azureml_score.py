"""Azure ML's inference server: the entry script of its guide."""

import json
import os
from typing import Any

import joblib


def init() -> None:
    global model  # noqa: PLW0603 - the entry script's contract
    model = joblib.load(os.environ["MODEL"])


def run(raw_data: str) -> list[Any]:
    return model.predict(json.loads(raw_data)["instances"]).tolist()
