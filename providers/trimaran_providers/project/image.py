"""What the image of steps and server is built from, the same on every cloud and machine.

The runtime is on no package index that a build could count on, so its source travels along: the
package folder as it is installed beside the engine.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import trimaran_runtime
from trimaran_runtime.storage.digest import canonical_json

STEPS = "steps"
"""Target of the Dockerfile that runs everything as root, as SageMaker demands."""
_TAG_DIGITS = 40
_EPOCH = (1980, 1, 1, 0, 0, 0)
_DOCKERFILE = "Dockerfile"
_LOCK = "requirements.lock"
_RUNTIME = "runtime/trimaran_runtime"


@dataclass(frozen=True, slots=True)
class ImageContext:
    """Files that `docker build` gets.

    Attributes:
        files: content by path.
    """

    files: Mapping[str, bytes]

    @property
    def tag(self) -> str:
        """Tag of the image: a digest of the names and contents."""
        digests = {name: hashlib.sha256(self.files[name]).hexdigest() for name in self.files}
        return hashlib.sha256(canonical_json(digests)).hexdigest()[:_TAG_DIGITS]

    def zipped(self) -> bytes:
        """The files as a zip archive."""
        raw = io.BytesIO()
        with zipfile.ZipFile(raw, "w") as archive:
            for name in sorted(self.files):
                # No clock and no mode of this machine: layers of equal files are equal.
                member = zipfile.ZipInfo(name, _EPOCH)
                member.external_attr = 0o644 << 16
                archive.writestr(member, self.files[name], zipfile.ZIP_DEFLATED)
        return raw.getvalue()


def image_context(lock: str) -> ImageContext:
    """What an image is built from: the Dockerfile, the lock, the runtime that is installed here.

    Args:
        lock: text of the lock file.
    """
    return ImageContext({_DOCKERFILE: dockerfile().encode(), _LOCK: lock.encode(), **_runtime()})


def dockerfile() -> str:
    """The Dockerfile, which comes with the runtime."""
    return (_folder() / _DOCKERFILE).read_text(encoding="utf-8")


def _folder() -> Path:
    return Path(trimaran_runtime.__file__).parent


def _runtime() -> dict[str, bytes]:
    folder = _folder()
    return {
        f"{_RUNTIME}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
