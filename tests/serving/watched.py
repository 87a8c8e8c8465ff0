"""What happens in a folder, told by the kernel: also files that are gone again."""

import ctypes
import os
import struct
from pathlib import Path

_CREATED, _MOVED_IN, _WRITTEN = 0x100, 0x80, 0x2  # inotify(7), read 2026-11-25
_EVENT = struct.Struct("iIII")


class Watched:
    """Watches an existing folder from now on."""

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_NONBLOCK)
        wanted = _CREATED | _MOVED_IN | _WRITTEN
        if libc.inotify_add_watch(self._descriptor, bytes(folder), wanted) < 0:
            raise OSError(ctypes.get_errno(), "inotify", str(folder))

    def names(self) -> list[str]:
        """Names of what was made or written in it, in order; ends the watching."""
        try:
            events = os.read(self._descriptor, 1 << 16)
        except BlockingIOError:
            return []
        finally:
            os.close(self._descriptor)
        found, at = [], 0
        while at < len(events):
            size = _EVENT.unpack_from(events, at)[3]
            at += _EVENT.size + size
            found.append(events[at - size : at].rstrip(b"\0").decode())
        return found
