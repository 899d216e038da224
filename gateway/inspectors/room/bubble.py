"""What bubblewrap shows of the machine to a confined program, where bubblewrap can be used.

The rule: nothing but system libraries and programs, read-only, and what is named; no network, no other processes, an
empty /tmp. The gateway's state, its configuration and homes are not there.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

SYSTEM = (
    "/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
    "/etc/alternatives", "/etc/ssl/certs", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/localtime",
    "/etc/magic", "/etc/mime.types",
)  # fmt: skip
ALONE = ("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL")
HERE = Path(__file__).parent


@attrs.define(eq=False)
class Bubble:
    """Know whether bubblewrap can be used here; ``hidden`` are folders that are never shown."""

    reactor: Any
    hidden: tuple[str, ...] = ()
    _found: str = attrs.field(init=False, factory=lambda: shutil.which("bwrap") or "")
    _usable: bool | None = attrs.field(init=False, default=None)

    async def usable(self) -> bool:
        """Say whether it works; tried once."""
        if self._usable is None:
            tried = _Tried()
            if not self._found:
                self._usable = False
                return False
            argv = self.around((), ["/bin/true"])
            self.reactor.spawnProcess(tried, argv[0], argv, env={}, childFDs={})
            self._usable = await tried.over
        return self._usable

    def around(self, shown: Iterable[str], argv: list[str]) -> list[str]:
        """Return the command line of a program with only some folders shown, besides the system's."""
        binds = [word for path in (*SYSTEM, *shown) for word in ("--ro-bind-try", path, path)]
        hides = [word for path in self.hidden if _shows(shown, path) for word in ("--tmpfs", path)]
        return [
            self._found, *ALONE, "--tmpfs", "/tmp",  # noqa: S108 - first: what is shown may lie below it
            *binds, *hides, "--proc", "/proc", "--dev", "/dev", "--chdir", "/", "--", *argv,
        ]  # fmt: skip


def _shows(shown: Iterable[str], path: str) -> bool:
    return any(path == each or path.startswith(each.rstrip("/") + "/") for each in shown)


def python_folders() -> tuple[str, ...]:
    """Return the folders that this Python's modules come from."""
    found = (sys.prefix, sys.base_prefix, str(Path(os.path.realpath(sys.executable)).parent), *sys.path)
    return tuple(dict.fromkeys(path for path in found if path and os.path.isdir(path)))


class _Tried(ProcessProtocol):
    def __init__(self) -> None:
        self.over: Deferred[bool] = Deferred()

    def processEnded(self, reason: Failure) -> None:
        """Tell how it went."""
        self.over.callback(isinstance(reason.value, ProcessDone))
