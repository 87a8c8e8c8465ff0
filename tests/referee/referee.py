"""The referee as a test holds it: an account, what goes wrong in it, and what is left of it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.referee.account import Account, Thing
from tests.referee.identity import REGION, identity_of
from tests.referee.script import Call, Do, Mishap, Operation, Script

VARIABLE = "TRIMARAN_REFEREE"
"""Environment variable with the account's directory."""
PLUGIN = Path(__file__).parent
"""Folder of the plugin: `plugins.providers: [{name: aws, path: …}]`."""


class Referee:
    """An AWS account for the plugin that poses as `aws`.

    Args:
        directory: where the account is kept; made when missing.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._account, self._script = Account(directory), Script(directory)

    @property
    def env(self) -> dict[str, str]:
        """Settings of an engine whose plugin uses this account."""
        return {VARIABLE: str(self.directory)}

    def mishap(self, do: Do, operation: Operation, nth: int = 1, token: str = "") -> None:
        """From now on, let the n-th call of a kind go wrong; forgets earlier mishaps.

        Args:
            do: `fail`, `hang` or `lose`.
            operation: `create`, `update` or `delete`.
            nth: which, from 1.
            token: count only this type; empty: every type.
        """
        with self._account.locked():
            self._script.write([Mishap(operation=operation, nth=nth, do=do, type=token)])

    def peace(self) -> None:
        """Let nothing go wrong any more."""
        with self._account.locked():
            self._script.write([])

    def has(self, token: str, name: str, inputs: Mapping[str, Any]) -> None:
        """Something that was there before: a bucket or a repository of the user's."""
        identity = identity_of(token, inputs, name, REGION)
        outputs = {**inputs, **identity.outputs}
        with self._account.locked():
            self._account.add(
                Thing(
                    type=token,
                    id=identity.id,
                    name=name,
                    inputs=inputs,
                    outputs=outputs,
                    foreign=True,
                )
            )

    def things(self) -> list[Thing]:
        """Everything that exists."""
        return self._account.all()

    def left(self) -> list[str]:
        """`type id` of what exists and was not there before."""
        return [f"{thing.type} {thing.id}" for thing in self.things() if not thing.foreign]

    def take(self, token: str, identifier: str) -> None:
        """Remove something behind the engine's back."""
        with self._account.locked():
            self._account.remove(token, identifier)

    def calls(self) -> list[Call]:
        """Every call so far."""
        return self._script.calls()


def left(directory: Path) -> list[str]:
    """`type id` of what is left in an account."""
    return Referee(directory).left()


def of_environment() -> Path:
    """Directory of the account this process works on."""
    try:
        return Path(os.environ[VARIABLE])
    except KeyError:
        raise SystemExit(f"the referee needs {VARIABLE}, the directory of its account") from None
