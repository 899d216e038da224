"""What a process of the room may still do: next to nothing.

The rule: no new privileges, no other files, no sockets, no programs, bounded memory and time. What the kernel refuses
to take away is not reported as taken.

Known limits: calls are refused on x86_64 and aarch64 only, by a list of what is dangerous, not of what is needed:
libraries differ in what they need.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
from typing import Final

NOBODY: Final = 65534
NO_NEW_PRIVS, SET_SECCOMP, FILTER = 38, 22, 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050001  # errno EPERM
LOAD, EQUAL, ABOVE, RETURN = 0x20, 0x15, 0x35, 0x06

SYSTEMS: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The audit architectures whose call numbers are known here."""

REFUSED: Final[dict[str, tuple[int, ...]]] = {
    "x86_64": (
        2, 85, 257, 437, 304, 303,                   # open creat openat openat2 open_by_handle_at name_to_handle_at
        59, 322,                                     # execve execveat
        41, 42, 49, 50,                              # socket connect bind listen
        101, 310, 311, 312, 434, 438, 424,           # ptrace process_vm_* kcmp pidfd_*
        165, 166, 155, 161, 272, 308,                # mount umount2 pivot_root chroot unshare setns
        321, 425, 426, 427, 298, 323, 250, 248, 249,  # bpf io_uring_* perf_event_open userfaultfd keyctl add_key
        87, 263, 82, 264, 316, 83, 258, 84, 86, 265, 88, 266, 90, 268, 92, 94, 260, 76, 133, 259,  # what changes names
        29, 30, 68, 64, 240, 175, 313, 246, 167, 169,  # System V and POSIX queues, modules, kexec, swapon, reboot
    ),
    "aarch64": (
        56, 437, 265, 264,
        221, 281,
        198, 203, 200, 201,
        117, 270, 271, 272, 434, 438, 424,
        40, 39, 41, 51, 97, 268,
        280, 425, 426, 427, 241, 282, 219, 217, 218,
        35, 38, 276, 34, 37, 36, 53, 54, 45, 33,
        194, 196, 186, 190, 180, 105, 273, 104, 224, 142,
    ),
}  # fmt: skip
"""Calls of the zygote and its children that fail with EPERM."""

REFUSED_TO_CHILDREN: Final[dict[str, tuple[int, ...]]] = {
    "x86_64": (62, 200, 234, 302, 160, 57, 58),      # kill tkill tgkill prlimit64 setrlimit fork vfork
    "aarch64": (129, 130, 131, 261, 164),
}  # fmt: skip
"""And those of its children alone, for they see content."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def filter_of(machine: str, refused: tuple[int, ...]) -> bytes:
    """Return the BPF program that refuses calls by number, and every call of another architecture."""
    row = struct.Struct("=HBBI")
    rules = [row.pack(LOAD, 0, 0, 4), row.pack(EQUAL, 1, 0, SYSTEMS[machine]), row.pack(RETURN, 0, 0, REFUSE)]
    rules += [row.pack(LOAD, 0, 0, 0)]
    count = len(refused)
    # Numbers from 0x40000000 on are x32's, the same calls under other names.
    rules += [row.pack(ABOVE, count + 1, 0, 0x40000000)]
    rules += [row.pack(EQUAL, count - place, 0, number) for place, number in enumerate(refused)]
    return b"".join([*rules, row.pack(RETURN, 0, 0, ALLOW), row.pack(RETURN, 0, 0, REFUSE)])


def refuse_calls(table: dict[str, tuple[int, ...]]) -> bool:
    """Have the kernel refuse the calls of a table from now on; return whether it does."""
    machine = platform.machine()
    if machine not in SYSTEMS:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    program = filter_of(machine, table[machine])
    wrapped = _Program(len(program) // 8, program)
    if libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(SET_SECCOMP, FILTER, ctypes.byref(wrapped), 0, 0) == 0)


def become_nobody() -> bool:
    """Give up root, where this process is root and may become somebody else; return whether it is nobody now."""
    if os.geteuid() != 0:
        return False
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except OSError:
        return False
    return True


def limit(memory: int, seconds: int, files: int = 64) -> None:
    """Bound this process: bytes of address space, seconds of CPU, open files, bytes of a file it writes."""
    for what, most in (
        (resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_NOFILE, files),
        (resource.RLIMIT_FSIZE, memory), (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))
