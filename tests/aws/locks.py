"""Lock files for images: as small as the runtime's needs allow."""

from pathlib import Path

from trimaran_providers.project.lock import runtime_needs

HASH = f"--hash=sha256:{'0' * 64}"


def lock_text(*further: str) -> str:
    """What the runtime needs, and further lines."""
    needed = [f"{name}==1.0 \\\n    {HASH}" for name in sorted(runtime_needs("aws"))]
    return "\n".join([*needed, *further, ""])


def write_lock(folder: Path, *further: str) -> Path:
    """Write it where the spec looks for it; returns the folder."""
    (folder / "requirements.lock").write_text(lock_text(*further))
    return folder
