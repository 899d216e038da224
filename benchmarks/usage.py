"""What processes have used, read from /proc; nothing here guesses.

A process's children are counted with it: the living by their own figures, the ended by what their parent waited for.
A jump host is one listener and two processes per connection, so only its whole tree says what it costs.
"""

from __future__ import annotations

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def family(pid: int) -> tuple[int, ...]:
    """Return a process and all its living descendants."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _fields(int(entry))):
            children.setdefault(int(fields[1]), []).append(int(entry))
    found = [pid]
    for each in found:
        found.extend(children.get(each, ()))
    return tuple(found)


def _fields(pid: int) -> list[str]:
    """Return what stands in /proc/PID/stat after the program's name, nothing for a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process, its living descendants and those they waited for."""
    ticks = 0
    for each in family(pid):
        ticks += sum(int(field) for field in _fields(each)[11:15])
    return ticks / TICK


def reactor_seconds(pid: int) -> float:
    """Return the CPU seconds of a process's first thread, where a reactor or loop runs."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9


def resident(pid: int) -> int:
    """Return a process's resident bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def proportional(pid: int) -> int:
    """Return the resident bytes of a whole family, shared pages divided among their sharers."""
    return sum(_proportional(each) for each in family(pid))


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
