"""The Open Inference Protocol v2 over HTTP, as KServe, Triton and Seldon speak it.

Source: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/
inference_rest.md and https://github.com/kserve/kserve/blob/master/docs/predict-api/v2/
required_api.md (read 2026-11-25). The model is the release's model, its version the release.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from trimaran_runtime import __version__
from trimaran_runtime.registry.release import SHORT
from trimaran_runtime.serving import exchange
from trimaran_runtime.serving.call import Call
from trimaran_runtime.serving.config import LimitsConfig
from trimaran_runtime.serving.correlation import is_usable
from trimaran_runtime.serving.large_body import LARGE_BYTES, LARGE_ROWS, LargeBodies
from trimaran_runtime.serving.message import Refusal, Response
from trimaran_runtime.serving.oip.datatype import datatype_of
from trimaran_runtime.serving.oip.inputs import Inputs
from trimaran_runtime.serving.oip.outputs import Outputs, answer
from trimaran_runtime.serving.oip.request import InferenceRequest, read_request
from trimaran_runtime.serving.routes import Routes
from trimaran_runtime.serving.service import Service
from trimaran_runtime.serving.sharing import Sharing
from trimaran_runtime.serving.traffic import Variant

EXTENSIONS = ("binary_tensor_data", "schedule_policy")
"""Triton's names for what is supported beside the protocol; of the schedule policy, `timeout`."""


class InferenceProtocol:
    """Handlers of `/v2`.

    Args:
        sharing: which release answers.
        is_serving: whether predictions are answered, and will be.
        limits: what one request may cost.
        bodies: where large ones are read.
    """

    def __init__(
        self,
        sharing: Sharing,
        is_serving: Callable[[], bool],
        limits: LimitsConfig,
        bodies: LargeBodies,
    ) -> None:
        self._sharing, self._is_serving, self._limits = sharing, is_serving, limits
        self._bodies = bodies
        self._tensors: dict[str, _Tensors] = {}

    def serve(self, services: Sequence[Service]) -> None:
        """Answer for these services from now on."""
        self._tensors = {service.release_id: _Tensors.of(service) for service in services}

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
            self._named(call)
        return Response.json(200 if ready else 400, {"name": call.model, "ready": ready})

    async def _model(self, call: Call, body: bytes) -> Response:
        service = (self._named(call) or self._sharing.ready().main).service
        release, outputs = service.release, self._tensors[service.release_id].outputs
        execution = service.execution
        return Response.json(
            200,
            {
                "name": release.model_name,
                "versions": [release.id[:SHORT], release.id],
                "platform": _platform(service),
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
                    for output in outputs.all
                ],
                "parameters": {
                    "form": execution.form,
                    "provider": execution.provider,
                    "batch_rows": execution.batch_rows,
                },
            },
        )

    async def _infer(self, call: Call, body: bytes) -> Response:
        return await self._sharing.answered(call, body, self._inferred, self._named(call))

    async def _inferred(self, service: Service, call: Call, body: bytes) -> Response:
        tensors = self._tensors[service.release_id]
        apart, limit = self._bodies.apart, self._limits.max_rows
        given = call.headers, body, tensors.inputs, tensors.outputs, limit
        request = await apart(len(body) > LARGE_BYTES, call, read_request, *given)
        self._adopt(call, request)
        predictions = await exchange.predictions(service, request.rows, call)
        is_large = request.rows.count > LARGE_ROWS
        answers = await apart(is_large, call, service.predictor.rendered, predictions)
        exchange.record(service, call, request.rows, answers, len(body))
        head: dict[str, Any] = {
            "model_name": service.release.model_name,
            "model_version": service.short_id,
        }
        if request.id is not None:
            head["id"] = request.id
        return await apart(is_large, call, answer, head, request.outputs, predictions)

    def _adopt(self, call: Call, request: InferenceRequest) -> None:
        """Take over what the body says of the request as a whole."""
        if request.timeout_seconds is not None:
            call.shorten(request.timeout_seconds)
        if not call.is_named and request.id is not None and is_usable(request.id):
            call.request_id = request.id

    def _named(self, call: Call) -> Variant | None:
        """The variant whose version the path names; None: it names none."""
        traffic = self._sharing.ready()
        models = [variant.service.release.model_name for variant in traffic.loaded]
        if call.model not in models:
            raise Refusal(
                404,
                f"there is no model {call.model!r}",
                where="model",
                given=call.model,
                allowed=", ".join(sorted(set(models))),
            )
        if call.version is None:
            return None
        for variant in traffic.loaded:
            if call.version in {variant.service.release_id, variant.service.short_id}:
                return variant
        versions = [(v.service.short_id, v.service.release_id) for v in traffic.loaded]
        raise Refusal(
            404,
            f"there is no version {call.version!r} of model {call.model!r}",
            where="version",
            given=call.version,
            allowed=", ".join(name for pair in versions for name in pair),
        )


def _platform(service: Service) -> str:
    """The protocol's word for a model in ONNX, else of its kind: `project_format`."""
    if service.execution.form == "onnx":
        return "onnxruntime_onnx"
    return f"sklearn_{service.release.model.format}"


@dataclass(frozen=True, slots=True)
class _Tensors:
    """How a release's columns and answers are tensors."""

    inputs: Inputs
    outputs: Outputs

    @classmethod
    def of(cls, service: Service) -> "_Tensors":
        signature = service.release.signature
        return cls(Inputs(service.reader, signature), Outputs(service.predictor, signature.task))
