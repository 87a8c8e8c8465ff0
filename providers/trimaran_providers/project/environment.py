"""The installed distributions: a release trained in another environment is another release."""

from importlib.metadata import distributions

from trimaran_runtime.storage.digest import canonical_json, digest_of


def environment_digest() -> str:
    """Digest of the names and versions of every installed distribution."""
    found = {
        (name.lower().replace("_", "-"), distribution.version)
        for distribution in distributions()
        if (name := distribution.metadata["Name"])
    }
    return digest_of(canonical_json(sorted(found)))
