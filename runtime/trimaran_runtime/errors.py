"""Every error of the runtime.

RuntimeFault                     base; a `Fault`, as every error of ours is
├── ConfigError                  the run's configuration is wrong
├── DataError                    the data cannot be read, or is not what the configuration says
├── UserCodeError                the user's function raised; carries the user's own traceback
├── ValidationRefused            validation found errors: nothing is trained
├── GateRefused                  the gate refused the release: nothing changes in production
├── StoreError                   the artifact store cannot do it
│   ├── NotFound                 no object under that key
│   ├── AlreadyExists            a conditional write lost
│   └── Corrupted                bytes do not match their digest, or a record does not parse
├── RegistryError                a release or a channel cannot be changed that way
└── PlatformError                a service of the cloud the step runs in cannot do it

Attributes are data; ``str`` makes the sentence.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit status of a step; the same on every cloud."""

    OK = 0
    CRASHED = 1
    """Our own fault, or the machine's: a traceback follows."""
    BAD_INPUT = 2
    """Configuration, data source or store: the message says what to change."""
    INVALID_DATA = 3
    """Validation found errors; nothing was trained."""
    REFUSED = 4
    """The gate refused the model; production is unchanged."""
    USER_CODE = 5
    """The user's own function raised."""


class Fault(Exception):
    """What every error of ours is: attributes that are data, and a sentence made of them.

    Args:
        what: what is wrong, with the offending value.
        where: file, column, field, resource or key; empty when there is none.
        allowed: what would have been right.
        next_step: what the reader can do now.
    """

    def __init__(
        self, what: str, *, where: str = "", allowed: str = "", next_step: str = ""
    ) -> None:
        super().__init__(what)
        self.what, self.where, self.allowed, self.next_step = what, where, allowed, next_step

    def __reduce__(self) -> tuple[object, ...]:
        """How it is sent to another process: by its attributes."""
        return _restored, (type(self), vars(self))

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.allowed:
            lines.append(f"  Allowed: {self.allowed}")
        if self.next_step:
            lines.append(f"  Next: {self.next_step}")
        return "\n".join(lines)


def _restored(kind: type[Fault], attributes: dict[str, str]) -> Fault:
    fault = kind.__new__(kind, attributes["what"])
    vars(fault).update(attributes)
    return fault


class RuntimeFault(Fault):
    """Base of the tree."""

    exit = Exit.CRASHED


class ConfigError(RuntimeFault):
    """The run's configuration is wrong."""

    exit = Exit.BAD_INPUT


class DataError(RuntimeFault):
    """The data cannot be read, or is not what the configuration says."""

    exit = Exit.BAD_INPUT


class UserCodeError(RuntimeFault):
    """The user's function raised; ``traceback`` holds only the user's own frames."""

    exit = Exit.USER_CODE

    def __init__(self, what: str, *, traceback: str, where: str = "") -> None:
        super().__init__(what, where=where)
        self.traceback = traceback

    def __str__(self) -> str:
        return f"{super().__str__()}\n{self.traceback.rstrip()}"


class ValidationRefused(RuntimeFault):
    """Validation found errors: nothing is trained."""

    exit = Exit.INVALID_DATA


class GateRefused(RuntimeFault):
    """The gate refused the release: nothing changes in production."""

    exit = Exit.REFUSED


class StoreError(RuntimeFault):
    """The artifact store cannot do it."""

    exit = Exit.BAD_INPUT


class NotFound(StoreError):
    """No object under that key."""


class AlreadyExists(StoreError):
    """A conditional write lost: somebody else wrote the key first."""


class Corrupted(StoreError):
    """Bytes do not match their digest, or a record does not parse."""


class RegistryError(RuntimeFault):
    """A release or a channel cannot be changed that way."""

    exit = Exit.BAD_INPUT


class PlatformError(RuntimeFault):
    """A service of the cloud the step runs in cannot do it: a secret, a metric."""

    exit = Exit.BAD_INPUT
