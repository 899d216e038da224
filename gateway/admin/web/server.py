"""The way from a socket to an :class:`~gateway.admin.web.asked.Ask` and back, over twisted.web.

The rule: what has proven nothing is small: headers are bounded, so is a body (more where a known token comes with
it), so are the connections of one address and of all. An answer that fails is logged and says nothing of why; a reader
who takes nothing for :data:`PATIENCE` seconds is cut; when the reader is gone, what runs for him is cancelled.

Known limits: HTTP/1.1 alone; a chunked body is refused, for its length is not known ahead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IProtocolNegotiationFactory,
    IPushProducer,
    IReactorTime,
)
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site
from zope.interface import implementer

from gateway.admin.refusal import Exit, Refusal
from gateway.admin.streams import Valve
from gateway.admin.web.asked import Ask, cookies_of, pairs, path_of
from gateway.admin.web.reply import CAUTION, STRICT_TRANSPORT, Reply, refused
from gateway.domain.grant import within

log = Logger()

SMALL, LARGE = 64 * 1024, 16 * 1024 * 1024
"""Bytes of a body without and with proof."""
IDLE, PATIENCE = 30, 30.0
MOST, MOST_OF_ONE = 600, 200
"""Connections in all, and from one address."""
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
NO_LENGTH = b"HTTP/1.1 411 Length Required\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

App = Callable[[Ask], Awaitable[Reply]]


@attrs.frozen
class Front:
    """How a listener is reached: by TLS of its own or a front end's, through which front ends' addresses."""

    secure: bool = False
    front_ends: tuple[str, ...] = ()
    proven: Callable[[str], bool] = lambda authorization: False
    """Says whether an ``Authorization`` header is one we know."""


class BoundedRequest(Request):
    """A request whose body is bounded before a byte of it is taken."""

    def gotLength(self, length: int | None) -> None:
        """Take a body of this length, or refuse it at once."""
        self.content = BytesIO()
        if length is None:
            self._refuse_body(NO_LENGTH)
        elif length > SMALL and (length > LARGE or not self._is_proven()):
            self._refuse_body(TOO_LARGE)

    def _is_proven(self) -> bool:
        channel: Any = self.channel
        front: Front = channel.site.front
        return front.proven(self.getHeader("authorization") or "")

    def _refuse_body(self, words: bytes) -> None:
        channel: Any = self.channel
        channel.transport.write(words)
        channel.transport.loseConnection()


class Door(Site):
    """One listener's HTTP, answered by an app."""

    requestFactory = BoundedRequest
    displayTracebacks = False
    noisy = False

    def __init__(self, app: App, clock: IReactorTime, front: Front) -> None:
        super().__init__(Answering(app, clock, front), timeout=IDLE, reactor=clock)  # type: ignore[no-untyped-call]
        self.front = front

    def log(self, request: object) -> None:
        """Keep no log of requests: what matters is a fact."""


@implementer(IProtocolNegotiationFactory)
class Limited(WrappingFactory):
    """Take so many connections and no more, in all and from one address."""

    noisy = False

    def __init__(self, door: Door, most: int = MOST, of_one: int = MOST_OF_ONE) -> None:
        super().__init__(door)  # type: ignore[no-untyped-call]
        self._most, self._of_one = most, of_one
        self._front_ends = door.front.front_ends
        self._by_source: Counter[str] = Counter()
        self.refused = 0

    def acceptableProtocols(self) -> list[bytes]:
        """Name what is spoken over TLS."""
        return [b"http/1.1"]

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Return a protocol, or None where there are too many."""
        host = _host(addr)
        too_many_of_one = self._by_source[host] >= self._of_one and not within(host, self._front_ends)
        if len(self.protocols) >= self._most or too_many_of_one:
            self.refused += 1
            return None
        return super().buildProtocol(addr)

    def registerProtocol(self, protocol: ProtocolWrapper) -> None:
        """Count one more."""
        super().registerProtocol(protocol)  # type: ignore[no-untyped-call]
        self._by_source[_peer(protocol)] += 1

    def unregisterProtocol(self, protocol: ProtocolWrapper) -> None:
        """Count one less."""
        super().unregisterProtocol(protocol)  # type: ignore[no-untyped-call]
        source = _peer(protocol)
        self._by_source[source] -= 1
        if self._by_source[source] <= 0:
            del self._by_source[source]


def _peer(protocol: ProtocolWrapper) -> str:
    return _host(protocol.getPeer())  # type: ignore[no-untyped-call]


def _host(addr: object) -> str:
    return str(getattr(addr, "host", "local"))


class Answering(Resource):
    """Answer every path by the app."""

    isLeaf = True

    def __init__(self, app: App, clock: IReactorTime, front: Front) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._app, self._clock, self._front = app, clock, front

    def render(self, request: Any) -> Any:
        """Begin to answer."""
        request.responseHeaders.removeHeader(b"server")
        try:
            ask = ask_of(request, self._front)
        except Refusal as refusal:
            return _put(request, refused(refusal), self._front.secure)
        answering = Deferred.fromCoroutine(self._answer(request, ask))
        gone = request.notifyFinish()
        gone.addErrback(lambda _: answering.cancel())
        answering.addErrback(_failed, request, self._front.secure)
        return NOT_DONE_YET

    async def _answer(self, request: Any, ask: Ask) -> None:
        reply = await self._app(ask)
        if request._disconnected:
            return
        body = _put(request, reply, self._front.secure)
        if reply.stream is None:
            request.write(body)
        else:
            pipe = OpenAnswer(request, self._clock)
            request.write(body)
            try:
                await reply.stream(pipe)
            finally:
                pipe.close()
        if not request._disconnected:
            request.finish()


def ask_of(request: Any, front: Front) -> Ask:
    """Read a request of Twisted's. Raises :exc:`gateway.admin.refusal.Refusal`."""
    path, _, query = bytes(request.uri).partition(b"?")
    headers = {
        name.decode("latin-1").lower(): values[0].decode("latin-1")
        for name, values in request.requestHeaders.getAllRawHeaders()
    }
    return Ask(
        method=bytes(request.method).decode("latin-1"),
        path=path_of(path),
        query=pairs(query),
        headers=headers,
        cookies=cookies_of(headers.get("cookie", "")),
        body=request.content.getvalue(),
        source=_source(_host(request.getClientAddress()), headers.get("x-forwarded-for", ""), front.front_ends),
        secure=front.secure,
    )


def _source(peer: str, forwarded: str, front_ends: tuple[str, ...]) -> str:
    """Return whose request it is: what a front end of ours says last, else the peer."""
    if not front_ends or not within(peer, front_ends):
        return peer
    said = [part.strip() for part in forwarded.split(",") if part.strip()]
    return said[-1] if said else peer


def _put(request: Any, reply: Reply, secure: bool) -> bytes:
    """Set status and headers; return the body."""
    request.setResponseCode(int(reply.code))
    for name, value in (*CAUTION, *((STRICT_TRANSPORT,) if secure else ())):
        request.setHeader(name, value)
    for name, value in reply.headers:
        request.responseHeaders.addRawHeader(name, value)
    request.setHeader("Content-Type", reply.kind)
    if reply.stream is None:
        request.setHeader("Content-Length", str(len(reply.body)))
    return reply.body


def _failed(failure: Failure, request: Any, secure: bool) -> None:
    if isinstance(failure.value, CancelledError) and request._disconnected:
        return
    log.failure("a request failed", failure=failure)
    if request._disconnected:
        return
    if request.startedWriting:
        request.channel.transport.abortConnection()
        return
    words = "the request failed for a reason that is not yours; the node's log has it"
    request.write(_put(request, refused(Refusal(Exit.INTERNAL, "internal", words)), secure))
    request.finish()


@implementer(IPushProducer)
@attrs.define(eq=False)
class OpenAnswer:
    """An answer that goes on, to a reader who may be slow, or gone without a word."""

    request: Any
    clock: IReactorTime
    _full: bool = attrs.field(init=False, default=False)
    _valve: Valve = attrs.field(init=False)
    _late: IDelayedCall | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        """Be told when the socket is full."""
        self._valve = Valve(lambda: self._full)
        self.request.registerProducer(self, True)

    async def send(self, chunk: bytes) -> None:
        """Write, waiting while the reader takes nothing."""
        await self._valve.opened()
        self.offer(chunk)

    def offer(self, chunk: bytes) -> bool:
        """Write if the reader takes something now; return whether he did."""
        if self._full or self.request._disconnected:
            return False
        self.request.write(chunk)
        return True

    def close(self) -> None:
        """End."""
        self._patient()
        if not self.request._disconnected:
            self.request.unregisterProducer()

    def pauseProducing(self) -> None:
        """Take note that the socket is full; wait for so long and no longer."""
        self._full = True
        if self._late is None:
            self._late = self.clock.callLater(PATIENCE, self._give_up)

    def resumeProducing(self) -> None:
        """Take note that the socket takes more."""
        self._full = False
        self._patient()
        self._valve.drained()

    def stopProducing(self) -> None:
        """Take note that the socket is gone."""
        self._patient()

    def _patient(self) -> None:
        late, self._late = self._late, None
        if late is not None and late.active():
            late.cancel()

    def _give_up(self) -> None:
        self._late = None
        self.request.channel.transport.abortConnection()
