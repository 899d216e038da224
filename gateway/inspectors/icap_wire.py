"""One connection to an ICAP server: bytes out with back-pressure, heads of answers in.

The rule: an answer is its status line and header fields, at most 64 KiB; any bytes are either one or an InspectorError.
What follows a head is not read.
"""

from __future__ import annotations

import re

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.interfaces import InspectorError

LARGEST_HEAD = 64 * 1024
_STATUS = re.compile(rb"ICAP/1\.[0-9] ([1-5][0-9]{2})(?: [^\r\n]*)?")
_THREAT = re.compile(r"Threat=([^;\r\n]{1,256})")


@attrs.frozen
class Answer:
    """The head of an answer; names of fields in small letters."""

    status: int
    fields: dict[str, str]

    def number(self, name: str) -> int | None:
        """Return a field's number, None where there is none."""
        text = self.fields.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    @property
    def threat(self) -> str:
        """What infection was found; empty where none is named."""
        found = _THREAT.search(self.fields.get("x-infection-found", ""))
        if found is not None:
            return found[1].strip()
        named = self.fields.get("x-virus-id") or self.fields.get("x-violations-found") or ""
        return named or ("unnamed" if "x-infection-found" in self.fields else "")


def read_answer(head: bytes) -> Answer:
    """Read a head without its empty line; raises InspectorError."""
    first, *lines = head.split(b"\r\n")
    found = _STATUS.fullmatch(first)
    if found is None:
        raise InspectorError(f"this is no answer of an ICAP server: {first[:80]!r}")
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        text = line.decode("latin-1")
        if text[:1] in (" ", "\t") and name:
            fields[name] = f"{fields[name]} {text.strip()}".strip()
            continue
        name, colon, value = text.partition(":")
        name = name.strip().lower()
        if not colon or not name:
            raise InspectorError(f"this is no header field of an ICAP answer: {line[:80]!r}")
        fields[name] = value.strip()
    return Answer(int(found[1]), fields)


@implementer(IPushProducer)
class Exchange(Protocol):
    """One request, and the one or two answers to it."""

    def __init__(self) -> None:
        self._got = b""
        self._waiting: Deferred[Answer] | None = None
        self._drained: Deferred[None] | None = None
        self._paused = False
        self._closed = False

    def connectionMade(self) -> None:
        """Be told when the socket is full."""
        self.transport.registerProducer(self, True)  # type: ignore[union-attr]

    @property
    def has_answered(self) -> bool:
        """Say whether an answer is there to be read, or none will come."""
        return self._closed or b"\r\n\r\n" in self._got

    async def send(self, chunk: bytes) -> None:
        """Send bytes; wait while the socket is full."""
        self.transport.write(chunk)  # type: ignore[union-attr]
        if self._paused and not self._closed:
            self._drained = Deferred()
            await self._drained

    def answered(self) -> Deferred[Answer]:
        """Return the next answer; fails with InspectorError where none comes or it can not be read."""
        waiting = self._waiting = Deferred()
        self._look()
        return waiting

    def hang_up(self) -> None:
        """Close."""
        if self.transport is not None:
            self.transport.abortConnection()  # type: ignore[attr-defined]

    def dataReceived(self, data: bytes) -> None:
        """Take bytes, until there is a head."""
        if len(self._got) <= LARGEST_HEAD:
            self._got += data
        self._look()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Let nobody wait for what can not come."""
        self._closed = True
        self.resumeProducing()
        self._look()

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

    def _look(self) -> None:
        waiting = self._waiting
        head, end, rest = self._got.partition(b"\r\n\r\n")
        if waiting is None or not (end or self._closed or len(self._got) > LARGEST_HEAD):
            return
        self._waiting = None
        if not end:
            waiting.errback(InspectorError("the ICAP server closed the connection, or its answer is too long"))
            return
        self._got = rest
        try:
            answer = read_answer(head)
        except InspectorError as problem:
            waiting.errback(problem)
        else:
            waiting.callback(answer)
