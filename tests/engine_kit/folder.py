"""A stack whose program is in its folder: Pulumi YAML, or Python in a process of its own."""

from functools import partial

from pulumi import automation as auto

from tests.engine_kit.stack import EngineStack, Line, Outcome

__all__ = ["FolderStack", "Line", "Outcome"]


class FolderStack(EngineStack):
    """A stack whose program is in its folder."""

    def _make(self) -> auto.Stack:
        return auto.create_or_select_stack(
            stack_name=self._name, work_dir=str(self._folder), opts=self._options
        )

    def up(self, *, refresh: bool = False) -> Outcome:
        """`pulumi up`; a failure is in the outcome."""
        return self._watch(partial(self._stack.up, refresh=refresh))

    def preview(self) -> Outcome:
        """`pulumi preview`."""
        return self._watch(self._stack.preview)
