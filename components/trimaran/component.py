"""What the six components and the stack share: validation, a cloud, a context, outputs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import pulumi
from pydantic import BaseModel, ValidationError

from trimaran.args import ComponentArgs
from trimaran.clouds import choose_cloud, resolve_cloud
from trimaran.program import engine_errors
from trimaran.spec.document import Document
from trimaran.spec.overlay import apply_overrides
from trimaran.spec.problems import problems_in
from trimaran.spec.validate import plain
from trimaran_providers.contract.cloud import Cloud, Context
from trimaran_providers.contract.errors import SpecError
from trimaran_providers.contract.spec import PlatformSpec
from trimaran_runtime.section import Section

ArgsT = TypeVar("ArgsT", bound=ComponentArgs)
OutputsT = TypeVar("OutputsT")


class Component(pulumi.ComponentResource, Generic[ArgsT, OutputsT]):
    """Base of every component.

    Attributes:
        token: type token.
        args_model: what it takes; a mapping of the same shape does as well.
        spec_model: the part of it that capabilities speak of.
        section: where that part stands in the spec.
        outputs: names of the outputs, each an attribute.
        rendered: what the cloud gave back; other components build on it.
    """

    token: ClassVar[str]
    args_model: ClassVar[type[ComponentArgs]]
    spec_model: ClassVar[type[Section]]
    section: ClassVar[str] = ""
    outputs: ClassVar[tuple[str, ...]]
    rendered: OutputsT

    def __init__(
        self,
        name: str,
        args: BaseModel | Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the component, validate, refuse what the cloud cannot do, and render.

        Args:
            name: logical name; children are `{name}-…`.
            args: the model, a section of the spec, or a mapping of either.
            opts: Pulumi resource options.

        Raises:
            pulumi.RunError: every problem of `args`, a field that the cloud rejects, or a cloud
                that is not installed; its cause is the TrimaranError.
        """
        super().__init__(self.token, name, {}, opts)
        with engine_errors():
            parsed = self._parse(name, args)
            cloud = _cloud(parsed.cloud)
            self._check(cloud, parsed)
            self.rendered = self._render(cloud, _context(self, name, parsed), parsed)
        outputs = self._outputs(self.rendered)
        for key, value in outputs.items():
            setattr(self, key, value)
        self.register_outputs(outputs)

    def _parse(self, name: str, args: BaseModel | Mapping[str, Any]) -> ArgsT:
        document = self._overridden(Document(name=name, value=plain(args)))
        try:
            return self.args_model.model_validate(document.value)  # type: ignore[return-value]
        except ValidationError as exc:
            raise SpecError(problems_in(exc, document, self.args_model)) from exc

    def _overridden(self, document: Document) -> Document:
        return document

    def _check(self, cloud: Cloud, args: ArgsT) -> None:
        self._check_section(cloud, args.of(self.spec_model), self.section, args)

    def _check_section(self, cloud: Cloud, spec: Section, section: str, args: ArgsT) -> None:
        for leaf, capability in cloud.capabilities.check(spec, section):
            pulumi.log.debug(f"{leaf.path} on {cloud.name}: {capability.how}", self)
        problems = cloud.problems(spec, args.of(PlatformSpec))
        if problems:
            raise SpecError(problems)

    def _render(self, cloud: Cloud, context: Context, args: ArgsT) -> OutputsT:
        raise NotImplementedError

    def _outputs(self, rendered: OutputsT) -> dict[str, pulumi.Output[str]]:
        return {name: getattr(rendered, name) for name in self.outputs}


def _cloud(given: str | None) -> Cloud:
    return resolve_cloud(choose_cloud(given, pulumi.Config("trimaran").get("cloud")))


def _context(component: pulumi.Resource, name: str, args: ComponentArgs) -> Context:
    config = pulumi.Config()
    return Context(
        name=name,
        model=args.model_name or name,
        stack=pulumi.get_stack(),
        project_directory=Path.cwd(),
        parent=component,
        secrets={n: config.require_secret(ref.config) for n, ref in args.secrets.items()},
        platform=args.of(PlatformSpec),
    )


def stack_overrides(document: Document) -> Document:
    """A document with the stack's `trimaran:set` laid over it."""
    changes = pulumi.Config("trimaran").get_object("set")
    if not isinstance(changes, Mapping):
        return document
    return apply_overrides(document, Document(name="trimaran:set", value=changes))
