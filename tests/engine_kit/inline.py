"""A stack whose program is a function of the test: the engine is real, the SDK is warm."""

from collections.abc import Callable
from functools import partial

from pulumi import automation as auto

from tests.engine_kit.stack import EngineStack, Line, Outcome

__all__ = ["InlineStack", "Line", "Outcome"]


class InlineStack(EngineStack):
    """A stack whose program is a Python function, handed to each operation that runs one."""

    def _make(self) -> auto.Stack:
        return auto.create_or_select_stack(
            stack_name=self._name,
            project_name=self._project,
            program=_nothing,
            opts=self._options,
        )

    def up(self, program: Callable[[], None], *, refresh: bool = False) -> Outcome:
        """`pulumi up` with this program; a failure is in the outcome."""
        self._stack.workspace.program = program
        return self._watch(partial(self._stack.up, refresh=refresh))

    def preview(self, program: Callable[[], None]) -> Outcome:
        """`pulumi preview` with this program."""
        self._stack.workspace.program = program
        return self._watch(self._stack.preview)


def _nothing() -> None:
    """Program of a stack that has none yet."""
