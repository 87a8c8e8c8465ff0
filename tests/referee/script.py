"""What goes wrong on purpose: the n-th call of a kind fails, hangs, or is lost."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Operation = Literal["create", "update", "delete"]
Do = Literal["fail", "hang", "lose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that was made.

    Attributes:
        operation: what was asked for.
        type: type token.
        name: logical name.
    """

    operation: Operation
    type: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishap:
    """Something that goes wrong once.

    Attributes:
        operation: kind of the call.
        nth: which of them, from 1, counted from when this was written down.
        do: `fail`: nothing happens and an error comes; `hang`: no answer comes until the engine
            cancels, and nothing happens; `lose`: it happens and an error comes.
        type: only calls for this type token count; empty: all do.
        before: how many such calls there had been.
    """

    operation: Operation
    nth: int
    do: Do
    type: str = ""
    before: int = 0

    def means(self, call: Call) -> bool:
        """Whether a call counts."""
        return call.operation == self.operation and self.type in ("", call.type)


class Script:
    """The mishaps to come, and the calls that were made; kept in the account's directory.

    The account has to be locked around each method that writes.
    """

    def __init__(self, directory: Path) -> None:
        self._calls, self._mishaps = directory / "calls.jsonl", directory / "mishaps.json"

    def calls(self) -> list[Call]:
        """Every call so far, refused ones included."""
        if not self._calls.exists():
            return []
        return [Call(**json.loads(line)) for line in self._calls.read_text().splitlines()]

    def mishaps(self) -> list[Mishap]:
        """Everything that was written down."""
        if not self._mishaps.exists():
            return []
        return [Mishap(**item) for item in json.loads(self._mishaps.read_text())]

    def write(self, mishaps: list[Mishap]) -> None:
        """Replace what was written down; counting begins anew."""
        calls = self.calls()
        counted = [
            Mishap(**{**asdict(m), "before": sum(m.means(call) for call in calls)}) for m in mishaps
        ]
        self._mishaps.write_text(json.dumps([asdict(mishap) for mishap in counted]))

    def note(self, call: Call) -> Do | None:
        """Count a call; returns what goes wrong with it."""
        with self._calls.open("a") as log:
            log.write(json.dumps(asdict(call)) + "\n")
        calls = self.calls()
        for mishap in self.mishaps():
            seen = sum(mishap.means(other) for other in calls) - mishap.before
            if mishap.means(call) and seen == mishap.nth:
                return mishap.do
        return None
