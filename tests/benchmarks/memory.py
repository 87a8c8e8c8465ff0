"""Peak memory of this process, on Linux."""

from pathlib import Path


def reset_peak() -> float:
    """Forget the peak so far (proc(5), clear_refs); what is held now, MiB.

    What Arrow holds back of earlier reads is given away first: it would hide what follows. A
    process that was forked from a large one starts with that one's peak.
    """
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    Path("/proc/self/clear_refs").write_text("5")
    return status_mib("VmRSS")


def status_mib(field: str) -> float:
    """A size of this process, MiB: `VmRSS` (now) or `VmHWM` (most at once)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith(f"{field}:"))
    return int(line.split()[1]) / 1024
