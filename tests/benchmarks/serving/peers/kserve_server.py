"""KServe: a custom model on its server, version 1 of its protocol."""

import os
import sys
from typing import Any

import joblib
from kserve import Model, ModelServer


class Classifier(Model):
    def load(self) -> bool:
        self.model = joblib.load(os.environ["MODEL"])
        self.ready = True
        return self.ready

    async def predict(self, payload: Any, headers: Any = None, *_: Any) -> dict[str, Any]:
        return {"predictions": self.model.predict(payload["instances"]).tolist()}


if __name__ == "__main__":
    model = Classifier("model")
    model.load()
    ModelServer(
        http_port=int(sys.argv[1]), enable_grpc=False, workers=1, enable_latency_logging=False
    ).start([model])
