"""The model of a release, ready to predict."""

from typing import Any

from trimaran_runtime.registry.release import Release
from trimaran_runtime.storage.store import Store


def load_model(store: Store, release: Release) -> Any:
    """Load a release's model: its digest is verified, and only the trusted types are built.

    Raises:
        NotFound: its file is gone from the store.
        Corrupted: its bytes do not match, or it holds a type that the release does not trust.
        ConfigError: it needs a library or module that is not installed here.
    """
    from trimaran_runtime.training.model_file import load_model_bytes

    content = store.read_blob(release.model.file.digest)
    return load_model_bytes(content, release.model.trusted_types)
