"""The installed distributions: a release trained in another environment is another release."""

from trimaran_runtime.registry.environment import installed_versions
from trimaran_runtime.storage.digest import canonical_json, digest_of


def environment_digest() -> str:
    """Digest of the names and versions of every installed distribution."""
    return digest_of(canonical_json(sorted(installed_versions().items())))
