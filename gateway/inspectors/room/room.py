"""The gateway's side of the room: start the zygote, ask it, take the answers.

The rule: what comes out of the room is bounded bytes that are JSON or an error; a child that dies, floods or is silent
is an error. The zygote is started with the first question and again when it has died.

Known limits: at most so many files at once as :data:`AT_ONCE`; others wait, and their patience runs meanwhile.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.inspectors.room.bubble import Bubble, python_folders
from gateway.interfaces import InspectorError

log = Logger()

AT_ONCE = 4
LARGEST_ANSWER = 64 * 1024
STARTING = 20.0
"""Seconds until a zygote that says nothing is given up."""
PATIENCE, PACE = 30.0, 20_000_000
"""Seconds, and bytes a second more, that a child may take."""
HERE = Path(__file__).parent
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/"}


class RoomError(InspectorError):
    """The room did not answer."""


@implementer(IReadDescriptor)
@attrs.define(eq=False)
class _End:
    """Our end of a socket: everything that comes until its end, or one message where ``once``."""

    reactor: Any
    socket: socket.socket
    once: bool = False
    taken: Deferred[bytes] = attrs.field(init=False)
    _got: bytes = attrs.field(init=False, default=b"")

    def __attrs_post_init__(self) -> None:
        self.socket.setblocking(False)
        self.taken = Deferred(lambda _: self.close())
        self.reactor.addReader(self)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self.socket.fileno()

    def logPrefix(self) -> str:
        """Name this in the log."""
        return "room"

    def doRead(self) -> None:
        """Take what is there."""
        try:
            piece = self.socket.recv(LARGEST_ANSWER + 1)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        self._got += piece
        if not piece or self.once or len(self._got) > LARGEST_ANSWER:
            self.close()
            self.taken.callback(self._got)

    def connectionLost(self, reason: Failure) -> None:
        """Take what came as all."""
        self.close()
        if not self.taken.called:
            self.taken.callback(self._got)

    def close(self) -> None:
        """Hang up; a child that goes on is killed by its clock."""
        self.reactor.removeReader(self)
        if not self.once:
            self.socket.close()


class _Zygote(ProcessProtocol):
    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.said = b""
        self.greeted = False
        """Whether nobody waits for its first words any more; until then the socket is theirs who wait."""
        self.gone = False
        self.over: Deferred[None] = Deferred()

    def errReceived(self, data: bytes) -> None:
        """Keep the end of what it says on stderr."""
        self.said = (self.said + data)[-2000:]

    def processEnded(self, reason: Failure) -> None:
        """Know that it is gone."""
        self.gone = True
        if self.greeted:
            self.control.close()
        self.over.callback(None)

    async def end(self) -> None:
        """Kill it, and wait until all that it said is here."""
        if not self.gone and self.transport is not None:
            with suppress(ProcessExitedAlready):
                self.transport.signalProcess("KILL")
            await self.over
        self.control.close()


@attrs.define(eq=False)
class Room:
    """Have content judged by children that can do nothing else."""

    reactor: Any
    in_thread: Callable[..., Deferred[Any]]
    bubble: Bubble
    walls: tuple[str, ...] = attrs.field(init=False, default=())
    """What stands between a child and this machine; known once the zygote runs."""
    _zygote: _Zygote | None = attrs.field(init=False, default=None)
    _starting: list[Deferred[None]] | None = attrs.field(init=False, default=None)
    _places: DeferredSemaphore = attrs.field(init=False, factory=lambda: DeferredSemaphore(AT_ONCE))

    async def ask(
        self, kind: str, settings: str, transfer: Mapping[str, Any], file: int, size: int
    ) -> dict[str, Any]:
        """Have a file judged: a descriptor that is read from its beginning; raises :exc:`RoomError`.

        ``settings`` are JSON text, for they may be long and are the same for many files.
        """
        await self._places.acquire()
        try:
            zygote = await self._running()
            seconds = PATIENCE + size / PACE
            told = json.dumps({"kind": kind, "transfer": transfer, "seconds": seconds})
            question = f'{told[:-1]}, "settings": {settings}}}'
            end = self._sent(zygote, question.encode(), file)
            return self._read(await end.taken)
        finally:
            self._places.release()

    def close(self) -> None:
        """End the zygote, and with it the room."""
        if self._zygote is not None and not self._zygote.gone:
            self._zygote.control.close()

    def _sent(self, zygote: _Zygote, question: bytes, file: int) -> _End:
        ours, theirs = socket.socketpair()
        asked = os.memfd_create("question", os.MFD_CLOEXEC)
        try:
            os.write(asked, question)
            socket.send_fds(zygote.control, [b"?"], [theirs.fileno(), file, asked])
        except OSError as problem:
            ours.close()
            raise RoomError(f"the room can not be asked: {problem.strerror}") from None
        finally:
            theirs.close()
            os.close(asked)
        return _End(self.reactor, ours)

    def _read(self, answer: bytes) -> dict[str, Any]:
        if not answer or len(answer) > LARGEST_ANSWER:
            raise RoomError("the child that read the file died or said too much")
        try:
            said = json.loads(answer)
        except ValueError:
            raise RoomError("the child that read the file said nothing that can be read") from None
        if not isinstance(said, dict) or "error" in said:
            raise RoomError(str(said.get("error", ""))[:200] if isinstance(said, dict) else "no answer")
        return said

    async def _running(self) -> _Zygote:
        while self._zygote is None or self._zygote.gone:
            if self._starting is not None:
                waiting: Deferred[None] = Deferred()
                self._starting.append(waiting)
                await waiting
                continue
            self._starting = []
            try:
                self._zygote = await self._started()
            finally:
                waiters, self._starting = self._starting, None
                for each in waiters:
                    each.callback(None)
        return self._zygote

    async def _started(self) -> _Zygote:
        if await self.bubble.usable():
            found = await self._spawned(True)
            if found is not None:
                return found
        found = await self._spawned(False)
        if found is None:
            raise RoomError("the room for inspectors can not be started; see the log")
        return found

    async def _spawned(self, bubble: bool) -> _Zygote | None:
        """Start a zygote; None where it does not say hello."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        folders = python_folders()
        argv = [sys.executable, "-I", str(HERE / "zygote.py"), *sys.path]
        if bubble:
            argv = self.bubble.around(folders, argv)
        zygote = _Zygote(ours)
        self.reactor.spawnProcess(
            zygote, argv[0], argv, env=ENVIRONMENT, childFDs={0: theirs.fileno(), 1: "r", 2: "r"}
        )
        theirs.close()
        hello = _End(self.reactor, ours, once=True)
        timer = self.reactor.callLater(STARTING, ours.shutdown, socket.SHUT_RDWR)
        said = await hello.taken
        zygote.greeted = True
        if timer.active():
            timer.cancel()
        if not said:
            await zygote.end()
            log.warn("the room for inspectors did not start: {words}", words=zygote.said.decode("utf-8", "replace"))
            return None
        self.walls = (*(("bubblewrap",) if bubble else ()), *json.loads(said)["walls"])
        log.info("the room for inspectors stands: {walls}", walls=", ".join(self.walls))
        return zygote
