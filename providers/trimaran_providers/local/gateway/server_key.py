"""The key by which servers know their gateway, which is who lets callers in."""

import hashlib
import secrets

from trimaran_runtime.serving.access import API_KEY, AccessConfig

_KEY = secrets.token_hex(32)
"""Of this process, and nowhere written down."""
HEADERS = {API_KEY: _KEY}
"""What a request to a server carries."""
REPLACED = frozenset({API_KEY, "authorization"})
"""Headers of callers that no server gets to see."""
ACCESS = AccessConfig(keys=(f"sha256:{hashlib.sha256(_KEY.encode()).hexdigest()}",))
"""What a server is told of it."""
