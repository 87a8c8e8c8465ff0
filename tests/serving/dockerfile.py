"""A Dockerfile as its stages and instructions, as far as ours uses the language.

Docker documentation, "Dockerfile reference", read 2026-11-25: a backslash ends a line that goes on,
comment lines are dropped before anything else, `${NAME}` is an argument or a variable.
"""

import json
import re
import shlex
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """One `FROM` and what follows.

    Attributes:
        name: after `AS`.
        base: what it starts from, arguments filled in.
        instructions: keyword in capitals and the rest, in order; arguments filled in.
    """

    name: str
    base: str
    instructions: tuple[tuple[str, str], ...]

    def all(self, keyword: str) -> list[str]:
        """What follows a keyword, each time it is there."""
        return [rest for found, rest in self.instructions if found == keyword]

    def one(self, keyword: str) -> str:
        """What follows a keyword that is there once."""
        (rest,) = self.all(keyword)
        return rest

    def words(self, keyword: str) -> list[str]:
        """The words of an instruction in exec form; anything else is no JSON, and fails."""
        found = json.loads(self.one(keyword))
        assert isinstance(found, list)
        return [str(word) for word in found]

    def environment(self) -> dict[str, str]:
        """What `ENV` sets."""
        pairs = [word.split("=", 1) for rest in self.all("ENV") for word in shlex.split(rest)]
        return dict(pairs)


def stages(text: str, **arguments: str) -> list[Stage]:
    """The stages, with arguments as `--build-arg` gives them."""
    found: list[tuple[str, str, list[tuple[str, str]]]] = []
    known: dict[str, str] = {}
    for keyword, rest in _instructions(text):
        if keyword == "ARG":
            name, _, value = rest.partition("=")
            known[name] = arguments.get(name, value)
            continue
        rest = re.sub(r"\$\{(\w+)\}", lambda match: known[match[1]], rest)
        if keyword == "FROM":
            base, _, name = rest.partition(" AS ")
            found.append((name, base, []))
        else:
            found[-1][2].append((keyword, rest))
    return [Stage(name, base, tuple(rest)) for name, base, rest in found]


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    pairs = [line.strip().partition(" ") for line in joined.splitlines() if line.strip()]
    return [(keyword.upper(), rest.strip()) for keyword, _, rest in pairs]
