"""The plugin `pulumi-resource-trimaran` with the toy cloud and the toy component alone."""

from tests.plugin.toy_cloud import NoteHandler
from trimaran_providers.plugin.registry import Handlers
from trimaran_providers.plugin.server import run


def _components() -> dict[str, object]:
    from tests.plugin.toy_component import Notebook

    return {Notebook.token: Notebook}


if __name__ == "__main__":
    run(lambda: Handlers([NoteHandler()]), _components)
