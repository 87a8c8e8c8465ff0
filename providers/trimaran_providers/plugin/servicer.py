"""The plugin's gRPC service: every call becomes one call of a handler in a worker thread."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, NoReturn, ParamSpec, TypeVar

import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.provider.server import ProviderServicer
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto.plugin_pb2 import PluginAttach
from pydantic import ValidationError

from trimaran_providers.contract.errors import PartiallyCreatedError
from trimaran_providers.contract.handler import AnyHandler, ResourceModel
from trimaran_providers.plugin import schema
from trimaran_providers.plugin.check import check
from trimaran_providers.plugin.components import ComponentClass
from trimaran_providers.plugin.construct import read_inputs
from trimaran_providers.plugin.difference import difference
from trimaran_providers.plugin.fault import Fault, fault_of, partial
from trimaran_providers.plugin.properties import secret_names, to_properties
from trimaran_providers.plugin.provider import TrimaranProvider
from trimaran_providers.plugin.registry import Handlers
from trimaran_providers.plugin.reporter import EngineLog, EngineReporter
from trimaran_providers.plugin.wire import Properties, decode, encode

_THREADS = 64
"""More than the engine's usual parallelism: handlers mostly wait for processes."""
Params = ParamSpec("Params")
Result = TypeVar("Result")
Context = grpc.aio.ServicerContext[Any, Any]


class TrimaranServicer(ProviderServicer):
    """Custom resources by their handlers, beside the SDK's own service of components.

    Previews stop at Diff: the engine shows outputs as unknown until the update.

    Args:
        handlers: gives the handlers when the first of them is needed.
        components: gives the components when the first of them is needed.
        engine_address: where lines beside a resource are sent.
    """

    def __init__(
        self,
        handlers: Callable[[], Handlers],
        components: Callable[[], Mapping[str, ComponentClass]],
        engine_address: str,
    ) -> None:
        self._served = TrimaranProvider(components)
        super().__init__(self._served, [], engine_address)
        self._load_handlers = handlers
        self._stopping = threading.Event()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="handler")

    @cached_property
    def _handlers(self) -> Handlers:
        return self._load_handlers()

    @cached_property
    def _log(self) -> EngineLog:
        return EngineLog(self.engine_address)

    async def Attach(self, request: PluginAttach, context: Context) -> Empty:  # noqa: N802
        """Serve another engine (a debugger started this process)."""
        self.engine_address = request.address
        self._log = EngineLog(self.engine_address)
        return Empty()

    async def Cancel(self, request: Empty, context: Context) -> Empty:  # noqa: N802
        """The user asked to stop: handlers learn it from their reporters."""
        self._stopping.set()
        return Empty()

    async def Configure(  # noqa: N802
        self, request: pb.ConfigureRequest, context: Context
    ) -> pb.ConfigureResponse:
        """What this plugin understands."""
        return pb.ConfigureResponse(
            acceptSecrets=True, acceptResources=False, acceptOutputs=True, supportsPreview=False
        )

    async def CheckConfig(  # noqa: N802
        self, request: pb.CheckRequest, context: Context
    ) -> pb.CheckResponse:
        """The provider has no configuration of its own: keep what the SDK put there."""
        return pb.CheckResponse(inputs=request.news)

    async def DiffConfig(  # noqa: N802
        self, request: pb.DiffRequest, context: Context
    ) -> pb.DiffResponse:
        """A change of the provider replaces nothing."""
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    async def GetSchema(  # noqa: N802
        self, request: pb.GetSchemaRequest, context: Context
    ) -> pb.GetSchemaResponse:
        """The schema of everything that is served."""

        def work() -> pb.GetSchemaResponse:
            return pb.GetSchemaResponse(schema=schema.text(self._handlers, self._served.components))

        return await self._in_thread(context, work)

    async def Construct(  # noqa: N802
        self, request: pb.ConstructRequest, context: Context
    ) -> pb.ConstructResponse:
        """Make a component for a program in another language."""
        try:
            return await self._construct(request, context)
        except Exception as error:  # noqa: BLE001 - the engine must get every error as a status
            await _abort(context, fault_of(error))

    @staticmethod
    async def _construct_inputs(inputs: Struct, input_dependencies: Any) -> dict[str, Any]:
        """Inputs as `TrimaranProvider.construct` takes them, instead of the SDK's own form."""
        depends_on = {name: frozenset(item.urns) for name, item in input_dependencies.items()}
        return dict(read_inputs(inputs, depends_on))

    async def Check(  # noqa: N802
        self, request: pb.CheckRequest, context: Context
    ) -> pb.CheckResponse:
        """Validate inputs and fill in defaults."""

        def work() -> pb.CheckResponse:
            handler = self._handlers.of(request.urn)
            inputs, failures = check(handler.inputs, decode(request.news))
            # The property goes into the reason: the engine would print its value beside it, also
            # that of a secret.
            return pb.CheckResponse(
                inputs=inputs, failures=[pb.CheckFailure(reason=str(item)) for item in failures]
            )

        return await self._in_thread(context, work)

    async def Diff(  # noqa: N802
        self, request: pb.DiffRequest, context: Context
    ) -> pb.DiffResponse:
        """Which inputs changed or outputs drifted."""

        def work() -> pb.DiffResponse:
            return difference(
                self._handlers.of(request.urn),
                decode(request.old_inputs),
                decode(request.olds),
                decode(request.news),
            )

        return await self._in_thread(context, work)

    async def Create(  # noqa: N802
        self, request: pb.CreateRequest, context: Context
    ) -> pb.CreateResponse:
        """Create the resource."""

        def work() -> pb.CreateResponse:
            handler, given = self._handlers.of(request.urn), decode(request.properties)
            inputs = handler.inputs.model_validate(given.values)
            made = _kept(handler, given, handler.create, inputs, self._reporter(request.urn))
            return pb.CreateResponse(id=made.id, properties=_written(made.outputs, given.secrets))

        return await self._in_thread(context, work)

    async def Read(  # noqa: N802
        self, request: pb.ReadRequest, context: Context
    ) -> pb.ReadResponse:
        """What is there now: for refresh and for import; no id means gone."""

        def work() -> pb.ReadResponse:
            handler = self._handlers.of(request.urn)
            found = handler.read(request.id)
            if found is None:
                return pb.ReadResponse()
            inputs, outputs = found
            secrets = decode(request.inputs).secrets | decode(request.properties).secrets
            return pb.ReadResponse(
                id=request.id,
                inputs=_written(inputs, secrets),
                properties=_written(outputs, secrets),
            )

        return await self._in_thread(context, work)

    async def Update(  # noqa: N802
        self, request: pb.UpdateRequest, context: Context
    ) -> pb.UpdateResponse:
        """Bring the resource to its new inputs."""

        def work() -> pb.UpdateResponse:
            handler, given = self._handlers.of(request.urn), decode(request.news)
            inputs = handler.inputs.model_validate(given.values)
            reporter = self._reporter(request.urn)
            old = _old_outputs(handler, request.id, decode(request.olds))
            if old is None:
                # Kept in state half-made, and nothing of it is there: make it.
                made = _kept(handler, given, handler.create, inputs, reporter)
                return pb.UpdateResponse(properties=_written(made.outputs, given.secrets))
            outputs = _kept(handler, given, handler.update, request.id, old, inputs, reporter)
            return pb.UpdateResponse(properties=_written(outputs, given.secrets))

        return await self._in_thread(context, work)

    async def Delete(  # noqa: N802
        self, request: pb.DeleteRequest, context: Context
    ) -> Empty:
        """Delete the resource."""

        def work() -> Empty:
            handler = self._handlers.of(request.urn)
            old = _old_outputs(handler, request.id, decode(request.properties))
            if old is not None:
                handler.delete(request.id, old, self._reporter(request.urn))
            return Empty()

        return await self._in_thread(context, work)

    def _reporter(self, urn: str) -> EngineReporter:
        return EngineReporter(self._log, urn, self._stopping)

    async def _in_thread(self, context: Context, work: Callable[[], Result]) -> Result:
        """Run it beside the event loop, so that resources proceed at the same time."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, work)
        except _KeptHalfMade as kept:
            await _abort(context, kept.fault)
        except Exception as error:  # noqa: BLE001 - the engine must get every error as a status
            await _abort(context, fault_of(error))


class _KeptHalfMade(Exception):
    """Carries the status of a half-made resource out of the worker thread."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def _kept(
    handler: AnyHandler,
    given: Properties,
    operation: Callable[Params, Result],
    *args: Params.args,
    **kwargs: Params.kwargs,
) -> Result:
    """Run a create or update; a half-made resource stays in the engine's state."""
    try:
        return operation(*args, **kwargs)
    except PartiallyCreatedError as error:
        raise _KeptHalfMade(partial(error, handler, given.secrets)) from error


def _old_outputs(handler: AnyHandler, resource_id: str, kept: Properties) -> ResourceModel | None:
    """Outputs in state; read anew when they are half-made or another version's.

    Returns:
        None: the state does not say, and nothing is there.
    """
    try:
        outputs: ResourceModel = handler.outputs.model_validate(kept.values)
    except ValidationError:
        found = handler.read(resource_id)
        return None if found is None else found[1]
    return outputs


def _written(model: ResourceModel, secrets: frozenset[str]) -> Any:
    return encode(to_properties(model), secrets | secret_names(type(model)))


async def _abort(context: Context, fault: Fault) -> NoReturn:
    await context.abort(fault.code, fault.message, fault.trailers)
    raise AssertionError("abort returns never")
