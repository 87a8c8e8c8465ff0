"""Parameters of a request, of an input and of an output; those not known are ignored.

Source: https://github.com/kserve/kserve/blob/master/docs/predict-api/v2/required_api.md
("Parameters"), and Triton's extensions for binary data, schedule policy, classification and
shared memory (https://github.com/triton-inference-server/server/tree/main/docs/protocol), read
2026-11-25.
"""

from typing import Any

from trimaran_runtime.serving.message import Refusal

_UNSUPPORTED = ("classification", "shared_memory_region")
"""Parameters that change what is read or answered: ignoring them would answer something else."""
_MOST = 2**63 - 1


class Parameters:
    """Checked access to one object of parameters.

    Args:
        holder: the object that has `parameters`, or none.
        where: that object, for errors.

    Raises:
        Refusal: 400, the parameters are no object, or ask for what is not supported.
    """

    def __init__(self, holder: dict[str, Any], where: str) -> None:
        self._where = f"{where}.parameters" if where else "parameters"
        given = holder.get("parameters")
        if given is not None and not isinstance(given, dict):
            raise Refusal(
                400, "parameters are no object", where=self._where, allowed="{name: value, …}"
            )
        self._given: dict[str, Any] = given or {}
        for name in _UNSUPPORTED:
            if name in self._given:
                raise Refusal(
                    400, f"{name} is not supported", where=self._where, allowed="leave it out"
                )

    def flag(self, name: str, default: bool) -> bool:
        """A boolean parameter."""
        value = self._given.get(name, default)
        if not isinstance(value, bool):
            raise self._refusal(name, value, "true or false")
        return value

    def whole(self, name: str) -> int | None:
        """A whole number of at least 0; None: it is not given."""
        value = self._given.get(name)
        if value is None:
            return None
        if type(value) is not int or not 0 <= value <= _MOST:
            raise self._refusal(name, value, f"a whole number, 0 to {_MOST}")
        return value

    def _refusal(self, name: str, value: Any, allowed: str) -> Refusal:
        return Refusal(
            400,
            f"{name} is not what it must be",
            where=f"{self._where}.{name}",
            given=value,
            allowed=allowed,
        )
