"""The user's code: finding its functions, and telling its errors as its own."""

import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from trimaran_runtime.errors import ConfigError, RuntimeFault, UserCodeError


@dataclass(frozen=True, slots=True)
class UserCode:
    """The folder of the user's code.

    Attributes:
        folder: put first on the import path; relative paths in the user's code start here.
    """

    folder: Path

    def function(self, name: str) -> Callable[..., Any]:
        """Import a function.

        Args:
            name: `module:function`.

        Raises:
            ConfigError: there is no such module in the folder, or no such function in it.
            UserCodeError: importing the module raised.
        """
        module_name, _, function_name = name.partition(":")
        self.put_first()
        with self.told_as_its_own(f"importing {module_name}"):
            try:
                module = importlib.import_module(module_name)
            except ModuleNotFoundError as exc:
                if exc.name is None or not f"{module_name}.".startswith(f"{exc.name}."):
                    raise
                raise self._no_module(name, module_name) from exc
        found = getattr(module, function_name, None)
        if not callable(found):
            raise _no_function(name, module_name, function_name, vars(module))
        function: Callable[..., Any] = found
        return function

    @contextmanager
    def told_as_its_own(self, where: str) -> Iterator[None]:
        """Turn what the user's code raises into a UserCodeError with only the user's frames.

        Our own faults pass unchanged. `sys.exit` in the user's code is an error too: a step that
        ended without its output would look like a success.
        """
        try:
            yield
        except RuntimeFault:
            raise
        except (Exception, SystemExit) as exc:
            told = "".join(self._told(exc))
            what = traceback.format_exception_only(exc)[-1].strip()
            raise UserCodeError(what, traceback=told, where=where) from exc

    def put_first(self) -> None:
        """Put the folder first on the import path."""
        entry = str(self.folder.resolve())
        if sys.path[:1] != [entry]:
            sys.path.insert(0, entry)
            importlib.invalidate_caches()

    def _told(self, exc: BaseException) -> Iterator[str]:
        """The traceback without frames outside the folder; the last of the others names the place.

        When no frame is the user's (a library raised on what the user's code built), the last
        frame is shown, so that the message never lacks a place.
        """
        frames = list(_frames(exc.__traceback__))
        own = [frame for frame in frames if self._is_own(frame.filename)]
        shown = own or frames[-1:]
        if shown and not isinstance(exc, SyntaxError):
            yield "Traceback (most recent call last):\n"
            yield from traceback.format_list(shown)
        yield from traceback.format_exception_only(exc)

    def _is_own(self, filename: str) -> bool:
        try:
            return Path(filename).resolve().is_relative_to(self.folder.resolve())
        except OSError:
            return False

    def _no_module(self, name: str, module_name: str) -> ConfigError:
        there = sorted(
            path.stem if path.is_file() else path.name
            for path in self.folder.iterdir()
            if path.suffix == ".py" or (path / "__init__.py").is_file()
        )
        return ConfigError(
            f"there is no module {module_name!r} in the project folder",
            where=name,
            allowed=", ".join(there) or "no module is there",
            next_step=_nearest(module_name, there) or "check the name, and `pipeline.code.include`",
        )


def _no_function(
    name: str, module_name: str, function_name: str, namespace: dict[str, Any]
) -> ConfigError:
    there = sorted(
        key
        for key, item in namespace.items()
        if callable(item) and not key.startswith("_") and not isinstance(item, type)
        if getattr(item, "__module__", None) == module_name
    )
    return ConfigError(
        f"module {module_name!r} has no function {function_name!r}",
        where=name,
        allowed=", ".join(there) or "it has no function",
        next_step=_nearest(function_name, there),
    )


def _nearest(given: str, there: list[str]) -> str:
    close = difflib.get_close_matches(given, there, n=1)
    return f"did you mean {close[0]!r}?" if close else ""


def _frames(tb: TracebackType | None) -> Iterator[traceback.FrameSummary]:
    here = os.path.normcase(__file__)
    for frame in traceback.extract_tb(tb):
        if os.path.normcase(frame.filename) != here:
            yield frame
