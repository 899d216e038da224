"""Ask an ICAP server (RFC 3507): REQMOD for uploads, RESPMOD for downloads, with a preview where the server wants one.

The rule: only 204 allows. A 200 means that the server would change the file, so it denies, whether or not it names an
infection; every other status, and an answer that can not be read, is a failure.

Known limits: one connection a file; what the server would put in the file's place is not read. OPTIONS is asked
again after an hour, or what its Options-TTL says where that is less.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from urllib.parse import quote_from_bytes

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from gateway.domain.evaluation import Decision, Spooled, Transfer, Verdict
from gateway.inspectors import settings
from gateway.inspectors.icap_wire import Answer, Exchange
from gateway.inspectors.places import Place, place
from gateway.inspectors.settings import Schema
from gateway.inspectors.whole import Whole
from gateway.interfaces import IFileInspector, IFileInspectorFactory, InspectorError

CHUNK = 256 * 1024
LARGEST_PREVIEW = 64 * 1024
LONGEST_TTL = 3600.0

InThread = Callable[..., Deferred[Any]]


@implementer(IFileInspectorFactory)
@attrs.frozen(eq=False)
class IcapFactory:
    """Make inspectors that ask an ICAP server."""

    reactor: Any
    in_thread: InThread
    name: ClassVar[str] = "icap"
    schema: ClassVar[Schema] = {
        "address": settings.text,  # tcp:HOST:PORT of the server
        "service": settings.text,  # the name of its service
        "preview": settings.flag,  # false: never send a preview
    }

    def configure(self, section: Mapping[str, Any]) -> Icap:
        """Read address and service; nothing is connected yet."""
        where = place(section.get("address", "tcp:127.0.0.1:1344"))
        service = section.get("service", "").strip("/")
        if not service or not service.isascii() or any(sign in service for sign in " \r\n#"):
            raise InspectorError("service: name the server's service, such as avscan")
        return Icap(self.reactor, self.in_thread, where, service, section.get("preview", True))


@attrs.frozen
class Offer:
    """What a service said of itself: bytes of preview (None: none), and until when that holds."""

    preview: int | None
    until: float


@implementer(IFileInspector)
@attrs.define(eq=False)
class Icap:
    """Have every file scanned."""

    reactor: Any
    in_thread: InThread
    place: Place
    service: str
    previews: bool
    _offer: Offer | None = attrs.field(init=False, default=None)

    def wants(self, transfer: Transfer) -> bool:
        """Scan every file."""
        return True

    def begin(self, transfer: Transfer) -> Whole:
        """Wait for the whole file: its length goes before its bytes."""
        return Whole(lambda spooled: Deferred.fromCoroutine(self._scanned(transfer, spooled)))

    async def _scanned(self, transfer: Transfer, spooled: Spooled) -> Verdict:
        offer = await self._offered()
        exchange = Exchange()
        await self.place.connect(self.reactor, exchange)
        file = await self.in_thread(spooled.open)
        try:
            first = await self.in_thread(file.read, offer.preview or 0)
            answer = await self._preview(exchange, transfer, spooled, offer, first)
            if answer is None or answer.status == 100:
                answer = await self._rest(exchange, file)
            return verdict(answer)
        finally:
            exchange.hang_up()
            await self.in_thread(file.close)

    async def _preview(
        self, exchange: Exchange, transfer: Transfer, spooled: Spooled, offer: Offer, first: bytes
    ) -> Answer | None:
        """Send the head and the preview; return the answer to it, None where the rest follows unasked."""
        head = self._head(transfer, spooled.size, None if offer.preview is None else len(first))
        await exchange.send(head + (chunked(first) if first else b""))
        if offer.preview is None:
            return None
        if spooled.size == len(first):
            await exchange.send(b"0; ieof\r\n\r\n")
        else:
            await exchange.send(b"0\r\n\r\n")
        return await exchange.answered()

    async def _rest(self, exchange: Exchange, file: Any) -> Answer:
        while not exchange.has_answered and (chunk := await self.in_thread(file.read, CHUNK)):
            await exchange.send(chunked(chunk))
        if not exchange.has_answered:
            await exchange.send(b"0\r\n\r\n")
        return await exchange.answered()

    async def _offered(self) -> Offer:
        now = self.reactor.seconds()
        if self._offer is None or now >= self._offer.until:
            exchange = Exchange()
            await self.place.connect(self.reactor, exchange)
            try:
                await exchange.send(f"OPTIONS {self._url} ICAP/1.0\r\nHost: {self.place.authority}\r\n\r\n".encode())
                self._offer = self._read(await exchange.answered(), now)
            finally:
                exchange.hang_up()
        return self._offer

    def _read(self, answer: Answer, now: float) -> Offer:
        if answer.status != 200:
            raise InspectorError(f"the ICAP service {self.service} answers OPTIONS with {answer.status}")
        preview, ttl = answer.number("preview"), answer.number("options-ttl")
        if not self.previews or preview is None:
            preview = None
        else:
            preview = min(preview, LARGEST_PREVIEW)
        return Offer(preview, now + min(LONGEST_TTL, LONGEST_TTL if ttl is None else ttl))

    @property
    def _url(self) -> str:
        return f"icap://{self.place.authority}/{self.service}"

    def _head(self, transfer: Transfer, size: int, preview: int | None) -> bytes:
        """Return the ICAP head with the HTTP heads inside; names are percent-encoded, so no byte of one can end it."""
        name = quote_from_bytes(transfer.path.encode("utf-8", "surrogateescape")).lstrip("/")
        host = quote_from_bytes(transfer.target.encode("utf-8", "surrogateescape"))
        upload = transfer.direction == "upload"
        told = f"Content-Length: {size}\r\nContent-Type: application/octet-stream\r\n\r\n"
        request = f"{'PUT' if upload else 'GET'} http://{host}/{name} HTTP/1.1\r\nHost: {host}\r\n"
        if upload:
            inside = request + told
            parts = f"req-hdr=0, req-body={len(inside)}"
        else:
            request += "\r\n"
            inside = f"{request}HTTP/1.1 200 OK\r\n{told}"
            parts = f"req-hdr=0, res-hdr={len(request)}, res-body={len(inside)}"
        lines = [
            f"{'REQMOD' if upload else 'RESPMOD'} {self._url} ICAP/1.0", f"Host: {self.place.authority}", "Allow: 204",
            *([f"Preview: {preview}"] if preview is not None else []), f"Encapsulated: {parts}",
        ]  # fmt: skip
        return ("\r\n".join(lines) + "\r\n\r\n" + inside).encode("ascii")


def chunked(chunk: bytes) -> bytes:
    """Return bytes as one chunk."""
    return b"%x\r\n%b\r\n" % (len(chunk), chunk)


def verdict(answer: Answer) -> Verdict:
    """Return what an answer means; raise InspectorError where it means nothing."""
    if answer.status == 204:
        return Verdict(Decision.ALLOW)
    if answer.status != 200:
        raise InspectorError(f"the ICAP server did not scan it: status {answer.status}")
    threat = answer.threat
    if threat:
        return Verdict(Decision.DENY, "infected", f"infected: {threat}", threat, tags=(threat,))
    return Verdict(Decision.DENY, "modified", "the scanner would change the file")
