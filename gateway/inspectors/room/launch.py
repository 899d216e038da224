"""Run a program with limits: ``python -I launch.py JSON PROGRAM ARGUMENT…``.

The rule: limits and the loss of root come before the program; where one of them fails the program is not run. It is
run by path and imports nothing of the gateway but the walls beside it.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType

NEW_NET, NEW_IPC = 0x40000000, 0x08000000


def _walls() -> ModuleType:
    spec = importlib.util.spec_from_file_location("walls", Path(__file__).with_name("walls.py"))
    assert spec is not None and spec.loader is not None  # noqa: S101 - it lies beside this file
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(limits: str, argv: list[str]) -> None:
    """Put up the walls and become the program."""
    walls = _walls()
    wanted = json.loads(limits)
    if wanted.get("nobody"):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(NEW_NET | NEW_IPC) != 0 or not walls.become_nobody():
            sys.exit("root can not be given up here")
        libc.prctl(walls.NO_NEW_PRIVS, 1, 0, 0, 0)
    if "memory" in wanted:
        walls.limit(wanted["memory"], wanted["seconds"], wanted["files"])
    os.execvp(argv[0], argv)  # noqa: S606 - the administrator names the program, nobody else any argument


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
