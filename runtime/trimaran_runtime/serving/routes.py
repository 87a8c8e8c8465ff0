"""Which handler answers a path: exact paths, and the models of the Open Inference Protocol."""

from typing import NamedTuple

from trimaran_runtime.serving.call import Handler, Route
from trimaran_runtime.serving.message import Refusal

_MODELS = ["", "v2", "models"]
_VERSIONS = "versions"


class Found(NamedTuple):
    """What answers a path, and the model it names."""

    route: Route
    model: str = ""
    version: str | None = None


class Routes:
    """A table of routes; a path may have one handler for each method."""

    def __init__(self) -> None:
        self._exact: dict[str, dict[str, Route]] = {}
        self._models: dict[tuple[bool, str], Route] = {}

    def add(self, method: str, path: str, handler: Handler, *, predicts: bool = False) -> None:
        """Answer a path; the handler added last counts."""
        route = Route(path, method, handler, predicts)
        self._exact.setdefault(path, {})[method] = route

    def add_model(self, method: str, action: str, handler: Handler) -> None:
        """Answer `/v2/models/{model}[/versions/{version}]`, followed by an action if it has one.

        Args:
            method: HTTP method.
            action: last part of the path; empty: none.
            handler: is told model and version by the call.
        """
        for versioned in (False, True):
            label = "/v2/models/{model}" + "/versions/{version}" * versioned
            label += f"/{action}" if action else ""
            route = Route(label, method, handler, predicts=method == "POST")
            self._models[versioned, action] = route

    def find(self, method: str, path: str) -> Found:
        """What answers a request.

        Raises:
            Refusal: 404, nothing answers the path; 405, not with that method.
        """
        by_method = self._exact.get(path)
        if by_method is not None and (route := by_method.get(method)) is not None:
            return Found(route)
        if by_method is None:
            found = self._model_route(path)
            by_method = {found.route.method: found.route}
        else:
            found = Found(next(iter(by_method.values())))
        # Whatever answers GET answers HEAD: the server leaves the body out.
        route = by_method.get("GET" if method == "HEAD" and "GET" in by_method else method)
        if route is None:
            allowed = ", ".join(by_method)
            raise Refusal(
                405,
                "this route does not take that method",
                where="method",
                given=method,
                allowed=allowed,
                headers={"allow": allowed},
            )
        return found._replace(route=route)

    def label(self, path: str) -> str:
        """How metrics name a path; unknown ones share a label."""
        if path in self._exact:
            return path
        try:
            return self._model_route(path).route.label
        except Refusal:
            return "other"

    def _model_route(self, path: str) -> Found:
        parts = path.split("/")
        if parts[:3] == _MODELS and len(parts) > 3 and parts[3]:
            rest = parts[4:]
            versioned = len(rest) > 1 and rest[0] == _VERSIONS
            version = rest[1] if versioned else None
            rest = rest[2:] if versioned else rest
            action = rest[0] if rest else ""
            route = self._models.get((versioned, action))
            if route is not None and len(rest) == bool(action):
                return Found(route, parts[3], version)
        known = [*self._exact, *(route.label for route in self._models.values())]
        raise Refusal(
            404, "no such route", where="path", given=path, allowed=", ".join(sorted(known))
        )
