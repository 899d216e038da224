"""The node's side of pamctl: a protocol on the UNIX socket.

The rule: who may connect is decided by the socket's place (0600 in a 0700 folder) and again by the peer's
uid, which the kernel tells: root, or the service's own user. One connection is one verb; when it is lost, the
verb is cancelled.
"""

from __future__ import annotations

import os
import pwd
import socket
import struct
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.admin.display import Display
from gateway.admin.frames import Frame, FrameError, FrameReader, Kind, Opening, opening, unpack_size
from gateway.admin.perform import PREFIX, perform
from gateway.admin.refusal import Exit, Refusal, usage
from gateway.admin.room import ADMIN, LOCAL, Caller, Room
from gateway.admin.streams import MOST_INPUT, PIECE, Stdin, Streams, Valve
from gateway.admin.verb import Verb
from gateway.domain.secret import Secret

log = Logger()

CREDENTIALS = struct.Struct("=iII")
"""``struct ucred`` of Linux: pid, uid, gid."""

Answered = Deferred[Mapping[str, bytes]]


def peer_uid(transport: Any) -> int:
    """Return the uid of the process at the other end of a UNIX socket's transport. Raises OSError."""
    found = transport.getHandle().getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return int(CREDENTIALS.unpack(found)[1])


def local_caller(uid: int, node: str, door: str = "pamctl") -> Caller:
    """Return the caller that a uid on the node's machine is: ``uid:0(root)@gw1``."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = "?"
    return Caller(f"uid:{uid}({name})@{node}", name, frozenset({ADMIN, LOCAL}), "local", door)


@implementer(IPushProducer)
@attrs.define(eq=False, slots=False)
class VerbConnection(Protocol):
    """Answer one pamctl: read its verb, perform it, send what comes of it."""

    room: Callable[[Caller], Room]
    node: str
    verbs: Mapping[str, Verb]
    uid_of: Callable[[Any], int] = peer_uid
    _wire: Any = attrs.field(init=False, default=None)
    _reader: FrameReader = attrs.field(init=False, factory=FrameReader)
    _caller: Caller | None = attrs.field(init=False, default=None)
    _running: Deferred[int] | None = attrs.field(init=False, default=None)
    _answer: Answered | None = attrs.field(init=False, default=None)
    _files: dict[str, bytearray] = attrs.field(init=False, factory=dict)
    _full: bool = attrs.field(init=False, default=False)
    _valve: Valve = attrs.field(init=False)
    _display: Display | None = attrs.field(init=False, default=None)
    _stdin: Stdin = attrs.field(init=False, factory=Stdin)

    def __attrs_post_init__(self) -> None:
        self._valve = Valve(lambda: self._full)

    def connectionMade(self) -> None:
        """Learn who connected; refuse who is neither root nor the service itself."""
        self._wire = self.transport
        uid = self.uid_of(self._wire)
        if uid not in (0, os.geteuid()):
            self._end(Exit.DENIED, f"uid {uid} may not use this socket: root and the service's own user may")
            return
        self._caller = local_caller(uid, self.node)
        self._wire.registerProducer(self, True)

    def pauseProducing(self) -> None:
        """Take note that the socket is full."""
        self._full = True

    def resumeProducing(self) -> None:
        """Take note that the socket takes more."""
        self._full = False
        self._valve.drained()
        if self._display is not None:
            self._display.drained()

    def stopProducing(self) -> None:
        """Take note that the socket is gone."""

    def dataReceived(self, data: bytes) -> None:
        """Take frames; whoever breaks the protocol is told and cut."""
        try:
            for frame in self._reader.feed(data):
                self._frame(frame)
        except FrameError as failure:
            self._end(Exit.USAGE, f"this is not pamctl: {failure}")

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Cancel what runs."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()

    def _frame(self, frame: Frame) -> None:
        if self._caller is None:
            return
        if self._display is not None and frame.kind in (Kind.KEYS, Kind.SIZE):
            self._person(self._display, frame)
        elif self._running is None and self._answer is None:
            self._begin(self._caller, opening(frame))
        elif self._answer is None:
            raise FrameError("an answer to nothing")
        else:
            self._take(self._answer, frame)

    def _begin(self, caller: Caller, opened: Opening) -> None:
        stdin = Stdin(wanted=self._want)
        streams = Streams(
            stdin,
            lambda chunk: self._send(Kind.OUT, chunk),
            lambda chunk: self._send(Kind.ERROR, chunk),
            self._valve,
            self._ask if opened.terminal else None,
            self._get,
            self._see(opened.size),
        )
        self._stdin = stdin
        self._running = running = Deferred.fromCoroutine(perform(self.verbs, self.room(caller), opened.words, streams))
        running.addCallbacks(self._done, self._failed)

    def _see(self, size: tuple[int, int] | None) -> Display | None:
        """Return the client's terminal, where it has one."""
        if size is not None:
            paint = partial(self._send, Kind.OUT)
            self._display = Display(*size, paint, self._valve.is_full, self._take_over)
        return self._display

    def _take_over(self, on: bool) -> None:
        self._send(Kind.RAW if on else Kind.COOKED, b"")

    def _person(self, display: Display, frame: Frame) -> None:
        """Take keys and sizes, the last ones also when the verb has just given the terminal back."""
        if frame.kind is Kind.SIZE:
            display.resize(*unpack_size(frame.payload))
        elif not frame.payload:
            self.connectionLost()
            self._wire.loseConnection()
        elif display.holder is not None:
            display.holder.typed(frame.payload)

    def _send(self, kind: Kind, payload: bytes) -> None:
        for start in range(0, len(payload), PIECE) if payload else (0,):
            self._wire.write(Frame(kind, payload[start : start + PIECE]).wire)

    def _end(self, code: int, words: str = "") -> None:
        if words:
            self._send(Kind.ERROR, f"{PREFIX}{words}\n".encode())
        self._send(Kind.EXIT, struct.pack(">L", code))
        self._caller = None
        self._wire.loseConnection()

    def _done(self, code: int) -> None:
        if self._running is not None:
            self._end(code)

    def _failed(self, failure: Failure) -> None:
        if self._running is None or isinstance(failure.value, CancelledError):
            return
        log.failure("a verb failed", failure=failure)
        self._end(Exit.INTERNAL, "the verb failed for a reason that is not yours; the node's log has it")

    def _request(self, kind: Kind, words: str) -> Answered:
        if self._answer is not None:
            raise usage("one thing is asked for at a time")
        self._answer, self._files = Deferred(), {}
        self._send(kind, words.encode())
        return self._answer

    def _want(self) -> None:
        self._request(Kind.WANT, "").addCallbacks(self._filled, self._stdin.failed)

    def _filled(self, files: Mapping[str, bytes]) -> None:
        self._stdin.received(files.get("", b""))
        self._stdin.eof()

    def _ask(self, words: str) -> Deferred[Secret]:
        return self._request(Kind.ASK, words).addCallback(_secret)

    def _get(self, path: str) -> Answered:
        return self._request(Kind.GET, path)

    def _take(self, answer: Answered, frame: Frame) -> None:
        match frame.kind:
            case Kind.NAME:
                self._files[frame.words] = bytearray()
            case Kind.PIECE:
                self._piece(frame.payload)
            case Kind.END:
                self._answer = None
                answer.callback({name: bytes(content) for name, content in self._files.items()})
            case Kind.NO:
                self._answer = None
                answer.errback(Refusal(Exit.USAGE, "usage", frame.words))
            case _:
                raise FrameError(f"{frame.kind.name} is not an answer")

    def _piece(self, content: bytes) -> None:
        if sum(map(len, self._files.values())) + len(content) > MOST_INPUT:
            raise FrameError("the input is too large")
        name = next(reversed(self._files), "")
        self._files.setdefault(name, bytearray()).extend(content)


def _secret(files: Mapping[str, bytes]) -> Secret:
    typed = files.get("", b"")
    if not typed:
        raise usage("nothing was typed")
    return Secret(typed)


@attrs.define(eq=False, slots=False, repr=False)
class VerbFactory(Factory):
    """Make a connection for each pamctl; ``room`` returns the node's room for a caller."""

    room: Callable[[Caller], Room]
    node: str
    verbs: Mapping[str, Verb]
    noisy = False

    def buildProtocol(self, addr: object) -> VerbConnection:
        """Return a new connection."""
        connection = VerbConnection(self.room, self.node, self.verbs)
        connection.factory = self
        return connection
