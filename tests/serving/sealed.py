"""Run a program that the kernel kills with SIGSYS if any of its threads reaches out.

`python sealed.py PROGRAM ARGUMENTS`. Whatever the language, a connection is made by one of a few
system calls: connect, or a datagram with an address. Accepting connections stays possible. The
filter is inherited by every thread and child and cannot be taken off (seccomp(2), read 2026-11-25;
`struct seccomp_data`: number at 0, architecture at 4, arguments from 16 on, 8 bytes each).
"""

import ctypes
import os
import platform
import struct
import sys

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2  # prctl
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIFTH = 0, 4, 16 + 4 * 8
_X32 = 0x40000000
_SYSTEMS = {
    # audit architecture; connect, sendmsg, sendmmsg, io_uring_setup; sendto
    "x86_64": (0xC000003E, (42, 46, 307, 425), 44),
    "aarch64": (0xC00000B7, (203, 211, 269, 425), 206),
}


def program() -> bytes:
    """The filter, an instruction every 8 bytes."""
    architecture, refused, sendto = _SYSTEMS[platform.machine()]
    code = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL)]
    code += [(_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    for number in refused:
        code += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _KILL)]
    # sendto without an address is send: it answers on a connection that is there.
    code += [(_EQUAL, 1, 0, sendto), (_RETURN, 0, 0, _ALLOW)]
    for half in (_FIFTH, _FIFTH + 4):
        code += [(_LOAD, 0, 0, half), (_EQUAL, 1, 0, 0), (_RETURN, 0, 0, _KILL)]
    code += [(_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


def seal() -> None:
    """Put the filter on this process; raises OSError where the kernel has none."""
    code = program()
    held = ctypes.create_string_buffer(code, len(code))
    told = ctypes.create_string_buffer(
        struct.pack("HP", len(code) // 8, ctypes.addressof(held))  # struct sock_fprog
    )
    libc = ctypes.CDLL(None, use_errno=True)
    none = ctypes.c_ulong(0)
    for arguments in (
        (_NO_NEW_PRIVILEGES, ctypes.c_ulong(1), none, none, none),
        (_SET_SECCOMP, ctypes.c_ulong(_FILTER), told, none, none),
    ):
        if libc.prctl(*arguments):
            raise OSError(ctypes.get_errno(), "seccomp")


if __name__ == "__main__":
    seal()
    os.execvp(sys.argv[1], sys.argv[1:])
