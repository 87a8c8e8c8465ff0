"""The referee's gRPC service: a provider that keeps its resources in an account on disk."""

# ruff: noqa: N802 - the methods have the names of the gRPC calls

import threading
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version
from typing import Any, NoReturn

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb

from tests.oracles.finding import Finding, Rendered
from tests.oracles.naming import NAMES
from tests.referee.account import Account, RefusedError, Thing
from tests.referee.identity import REGION, identity_of
from tests.referee.mirror import Mirror
from tests.referee.replacement import keeps_its_name, replaced_by
from tests.referee.script import Call, Operation, Script
from trimaran.recorder import plain_properties
from trimaran_providers.plugin.wire import decode, encode

_MADE_UP = {"name": "namePrefix", "bucket": "bucketPrefix", "targetId": ""}
"""Inputs that the provider makes up when they are not given, and the prefix it then minds."""
_RANDOM = 7
Context = grpc.ServicerContext


class RefereeServicer(provider_pb2_grpc.ResourceProviderServicer):
    """Poses as the provider `aws`.

    Args:
        account: the account.
    """

    def __init__(self, account: Account) -> None:
        self._account, self._script = account, Script(account.directory)
        self._cancelled = threading.Event()
        self._region = REGION
        self._mirror = Mirror()
        self._checked: dict[str, list[Finding]] = {}

    def Attach(self, request: Any, context: Context) -> Empty:
        self._cancelled.clear()
        return Empty()

    def GetPluginInfo(self, request: Any, context: Context) -> Any:
        return plugin_pb2.PluginInfo(version=version("pulumi-aws"))

    def GetSchema(self, request: Any, context: Context) -> Any:
        return pb.GetSchemaResponse(schema='{"name": "aws"}')

    def CheckConfig(self, request: Any, context: Context) -> Any:
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Context) -> Any:
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Context) -> Any:
        region = request.variables.get("aws:config:region")
        self._region = region or decode(request.args).values.get("region") or REGION
        return pb.ConfigureResponse(
            acceptSecrets=True, acceptResources=False, acceptOutputs=False, supportsPreview=False
        )

    def Invoke(self, request: Any, context: Context) -> NoReturn:
        context.abort(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"{request.tok}: a stack asks AWS nothing, or its preview would need credentials",
        )

    def Cancel(self, request: Any, context: Context) -> Empty:
        self._cancelled.set()
        return Empty()

    def Check(self, request: Any, context: Context) -> Any:
        news = Struct()
        news.CopyFrom(request.news)
        token, name = _parts(request.urn)
        self._fill_in(token, name, news, decode(request.olds).values, request.randomSeed)
        failures = [
            pb.CheckFailure(property=_top(f.path), reason=f"{f.path}: {f.what} [{f.layer}]")
            for f in self._findings(token, name, plain_properties(news))
        ]
        return pb.CheckResponse(inputs=news, failures=failures)

    def Diff(self, request: Any, context: Context) -> Any:
        token, _ = _parts(request.urn)
        old, new = decode(request.old_inputs), decode(request.news)
        names = old.values.keys() | new.values.keys() | new.unknown
        changed = sorted(
            name
            for name in names
            if name in new.unknown or old.values.get(name) != new.values.get(name)
        )
        replaced = sorted(set(changed) & replaced_by(token))
        some, none = pb.DiffResponse.DIFF_SOME, pb.DiffResponse.DIFF_NONE
        return pb.DiffResponse(
            changes=some if changed else none,
            diffs=changed,
            replaces=replaced,
            deleteBeforeReplace=bool(replaced) and keeps_its_name(token, old.values, new.values),
        )

    def Create(self, request: Any, context: Context) -> Any:
        token, name = _parts(request.urn)
        given = decode(request.properties)
        identity = identity_of(token, given.values, name, self._region)
        naming = NAMES.get(token)
        thing = Thing(
            type=token,
            id=identity.id,
            name=(naming.of(given.values) if naming else None) or "",
            inputs=given.values,
            outputs={**given.values, **identity.outputs},
        )
        self._judged(context, "create", token, name, lambda: self._made(thing))
        return pb.CreateResponse(id=thing.id, properties=_answer(given, thing))

    def Update(self, request: Any, context: Context) -> Any:
        token, name = _parts(request.urn)
        given = decode(request.news)
        identity = identity_of(token, given.values, name, self._region)
        naming = NAMES.get(token)
        thing = Thing(
            type=token,
            id=request.id,
            name=(naming.of(given.values) if naming else None) or "",
            inputs=given.values,
            outputs={**given.values, **identity.outputs},
        )
        self._judged(context, "update", token, name, lambda: self._changed(thing))
        return pb.UpdateResponse(properties=_answer(given, thing))

    def Delete(self, request: Any, context: Context) -> Empty:
        token, name = _parts(request.urn)
        self._judged(context, "delete", token, name, lambda: self._removed(token, request.id))
        return Empty()

    def Read(self, request: Any, context: Context) -> Any:
        token, _ = _parts(request.urn)
        thing = self._account.get(token, request.id)
        if thing is None:
            return pb.ReadResponse()
        secrets = decode(request.inputs).secrets | decode(request.properties).secrets
        return pb.ReadResponse(
            id=thing.id,
            inputs=encode(thing.inputs, secrets),
            properties=encode(thing.outputs, secrets),
        )

    def _made(self, thing: Thing) -> None:
        self._account.add(thing)
        try:
            self._mirror.create(thing)
        except RefusedError:
            self._account.remove(thing.type, thing.id)
            raise

    def _changed(self, thing: Thing) -> None:
        self._account.change(thing)
        self._mirror.update(thing)

    def _removed(self, token: str, identifier: str) -> None:
        thing = self._account.must_have(token, identifier)
        # Where it is mirrored, the other side may know of contents that forbid it.
        self._mirror.delete(thing)
        self._account.remove(token, identifier)

    def _judged(
        self, context: Context, operation: Operation, token: str, name: str, work: Any
    ) -> None:
        """Do it, unless the script or the account says no."""
        with self._account.locked():
            do = self._script.note(Call(operation=operation, type=token, name=name))
        if do == "hang":
            self._cancelled.wait()
        if do in ("hang", "fail"):
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION, f"{operation} {name}: ServiceFailure"
            )
        try:
            with self._account.locked():
                work()
        except RefusedError as exc:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{operation} {name}: {exc}")
        if do == "lose":
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{operation} {name}: Timeout")

    def _findings(self, token: str, name: str, inputs: Mapping[str, Any]) -> list[Finding]:
        key = f"{token} {inputs!r}"
        if key not in self._checked:
            from tests.oracles import check_resource

            self._checked[key] = check_resource(
                Rendered(type=token, name=name, parent="", urn="", custom=True, inputs=dict(inputs))
            )
        return self._checked[key]

    @staticmethod
    def _fill_in(token: str, name: str, news: Struct, olds: Mapping[str, Any], seed: bytes) -> None:
        naming = NAMES.get(token)
        wanted = naming.parts[-1] if naming else ""
        if wanted not in _MADE_UP or wanted in news.fields:
            return
        prefix = _MADE_UP[wanted]
        start = news.fields[prefix].string_value if prefix in news.fields else f"{name}-"
        # Without a seed it has to be the same at preview and update.
        tail = sha256(seed or name.encode()).hexdigest()[:_RANDOM]
        news.fields[wanted].string_value = olds.get(wanted) or f"{start}{tail}"


def _answer(given: Any, thing: Thing) -> Struct:
    """The outputs; inputs that are secret stay so."""
    answer = Struct()
    answer.CopyFrom(given.raw)
    answer.update({key: thing.outputs[key] for key in thing.outputs if key not in given.values})
    return answer


def _parts(urn: str) -> tuple[str, str]:
    """Type token and logical name; the token of a child begins with those of its parents."""
    _, _, types, name = urn.split("::", 3)
    return types.rpartition("$")[2], name


def _top(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]
