"""`python -IS sealing.py FOLDER COMMAND ...`: runs a command that can write in one folder only.

It sees all files, read-only, and an empty folder in memory in place of the given one; no devices
but those that every program needs; and no sockets of other programs, which could write for it. Of
root's privileges it keeps that of reading. What the system does not permit is left out.

This file is run by its path, before anything else is imported: each step is of the one thread that
there is then.
"""

import contextlib
import ctypes
import os
import struct
import sys
from pathlib import Path

DEVICES = ("null", "zero", "full", "random", "urandom")

_NEW_MOUNTS, _AT_CWD = 0x20000, -100
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000
_SET_MOUNTS, _BELOW, _READ_ONLY = 442, 0x8000, 1
_NO_NEW_PRIVILEGES, _FILTER = 38, 22
_READ_ALL = 1 << 2  # CAP_DAC_READ_SEARCH, as the user's modules may be another's
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""The number of the architecture, and of its call `socket`."""


def seal(folder: str) -> None:
    """Take away what the process, and all that it starts, could write to.

    Args:
        folder: in whose place it gets an empty one of its own, where it is put.
    """
    with contextlib.suppress(OSError):
        _protect_files(folder)
    os.chdir(folder)
    with contextlib.suppress(OSError):
        _drop_privileges()
    with contextlib.suppress(OSError):
        _refuse_sockets()


def _protect_files(folder: str) -> None:
    """Make all mounts read-only, in a namespace of mounts of its own."""
    _call("unshare", _NEW_MOUNTS)
    _mount("none", "/", "", _RECURSIVE | _PRIVATE)
    _mount("tmpfs", folder, "tmpfs")  # for /dev: terminals and disks are files there
    for name in DEVICES:
        if Path("/dev", name).exists():
            Path(folder, name).touch()
            _mount(f"/dev/{name}", f"{folder}/{name}", "", _BIND)
    Path(folder, "shm").mkdir()
    _mount(folder, "/dev", "", _BIND | _RECURSIVE)
    _mount("tmpfs", folder, "tmpfs")
    _set_mounts("/", _BELOW, struct.pack("4Q", _READ_ONLY, 0, 0, 0))
    for own in (folder, "/dev"):
        _set_mounts(own, 0, struct.pack("4Q", 0, _READ_ONLY, 0, 0))


def _drop_privileges() -> None:
    """Keep root from undoing that; in a namespace of users of its own it cannot either."""
    _call("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    header = struct.pack("Ii", 0x20080522, 0)
    for kept in (_READ_ALL, 0):  # an ordinary user has none to keep
        with contextlib.suppress(OSError):
            _call("capset", header, struct.pack("6I", kept, kept, 0, 0, 0, 0))
            break


def _refuse_sockets() -> None:
    """Refuse sockets that no namespace of networks confines, such as those that are files."""
    machine = os.uname().machine
    if machine not in _MACHINES or sys.maxsize < 2**32:
        return
    architecture, socket = _MACHINES[machine]
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    refused, permitted = 0x50000 | 13, 0x7FFF0000
    steps = (
        (load, 0, 0, 4),  # the architecture
        (equal, 0, 9, architecture),
        (load, 0, 0, 0),  # the number of the call
        (equal, 7, 0, 425),  # io_uring_setup, which makes sockets too
        (at_least, 6, 0, 0x40000000),  # the same calls under other numbers
        (equal, 0, 6, socket),
        (load, 0, 0, 16),  # its family
        (equal, 4, 0, 2),  # internet
        (equal, 3, 0, 10),
        (equal, 2, 0, 16),  # the kernel
        (answer, 0, 0, refused),
        (answer, 0, 0, refused),
        (answer, 0, 0, permitted),
    )
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *s) for s in steps))
    header = struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(program))
    _call("prctl", _FILTER, 2, header, 0, 0)


def _mount(source: str, target: str, kind: str, flags: int = 0) -> None:
    mode = b"mode=700" if kind else None
    _call("mount", source.encode(), os.fsencode(target), kind.encode(), flags, mode)


def _set_mounts(target: str, flags: int, attributes: bytes) -> None:
    arguments = (_AT_CWD, os.fsencode(target), flags, attributes, len(attributes))
    _call("syscall", _SET_MOUNTS, *arguments)


def _call(name: str, *arguments: int | bytes | None) -> None:
    """Call a function of the C library. Raises an OSError if it fails."""
    given = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*given) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    seal(sys.argv[1])
    os.execvp(sys.argv[2], sys.argv[2:])
