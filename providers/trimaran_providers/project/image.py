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

PYTHON = "3.11"
"""Version that lock files are made for and releases are trained with."""
BASE_IMAGE = "public.ecr.aws/docker/library/python"
"""Docker's official Python image at AWS's registry, which has no limit of pulls for builds there
(Amazon ECR Public, "Docker official images", read 2026-11-24)."""
_TAG_DIGITS = 40
_EPOCH = (1980, 1, 1, 0, 0, 0)
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
    return ImageContext({"Dockerfile": dockerfile().encode(), _LOCK: lock.encode(), **_runtime()})


def dockerfile(base: str = BASE_IMAGE, python: str = PYTHON) -> str:
    """The Dockerfile.

    The base is named by tag, for its digest can be looked up only online; a build that has to
    repeat bit for bit passes `--build-arg RUN_IMAGE=…@sha256:…` (and BUILD_IMAGE alike), or the
    spec names a finished image by digest in `image.uri`.

    Everything is readable by any user and nothing below /opt/trimaran is written, so it runs under
    whichever user a cloud gives it; it names no user of its own, for SageMaker's folders below
    /opt/ml belong to root (SageMaker Developer Guide, "Use your own processing code", read
    2026-11-24).

    Args:
        base: repository of the official Python image, or of a mirror of it.
        python: `major.minor`.
    """
    site = f"/opt/trimaran/lib/python{python}/site-packages"
    return f"""\
# The full image has the compilers that source distributions need; what runs has none.
ARG BUILD_IMAGE={base}:{python}-bookworm
ARG RUN_IMAGE={base}:{python}-slim-bookworm

FROM ${{BUILD_IMAGE}} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/trimaran
COPY {_LOCK} /opt/trimaran/{_LOCK}
RUN /opt/trimaran/bin/pip install --require-hashes --no-deps -r /opt/trimaran/{_LOCK}
COPY {_RUNTIME} {site}/trimaran_runtime
RUN /opt/trimaran/bin/python -m compileall -q {site}/trimaran_runtime \\
    && chmod -R a+rX /opt/trimaran

FROM ${{RUN_IMAGE}}
# LightGBM and others take OpenMP from the system.
RUN apt-get update \\
    && apt-get install --yes --no-install-recommends libgomp1 \\
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/trimaran /opt/trimaran
# The NVIDIA variables are how a container asks for the host's GPUs; without any they mean nothing.
ENV PATH=/opt/trimaran/bin:$PATH \\
    PYTHONUNBUFFERED=1 \\
    PYTHONDONTWRITEBYTECODE=1 \\
    NVIDIA_VISIBLE_DEVICES=all \\
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
WORKDIR /tmp
EXPOSE 8080
ENTRYPOINT ["python", "-m", "trimaran_runtime"]
"""


def _runtime() -> dict[str, bytes]:
    folder = Path(trimaran_runtime.__file__).parent
    return {
        f"{_RUNTIME}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
