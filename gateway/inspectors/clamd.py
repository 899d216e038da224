"""Ask clamd, by INSTREAM over a UNIX or TCP socket, while the bytes are read.

The rule: only ``stream: OK`` allows; a name and ``FOUND`` denies; anything else, a closed connection and a limit of
clamd's (StreamMaxLength) too, is a failure, which denies unless the settings say otherwise.

Known limits: clamd itself lets an archive pass that unpacks to more than its own limits: name the inspector
``archive`` beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.domain.evaluation import Decision, Spooled, Transfer, Verdict
from gateway.inspectors import settings
from gateway.inspectors.places import Place, place
from gateway.inspectors.settings import Schema
from gateway.interfaces import IFileInspector, IFileInspectorFactory, IInspection, InspectorError

LONGEST_ANSWER = 4096
_FOUND = re.compile(rb"stream: (.{1,512}) FOUND\0?\n?")


@implementer(IFileInspectorFactory)
@attrs.frozen(eq=False)
class ClamdFactory:
    """Make inspectors that ask clamd."""

    reactor: Any
    name: ClassVar[str] = "clamd"
    schema: ClassVar[Schema] = {"address": settings.text}  # unix:/run/clamav/clamd.ctl or tcp:HOST:PORT

    def configure(self, section: Mapping[str, Any]) -> Clamd:
        """Read the address; nothing is connected yet."""
        return Clamd(self.reactor, place(section.get("address", "unix:/run/clamav/clamd.ctl")))


@implementer(IFileInspector)
@attrs.frozen(eq=False)
class Clamd:
    """Have every file scanned."""

    reactor: Any
    place: Place

    def wants(self, transfer: Transfer) -> bool:
        """Scan every file."""
        return True

    def begin(self, transfer: Transfer) -> Scan:
        """Begin; the connection is made with the first bytes."""
        return Scan(self.reactor, self.place)


@implementer(IPushProducer)
class Stream(Protocol):
    """One INSTREAM: give bytes, then wait for the answer."""

    def __init__(self) -> None:
        self.answer: Deferred[bytes] = Deferred()
        self._drained: Deferred[None] | None = None
        self._paused = False
        self._got = b""

    def connectionMade(self) -> None:
        """Ask for a scan."""
        self.transport.registerProducer(self, True)  # type: ignore[union-attr]
        self.transport.write(b"zINSTREAM\0")  # type: ignore[union-attr]

    def send(self, chunk: bytes) -> Deferred[None] | None:
        """Send bytes (none: the end); a Deferred where one has to wait."""
        self.transport.writeSequence([len(chunk).to_bytes(4, "big"), chunk])  # type: ignore[union-attr]
        if not self._paused or self.answer.called:
            return None
        self._drained = Deferred()
        return self._drained

    def pauseProducing(self) -> None:
        """Wait: the socket is full."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Go on."""
        self._paused = False
        drained, self._drained = self._drained, None
        if drained is not None:
            drained.callback(None)

    def stopProducing(self) -> None:
        """Let nobody wait for a connection that is gone."""
        self.resumeProducing()

    def dataReceived(self, data: bytes) -> None:
        """Take the answer."""
        self._got += data
        if len(self._got) > LONGEST_ANSWER or self._got.endswith((b"\0", b"\n")):
            self._settle()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Take what came as the answer."""
        self._settle()

    def _settle(self) -> None:
        if not self.answer.called:
            self.answer.callback(self._got[:LONGEST_ANSWER])
        self.resumeProducing()


@implementer(IInspection)
@attrs.define(eq=False)
class Scan:
    """One file on its way to clamd."""

    reactor: Any
    place: Place
    _stream: Stream | None = attrs.field(init=False, default=None)
    _connecting: Deferred[Any] | None = attrs.field(init=False, default=None)

    def data(self, offset: int, chunk: bytes) -> Deferred[Any]:
        """Pass bytes on; a verdict that came early is given at once."""
        return Deferred.fromCoroutine(self._sent(chunk))

    def finish(self, spooled: Spooled) -> Deferred[Verdict]:
        """Ask for the verdict."""
        return Deferred.fromCoroutine(self._finished())

    def abort(self, reason: str) -> None:
        """Hang up."""
        if self._connecting is not None:
            self._connecting.cancel()
        self._hang_up()

    async def _sent(self, chunk: bytes) -> Verdict | None:
        stream = await self._connected()
        drained = stream.send(chunk)
        if drained is not None:
            await drained
        return self._verdict(await stream.answer) if stream.answer.called else None

    async def _finished(self) -> Verdict:
        stream = await self._connected()
        stream.send(b"")
        try:
            return self._verdict(await stream.answer)
        finally:
            self._hang_up()

    async def _connected(self) -> Stream:
        if self._stream is None:
            stream = Stream()
            self._connecting = self.place.connect(self.reactor, stream)
            await self._connecting
            self._connecting, self._stream = None, stream
        return self._stream

    def _hang_up(self) -> None:
        if self._stream is not None and self._stream.transport is not None:
            self._stream.transport.abortConnection()  # type: ignore[attr-defined]

    def _verdict(self, answer: bytes) -> Verdict:
        if answer.rstrip(b"\0\n") == b"stream: OK":
            return Verdict(Decision.ALLOW)
        found = _FOUND.fullmatch(answer)
        if found is None:
            raise InspectorError(f"clamd did not scan it: {answer[:200].decode('utf-8', 'replace') or 'no answer'}")
        threat = found[1].decode("utf-8", "replace")
        return Verdict(Decision.DENY, "infected", f"infected: {threat}", threat, tags=(threat,))
