"""Runs a renderer without an engine, and keeps what it asks the engine for.

Nothing is known of a resource but its inputs, as in the preview of a stack that is not there yet:
what a renderer makes of an output that it does not know is part of what is tested.
"""

import asyncio
import contextvars
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime import mocks, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.rpc_manager import RPCManager
from pulumi.runtime.stack import run_pulumi_func

_STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A resource that the engine was asked for.

    Attributes:
        type: type token, `aws:s3/bucket:Bucket`.
        name: logical name.
        urn: URN.
        parent: URN of the parent; empty: the stack.
        is_component: a component, and no resource of a provider.
        inputs: inputs by their names at the engine, as the wire carries them.
    """

    type: str
    name: str
    urn: str
    parent: str
    is_component: bool
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recording:
    """What a program asked for.

    Attributes:
        registered: resources and components, by URN.
        asked: functions and existing resources that were asked for.
    """

    registered: dict[str, Registered] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def resources(self) -> tuple[Registered, ...]:
        """The resources of providers, by URN: they arrive in no particular order."""
        found = (r for _, r in sorted(self.registered.items()) if not r.is_component)
        return tuple(found)


def record(
    program: Callable[[], None], *, stack: str = "conformance", config: Mapping[str, str]
) -> Recording:
    """Run a program as in a first preview.

    Args:
        program: declares resources.
        stack: name of the Pulumi stack; the project is called `testing`.
        config: configuration by full key, `aws:region`.
    """
    recording = Recording()
    # Pulumi's settings are context variables, and an event loop is a thread's: so the caller's stay
    # as they were.
    context = contextvars.copy_context()
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(context.run, _run, program, stack, config, recording).result()
    return recording


def _run(
    program: Callable[[], None], stack: str, config: Mapping[str, str], recording: Recording
) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        settings.ROOT.set(None)
        # What else the process has under way is not waited for: it may belong to a loop that ended.
        settings.SETTINGS.outputs = set()
        settings.SETTINGS.rpc_manager = RPCManager()  # type: ignore[no-untyped-call]
        set_all_config(dict(config), [])
        mocks.set_mocks(
            _Unused(), project="testing", stack=stack, preview=True, monitor=_Monitor(recording)
        )
        loop.run_until_complete(run_pulumi_func(program))
    finally:
        _end(loop)


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """After an error there are outputs that nobody will ever resolve."""
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_default_executor())
    asyncio.set_event_loop(None)
    loop.close()


class _Unused(mocks.Mocks):
    """Never asked: the monitor answers by itself."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise NotImplementedError

    def new_resource(self, args: mocks.MockResourceArgs) -> Any:
        raise NotImplementedError


class _Monitor(mocks.MockMonitor):
    """Notes what is asked for; a resource's outputs are its inputs and no more."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(_Unused())
        self._recording = recording

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        self._recording.asked.append(request.tok)
        return resource_pb2.ResourceInvokeResponse()

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        self._recording.asked.append(f"{request.type} {request.id}")
        urn = self.make_urn(request.parent, request.type, request.name)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=request.properties)

    def RegisterResource(self, request: Any) -> resource_pb2.RegisterResourceResponse:  # noqa: N802
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type != _STACK:
            self._recording.registered[urn] = Registered(
                type=request.type,
                name=request.name,
                urn=urn,
                parent=request.parent,
                is_component=not request.custom,
                inputs=_plain(request.object),
            )
        return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)


def _plain(properties: Any) -> dict[str, Any]:
    """Properties as text and numbers; two that are equal here are equal on the wire."""
    from google.protobuf.json_format import MessageToDict

    found: dict[str, Any] = MessageToDict(properties)
    return found
