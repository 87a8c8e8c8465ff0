"""Azure ML's inference server: the entry script of its guide."""

import json
import os
from typing import Any

import joblib


def init() -> None:
    global model
    model = joblib.load(os.environ["MODEL"])


def run(raw_data: str) -> list[Any]:
    return model.predict(json.loads(raw_data)["instances"]).tolist()
