"""The listening socket, and how it stops to listen without losing who just came.

When a listening socket is closed, Linux resets the connections that it has completed and nobody
has accepted yet, with the requests in them. So newcomers are turned away first, while those that
are there are still accepted: a filter that lets no packet through to the listening socket leaves
established connections alone (`SO_ATTACH_FILTER`, socket(7) and
https://docs.kernel.org/networking/filter.html, read 2026-11-25). Who comes in that moment is
refused when the socket is closed.
"""

import ctypes
import logging
import socket
import struct

LOG = logging.getLogger(__name__)
_SO_ATTACH_FILTER = 26
"""asm-generic/socket.h; the same on x86-64 and arm64. Python does not name it."""
_DROP = struct.pack("HBBI", 0x06, 0, 0, 0)
"""`struct sock_filter` of one instruction: return 0, keep no byte of the packet."""


class Listener:
    """A listening socket that another owns, and that can be made deaf.

    Args:
        listening: the socket; it is kept open until `deafen`.
    """

    def __init__(self, listening: socket.socket) -> None:
        self._socket = listening.dup()

    def deafen(self) -> None:
        """Let no new connection in; those that are complete can still be accepted."""
        code = ctypes.create_string_buffer(_DROP, len(_DROP))
        program = struct.pack("HP", 1, ctypes.addressof(code))  # struct sock_fprog
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
        except OSError as exc:
            # Not Linux, or forbidden: a connection of the last moment may be reset.
            LOG.info("connections are accepted to the end: %s", exc)
        finally:
            self._socket.close()
