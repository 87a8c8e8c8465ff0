"""The Open Inference Protocol v2 over HTTP, as KServe, Triton and Seldon speak it.

Source: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/
inference_rest.md and https://github.com/kserve/kserve/blob/master/docs/predict-api/v2/
required_api.md (read 2026-11-25). The model is the release's model, its version the release.
"""

from collections.abc import Callable
from typing import Any

from trimaran_runtime import __version__
from trimaran_runtime.registry.release import SHORT, Release
from trimaran_runtime.serving import exchange
from trimaran_runtime.serving.call import Call
from trimaran_runtime.serving.config import LimitsConfig
from trimaran_runtime.serving.correlation import is_usable
from trimaran_runtime.serving.message import Refusal, Response
from trimaran_runtime.serving.oip.datatype import datatype_of
from trimaran_runtime.serving.oip.inputs import Inputs
from trimaran_runtime.serving.oip.outputs import Outputs, answer
from trimaran_runtime.serving.oip.request import InferenceRequest, read_request
from trimaran_runtime.serving.routes import Routes
from trimaran_runtime.serving.service import Service

EXTENSIONS = ("binary_tensor_data", "schedule_policy")
"""Triton's names for what is supported beside the protocol; of the schedule policy, `timeout`."""


class InferenceProtocol:
    """Handlers of `/v2`.

    Args:
        ready: the service, or a refusal while there is none.
        is_serving: whether predictions are answered, and will be.
        limits: what one request may cost.
    """

    def __init__(
        self, ready: Callable[[], Service], is_serving: Callable[[], bool], limits: LimitsConfig
    ) -> None:
        self._ready, self._is_serving, self._limits = ready, is_serving, limits
        self._inputs: Inputs
        self._outputs: Outputs

    def serve(self, service: Service) -> None:
        """Answer for this service from now on."""
        signature = service.release.signature
        self._inputs = Inputs(service.reader, signature)
        self._outputs = Outputs(service.predictor, signature.task)

    def add_to(self, routes: Routes) -> None:
        """Add the routes."""
        routes.add("GET", "/v2", self._server)
        routes.add("GET", "/v2/health/live", self._live)
        routes.add("GET", "/v2/health/ready", self._server_ready)
        routes.add_model("GET", "", self._model)
        routes.add_model("GET", "ready", self._model_ready)
        routes.add_model("POST", "infer", self._infer)

    async def _server(self, call: Call, body: bytes) -> Response:
        document = {"name": "trimaran", "version": __version__, "extensions": list(EXTENSIONS)}
        return Response.json(200, document)

    async def _live(self, call: Call, body: bytes) -> Response:
        return Response.json(200, {"live": True})

    async def _server_ready(self, call: Call, body: bytes) -> Response:
        # The protocol's text says `live`, its servers say `ready`; false is 4xx, not 503.
        ready = self._is_serving()
        return Response.json(200 if ready else 400, {"live": ready, "ready": ready})

    async def _model_ready(self, call: Call, body: bytes) -> Response:
        ready = self._is_serving()
        if ready:
            self._service(call)
        return Response.json(200 if ready else 400, {"name": call.model, "ready": ready})

    async def _model(self, call: Call, body: bytes) -> Response:
        release = self._service(call).release
        return Response.json(
            200,
            {
                "name": release.model_name,
                "versions": [release.id[:SHORT], release.id],
                "platform": f"sklearn_{release.model.format}",
                "inputs": [
                    {"name": column.name, "datatype": datatype_of(column).name, "shape": [-1]}
                    for column in release.signature.features
                ],
                "outputs": [
                    {
                        "name": output.name,
                        "datatype": output.datatype.name,
                        "shape": [-1] if output.width is None else [-1, output.width],
                    }
                    for output in self._outputs.all
                ],
            },
        )

    async def _infer(self, call: Call, body: bytes) -> Response:
        service = self._service(call)
        request = read_request(
            call.headers, body, self._inputs, self._outputs, self._limits.max_rows
        )
        self._adopt(call, request)
        predictions = await exchange.predictions(service, request.rows, call)
        answers = service.predictor.rendered(predictions)
        exchange.record(service, call, request.rows, answers, len(body))
        head: dict[str, Any] = {
            "model_name": service.release.model_name,
            "model_version": service.short_id,
        }
        if request.id is not None:
            head["id"] = request.id
        return answer(head, request.outputs, predictions)

    def _adopt(self, call: Call, request: InferenceRequest) -> None:
        """Take over what the body says of the request as a whole."""
        if request.timeout_seconds is not None:
            call.shorten(request.timeout_seconds)
        if not call.is_named and request.id is not None and is_usable(request.id):
            call.request_id = request.id

    def _service(self, call: Call) -> Service:
        service = self._ready()
        release: Release = service.release
        if call.model != release.model_name:
            raise Refusal(
                404,
                f"there is no model {call.model!r}",
                where="model",
                given=call.model,
                allowed=release.model_name,
            )
        if call.version not in {None, release.id, release.id[:SHORT]}:
            raise Refusal(
                404,
                f"there is no version {call.version!r} of model {call.model!r}",
                where="version",
                given=call.version,
                allowed=f"{release.id[:SHORT]}, {release.id}",
            )
        return service
