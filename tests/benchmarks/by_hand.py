"""Writes out a stack as the Pulumi program that somebody would write without us.

One constructor call per resource, with literals: nothing is computed, validated or read but what is
too long for a line. What depends on what is said by `depends_on`, and only where nothing between
the two says it already, as people do.
"""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from pulumi import _types

from tests.oracles.provider_types import args_of
from trimaran.recorder import SECRET, Rendered

_LONG = 4000
"""Longer texts, in characters, are files beside the program."""
_FILE = "aws:s3/bucketObjectv2:BucketObjectv2"
_ASSETS = {"path": "FileAsset", "text": "StringAsset"}
Key = tuple[str, str]
"""Type and name of a resource."""


def write_by_hand(resources: Sequence[Rendered], folder: Path, secret: str) -> None:
    """Write `__main__.py`, and the files that it reads.

    Args:
        resources: what the program declares, with every value known.
        folder: folder of the Pulumi project.
        secret: key of the configuration with the only secret.
    """
    (folder / "__main__.py").write_text("\n".join(_Program(resources, folder, secret).lines()))


class _Program:
    def __init__(self, resources: Sequence[Rendered], folder: Path, secret: str) -> None:
        self.folder, self.secret = folder, secret
        self.resources = {(item.type, item.name): item for item in resources}
        self.above = {key: _key(item.parent) for key, item in self.resources.items()}
        self.needs = _reduced(
            {
                key: [_key(urn) for urn in item.depends_on]
                for key, item in self.resources.items()
                if item.custom
            }
        )
        names = (f"r{number}" for number in range(len(self.resources)))
        self.variable = dict(zip(self.resources, names, strict=True))

    def lines(self) -> Iterator[str]:
        services = {
            token.split(":")[1].split("/")[0] for token, _ in self.resources if _is_aws(token)
        }
        yield "from pathlib import Path"
        yield "import pulumi"
        yield f"from pulumi_aws import {', '.join(sorted(services))}"
        order = {
            key: [*self.needs.get(key, ()), *([above] if above in self.resources else [])]
            for key, above in self.above.items()
        }
        for key in TopologicalSorter(order).static_order():
            yield f"{self.variable[key]} = {self._call(self.resources[key])}"

    def _call(self, item: Rendered) -> str:
        options = self._options((item.type, item.name))
        if not item.custom:
            return f"pulumi.ComponentResource({item.type!r}, {item.name!r}, {{}}, {options})"
        if not _is_aws(item.type):
            inputs = self._value(item.inputs, item.name)
            return f"pulumi.CustomResource({item.type!r}, {item.name!r}, {inputs}, {options})"
        service, name = item.type.split(":")[1].split("/")[0], item.type.split(":")[2]
        wire = _types.input_type_py_to_pulumi_names(args_of(item.type))
        given = {own: item.inputs[key] for own, key in wire.items() if key in item.inputs}
        assert len(given) == len(item.inputs), item
        words = [f"{own}={self._argument(own, value, item)}" for own, value in given.items()]
        return f"{service}.{name}({', '.join([repr(item.name), *words, f'opts={options}'])})"

    def _options(self, key: Key) -> str:
        given = []
        if self.above[key] in self.resources:
            given.append(f"parent={self.variable[self.above[key]]}")
        if needs := self.needs.get(key):
            given.append(f"depends_on=[{', '.join(self.variable[need] for need in needs)}]")
        return f"pulumi.ResourceOptions({', '.join(given)})"

    def _argument(self, name: str, value: Any, item: Rendered) -> str:
        if item.type == _FILE and isinstance(value, Mapping):
            [(kind, content)] = value.items()
            return f"pulumi.{_ASSETS[kind]}({content!r})"
        return self._value(value, f"{item.name}-{name}")

    def _value(self, value: Any, name: str) -> str:
        # Names inside of an object stay the engine's: the SDK takes them as well as its own.
        if isinstance(value, Mapping):
            pairs = (f"{k!r}: {self._value(v, f'{name}-{k}')}" for k, v in value.items())
            return f"{{{', '.join(pairs)}}}"
        if isinstance(value, list):
            return f"[{', '.join(self._value(v, f'{name}-{i}') for i, v in enumerate(value))}]"
        if value == SECRET:
            return f"pulumi.Config().require_secret({self.secret!r})"
        if isinstance(value, str) and len(value) > _LONG:
            (self.folder / f"{name}.txt").write_text(value)
            return f"Path({f'{name}.txt'!r}).read_text()"
        return repr(value)


def _is_aws(token: str) -> bool:
    return token.startswith("aws:")


def _key(urn: str) -> Key:
    _, _, rest = urn.partition("::")
    *_, types, name = rest.split("::")
    return types.rpartition("$")[2], name


def _reduced(needs: Mapping[Key, Sequence[Key]]) -> dict[Key, list[Key]]:
    """Without what another need of the same resource brings anyway."""
    brought: dict[Key, set[Key]] = {}
    for key in TopologicalSorter(needs).static_order():
        direct = needs.get(key, ())
        brought[key] = {*direct, *(far for need in direct for far in brought[need])}
    return {
        key: [need for need in direct if not any(need in brought[other] for other in direct)]
        for key, direct in needs.items()
    }
