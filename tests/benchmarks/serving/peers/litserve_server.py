"""LitServe: an API of its guide's three methods, one worker on the CPU."""

import os
import sys
from typing import Any

import joblib
from litserve import LitAPI, LitServer


class Classifier(LitAPI):
    def setup(self, device: str) -> None:
        self.model = joblib.load(os.environ["MODEL"])

    def decode_request(self, request: dict[str, Any]) -> Any:
        return request["instances"]

    def predict(self, rows: Any) -> Any:
        return self.model.predict(rows)

    def encode_response(self, output: Any) -> dict[str, Any]:
        return {"predictions": output.tolist()}


if __name__ == "__main__":
    server = LitServer(Classifier(), accelerator="cpu", workers_per_device=1)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
