"""Ask a program of the administrator's: the file on descriptor 3, what is known of it as JSON on stdin.

The rule: exit code 0 allows, 1 denies, 2 denies and has the file kept; everything else, a signal and too much output
too, is a failure. The first line of stdout is the reason the operator sees, the rest is for administrators. No name
of a file is ever an argument.

It runs under bubblewrap where that can be used (no network, no other files than system libraries and what ``read``
names), as ``nobody`` without network where the gateway is root, and otherwise not at all unless ``unconfined = true``.

Known limits: under a systemd unit with RestrictNamespaces neither is possible. Memory, CPU time, descriptors and the
size of written files are bounded; a program that forks is bounded in each process.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.domain.evaluation import Decision, Spooled, Transfer, Verdict
from gateway.inspectors import settings
from gateway.inspectors.parsed import told_of
from gateway.inspectors.room.bubble import Bubble
from gateway.inspectors.room.room import ENVIRONMENT
from gateway.inspectors.settings import Schema
from gateway.inspectors.whole import Whole
from gateway.interfaces import IFileInspector, IFileInspectorFactory, InspectorError

LARGEST_ANSWER = 16 * 1024
LAUNCH = str(Path(__file__).parent / "room" / "launch.py")
DECISIONS = {0: Decision.ALLOW, 1: Decision.DENY, 2: Decision.QUARANTINE}
MIB = 1024**2

InThread = Callable[..., Deferred[Any]]


@implementer(IFileInspectorFactory)
@attrs.frozen(eq=False)
class CommandFactory:
    """Make inspectors that run a program."""

    reactor: Any
    in_thread: InThread
    bubble: Bubble
    name: ClassVar[str] = "command"
    schema: ClassVar[Schema] = {
        "argv": settings.texts,  # the program's path and its arguments
        "read": settings.texts,  # folders and files that it may read, beside the system's libraries and programs
        "memory": settings.size,  # bytes of address space
        "cpu": settings.number,  # seconds of CPU time
        "unconfined": settings.flag,  # true: run it as the gateway's user where it can not be confined
    }

    def configure(self, section: Mapping[str, Any]) -> Command:
        """Read the settings; the program must be there."""
        argv = section.get("argv", ())
        if not argv or not argv[0].startswith("/"):
            raise InspectorError("argv: name a program by its whole path, such as /usr/local/bin/check-file")
        if not os.access(argv[0], os.X_OK):
            raise InspectorError(f"argv: {argv[0]} is not there or can not be run")
        limits = {
            "memory": section.get("memory", 1024 * MIB), "seconds": section.get("cpu", 60), "files": 64,
        }  # fmt: skip
        shown = (str(Path(argv[0]).parent), *section.get("read", ()))
        return Command(
            self.reactor, self.in_thread, self.bubble, argv, shown, limits, section.get("unconfined", False)
        )


@implementer(IFileInspector)
@attrs.frozen(eq=False)
class Command:
    """Have every file judged by a program."""

    reactor: Any
    in_thread: InThread
    bubble: Bubble
    argv: tuple[str, ...]
    shown: tuple[str, ...]
    limits: Mapping[str, int]
    unconfined: bool

    def wants(self, transfer: Transfer) -> bool:
        """Judge every file."""
        return True

    def begin(self, transfer: Transfer) -> Whole:
        """Wait for the whole file."""
        return Whole(lambda spooled: Deferred.fromCoroutine(self._judged(transfer, spooled)))

    async def _judged(self, transfer: Transfer, spooled: Spooled) -> Verdict:
        argv = await self.confined()
        question = json.dumps(told_of(transfer, spooled)).encode() + b"\n"
        file = await self.in_thread(spooled.open)
        program = _Program(question)
        try:
            self.reactor.spawnProcess(
                program, argv[0], argv, env=ENVIRONMENT, childFDs={0: "w", 1: "r", 2: "r", 3: file.fileno()}
            )
        finally:
            file.close()
        return verdict(*await program.over)

    async def confined(self) -> list[str]:
        """Return the command line with whatever confines it here; raises InspectorError where nothing does."""
        argv, limits = list(self.argv), dict(self.limits)
        if await self.bubble.usable():
            argv = self.bubble.around(self.shown, argv)
        elif os.geteuid() == 0:
            limits["nobody"] = 1
        elif not self.unconfined:
            raise InspectorError(
                f"{argv[0]} can not be confined: install bubblewrap, or set unconfined = true to run it as the "
                f"gateway's own user"
            )
        return [sys.executable, "-I", "-S", LAUNCH, json.dumps(limits), *argv]


class _Program(ProcessProtocol):
    """One run: the question on its stdin, what it says, and how it ended."""

    def __init__(self, question: bytes) -> None:
        self.over: Deferred[tuple[int | None, bytes, bytes]] = Deferred(lambda _: self.kill())
        self._question = question
        self._out = self._err = b""
        self._flooded = False

    def connectionMade(self) -> None:
        """Say what is known of the file."""
        self.transport.write(self._question)  # type: ignore[union-attr]
        self.transport.closeStdin()  # type: ignore[union-attr]

    def outReceived(self, data: bytes) -> None:
        """Take the answer, up to a bound."""
        self._out = self._bounded(self._out, data)

    def errReceived(self, data: bytes) -> None:
        """Take what it says besides, up to a bound."""
        self._err = self._bounded(self._err, data)

    def _bounded(self, got: bytes, more: bytes) -> bytes:
        if len(got) + len(more) > LARGEST_ANSWER and not self._flooded:
            self._flooded = True
            self.kill()
        return (got + more)[:LARGEST_ANSWER]

    def kill(self) -> None:
        """End it now."""
        if self.transport is None:
            return
        try:
            self.transport.signalProcess(signal.SIGKILL)
        except ProcessExitedAlready:
            return

    def processEnded(self, reason: Failure) -> None:
        """Tell how it ended."""
        code = 0 if isinstance(reason.value, ProcessDone) else getattr(reason.value, "exitCode", None)
        if not self.over.called:
            self.over.callback((None if self._flooded else code, self._out, self._err))


def verdict(code: int | None, out: bytes, err: bytes) -> Verdict:
    """Return what a program's end means; raises InspectorError where it means nothing."""
    decision = DECISIONS.get(-1 if code is None else code)
    if decision is None:
        said = err.decode("utf-8", "replace").strip()[-500:]
        how = "was ended, or said too much" if code is None else f"ended with exit code {code}"
        raise InspectorError(f"the program {how}: {said}")
    reason, _, detail = out.decode("utf-8", "replace").partition("\n")
    return Verdict(decision, "" if decision is Decision.ALLOW else "command", reason.strip(), detail.strip())
