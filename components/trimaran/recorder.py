"""Runs a program without an engine and keeps what it would ask the engine for.

No command line of Pulumi, no plugin, no credentials, no network: resources are registered at a
monitor of ours, in this process.
"""

import asyncio
import contextvars
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pulumi
from google.protobuf.struct_pb2 import Struct, Value
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.rpc_manager import RPCManager
from pulumi.runtime.stack import run_pulumi_func

from trimaran_providers.contract.errors import ProjectError, TrimaranError

SECRET = "[secret]"
"""What stands for a secret."""
UNKNOWN = "<known after up>"
"""What stands for a value that only `pulumi up` brings."""
_KEY = rpc._special_sig_key
_SECRET_MARK, _RESOURCE_MARK = rpc._special_secret_sig, rpc._special_resource_sig


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A resource as the engine would be asked for it.

    Attributes:
        type: type token, `aws:s3/bucket:Bucket`.
        name: logical name.
        parent: URN of the parent; empty: the stack itself.
        urn: URN.
        custom: a resource of a provider, and not a component.
        inputs: plain values by their names at the engine; secrets and what is not known yet are
            replaced by `SECRET` and `UNKNOWN`.
        depends_on: URNs of resources that have to be there first.
    """

    type: str
    name: str
    parent: str
    urn: str
    custom: bool
    inputs: Mapping[str, Any]
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What is known of a resource beyond its inputs.

    Attributes:
        id: its id; empty: known after `up`.
        outputs: outputs by their names at the engine.
    """

    id: str
    outputs: Mapping[str, Any]


Maker = Callable[[Rendered], Made]
"""Says what a resource would be."""


def nothing_made(_resource: Rendered) -> Made:
    """As in a preview of something new: nothing is known but the inputs."""
    return Made(id="", outputs={})


def record(
    program: Callable[[], None],
    *,
    project: str,
    stack: str,
    config: Mapping[str, str],
    secret_keys: set[str] | None = None,
    made: Maker = nothing_made,
) -> tuple[Rendered, ...]:
    """Run a program and return what it registers, parents first, siblings by type and name.

    Args:
        program: declares resources.
        project: name of the Pulumi project.
        stack: name of the stack.
        config: configuration by full key, `aws:region`.
        secret_keys: keys of it that are secret.
        made: what is known of each resource.

    Raises:
        TrimaranError: an error of ours that the program raised.
    """
    context = contextvars.copy_context()
    # A thread of its own has an event loop of its own: the caller's stays as it was.
    with ThreadPoolExecutor(max_workers=1) as thread:
        keys = secret_keys or set()
        return thread.submit(
            context.run, _run, program, project, stack, config, keys, made
        ).result()


def _run(
    program: Callable[[], None],
    project: str,
    stack: str,
    config: Mapping[str, str],
    secret_keys: set[str],
    made: Maker,
) -> tuple[Rendered, ...]:
    # All of this is in context variables: the caller's runtime stays as it was.
    monitor = _Monitor(made)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        settings.ROOT.set(None)
        # What else the process has under way is not waited for: it may belong to a loop that ended.
        settings.SETTINGS.outputs = set()
        settings.SETTINGS.rpc_manager = RPCManager()  # type: ignore[no-untyped-call]
        set_all_config(dict(config), sorted(secret_keys))
        mocks.set_mocks(_NoMocks(), project=project, stack=stack, preview=True, monitor=monitor)
        loop.run_until_complete(run_pulumi_func(program))
    except pulumi.RunError as exc:
        if isinstance(exc.__cause__, TrimaranError):
            raise exc.__cause__ from exc
        raise
    finally:
        _cancel_all(loop)
        asyncio.set_event_loop(None)
        loop.close()
    return tuple(_as_tree(monitor.seen))


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    """After an error there are outputs that nobody will ever resolve."""
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_default_executor())


def _as_tree(seen: list[Rendered]) -> Iterator[Rendered]:
    known = {resource.urn for resource in seen}
    below: dict[str, list[Rendered]] = {}
    for resource in seen:
        parent = resource.parent if resource.parent in known else ""
        below.setdefault(parent, []).append(resource)

    def walk(parent: str) -> Iterator[Rendered]:
        # They arrive in the order of their threads.
        for child in sorted(below.get(parent, ()), key=lambda r: (r.custom, r.type, r.name)):
            yield child
            yield from walk(child.urn)

    yield from walk("")


class _NoMocks(mocks.Mocks):
    """The monitor answers everything itself."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise NotImplementedError

    def new_resource(self, args: mocks.MockResourceArgs) -> Any:
        raise NotImplementedError


class _Monitor(mocks.MockMonitor):
    """Notes every resource that is registered, and answers with its inputs."""

    def __init__(self, made: Maker) -> None:
        super().__init__(_NoMocks())
        self._made = made
        self.seen: list[Rendered] = []

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        raise ProjectError(
            f"{request.tok} would be asked while the stack is rendered",
            next_step="take the value from the configuration or from a resource's output",
        )

    def RegisterResource(self, request: Any) -> resource_pb2.RegisterResourceResponse:  # noqa: N802
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        resource = Rendered(
            type=request.type,
            name=request.name,
            parent=request.parent,
            urn=urn,
            custom=request.custom,
            inputs=plain_properties(request.object),
            depends_on=tuple(sorted(request.dependencies)),
        )
        self.seen.append(resource)
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        made = self._made(resource)
        # Like the engine: a resource's outputs begin as its inputs, secrets and unknowns included.
        answer = Struct()
        answer.CopyFrom(request.object)
        answer.update(dict(made.outputs))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=made.id, object=answer)

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        raise ProjectError(
            f"{request.type} {request.id} would be looked up while the stack is rendered",
            next_step="name what exists by its ARN or address instead",
        )


def plain_properties(properties: Struct) -> dict[str, Any]:
    """Properties as plain values, with `SECRET` and `UNKNOWN` where they stand."""
    return {name: _plain(properties.fields[name]) for name in sorted(properties.fields)}


def _plain(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _plain_mapping(value.struct_value)
    if kind == "list_value":
        return [_plain(item) for item in value.list_value.values]
    if kind == "string_value":
        return UNKNOWN if value.string_value == rpc.UNKNOWN else value.string_value
    if kind == "number_value":
        number = value.number_value
        # The engine knows only doubles.
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None


def _plain_mapping(struct: Struct) -> Any:
    mark = struct.fields[_KEY].string_value if _KEY in struct.fields else ""
    if mark == _SECRET_MARK:
        return SECRET
    if mark == _RESOURCE_MARK:
        return struct.fields["id"].string_value or UNKNOWN
    values = plain_properties(struct)
    # What is left are files and archives: shown by their path.
    values.pop(_KEY, None)
    return values
