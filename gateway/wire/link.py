"""One SSH connection without its socket: version lines, phases, key exchanges, the order of what is sent.

The rule: bytes go in by :meth:`Link.receive` and come out by :meth:`Link.take`; every message passes the
table of :mod:`gateway.wire.phases` first; each direction changes its key with its own NEWKEYS; between our
KEXINIT and our NEWKEYS everything but the exchange waits, in order and bounded. What the peer does wrong is a
:exc:`~gateway.wire.violation.Violation`, for the owner to end the connection.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import attrs

from gateway.wire.algorithms import (
    EXCHANGES,
    EXTENDED,
    MACS_OFFERED,
    OTHER,
    STRICT,
    USER_SIGNATURES,
    Names,
    ciphers_for,
    propose,
)
from gateway.wire.ciphers import PacketCipher
from gateway.wire.exchange import Exchange, Shared
from gateway.wire.fields import Fields, MalformedField, string, uint32
from gateway.wire.packets import LONGEST_EARLY_PACKET, LONGEST_LENT, LONGEST_PACKET, PacketReader, PacketWriter
from gateway.wire.phases import (
    DISCONNECT,
    EXTENSIONS,
    KEX_ANSWER,
    KEX_ASK,
    KEXINIT,
    NEWKEYS,
    PONG,
    SENDABLE_DURING_EXCHANGE,
    UNIMPLEMENTED,
    VERDICTS,
    Phase,
    Role,
    Verdict,
)
from gateway.wire.violation import PROTOCOL_ERROR, VERSION_NOT_SUPPORTED, Violation

VERSION: Final = b"SSH-2.0-OpenSSH_9.9 Ostiary"
"""Clients and servers send eow@openssh.com only to a peer whose banner says OpenSSH."""

MOST_QUEUED: Final = 16 * 1024 * 1024
MOST_NOISE: Final = 128
MOST_EARLY_EXCHANGES: Final = 8
MOST_UNSENT_REPLIES: Final = 256 * 1024
LONGEST_PING: Final = 1024
_MOST_EXTENSIONS: Final = 64
_VERSION_LINE: Final = re.compile(rb"SSH-(2\.0|1\.99)-[\x20-\x7e]+")

Plane = Callable[[int, memoryview], bool]
"""Takes a channel message's number and its frame; says whether that was all there is to do."""


class Owner(Protocol):
    """Who carries a link and plays its role."""

    def exchange_received(self, payload: bytes) -> None:
        """Take the message of the peer that carries its public value."""

    def exchange_finished(self, *, first: bool) -> None:
        """Learn that both directions have their new keys."""

    def service_received(self, number: int, payload: bytes) -> None:
        """Take SERVICE_REQUEST or SERVICE_ACCEPT."""

    def message_received(self, number: int, payload: bytes) -> None:
        """Take a message of the running service."""

    def peer_disconnected(self, code: int) -> None:
        """Learn that the peer said goodbye."""

    def unsent(self) -> int:
        """Return how many bytes the network has not taken yet."""


@attrs.define(eq=False)
class Link:
    """The state of one connection; *ciphers* fixes one list, else operators' are chosen by their client."""

    role: Role
    owner: Owner = attrs.field(repr=False)
    host_key_algorithms: Names
    ciphers: Names | None = None
    reader: PacketReader = attrs.field(factory=PacketReader, repr=False)
    exchanges: Names = EXCHANGES
    macs: Names = MACS_OFFERED
    writer: PacketWriter = attrs.field(factory=PacketWriter, init=False, repr=False)
    peer_version: bytes = attrs.field(default=b"", init=False)
    session_id: bytes = attrs.field(default=b"", init=False)
    peer_sig_algs: Names = attrs.field(default=(), init=False)
    strict: bool = attrs.field(default=False, init=False)
    ended: bool = attrs.field(default=False, init=False)
    holding: bool = attrs.field(default=False, init=False)
    """We sent KEXINIT and not yet NEWKEYS."""
    exchange: Exchange | None = attrs.field(default=None, init=False, repr=False)
    plane: Plane | None = attrs.field(default=None, init=False, repr=False)
    _standing: Phase = attrs.field(default=Phase.OPENING, init=False)
    _stage: Phase | None = attrs.field(default=None, init=False)
    _serving: bool = attrs.field(default=False, init=False)
    _verdicts: tuple[Verdict, ...] = attrs.field(default=(), init=False, repr=False)
    _queue: deque[tuple[int, bytes]] = attrs.field(factory=deque, init=False, repr=False)
    _queued: int = attrs.field(default=0, init=False)
    _noise: int = attrs.field(default=0, init=False)
    _early_exchanges: int = attrs.field(default=0, init=False)
    _peer_extended: bool = attrs.field(default=False, init=False)
    _parsing: bool = attrs.field(default=False, init=False)

    @property
    def phase(self) -> Phase:
        """Return where the connection stands for what arrives."""
        return self._stage or self._standing

    @property
    def queued(self) -> int:
        """Return how many bytes wait for the end of a key exchange."""
        return self._queued

    def _enter(self, stage: Phase | None) -> None:
        self._stage = stage
        self._serving = self.phase is Phase.CONNECTED
        self._verdicts = VERDICTS[self.role, self.phase]

    def advance(self, standing: Phase) -> None:
        """Go on to SECURED, LOGIN or CONNECTED; within a key exchange that counts from its end."""
        self._standing = standing
        self.reader.limit = LONGEST_PACKET if standing is Phase.CONNECTED else LONGEST_EARLY_PACKET
        self._enter(self._stage)

    def begin(self) -> None:
        """Send our version line; a client's first KEXINIT goes with it."""
        self._enter(None)
        self.writer.write_line(VERSION)
        if self.role is Role.TARGET:
            self._start_exchange()

    def receive(self, received: bytes) -> None:
        """Take bytes from the network; raise :exc:`Violation`."""
        if not self.ended:
            self.reader.feed(received)
            self.parse()

    def receive_lent(self, received: memoryview) -> None:
        """Take the reader's leftover and more, in a place that is lent for this call; raise :exc:`Violation`."""
        self.reader.lend(received)
        try:
            self.parse()
        finally:
            self.reader.keep()

    def parse(self) -> None:
        """Work through what was received, until it ends or the reader pauses; raise :exc:`Violation`."""
        if self._parsing:
            return
        self._parsing = True
        try:
            if not self.peer_version:
                self._parse_lines()
            while not self.ended and self.peer_version:
                payload = self.reader.next_payload()
                if payload is None:
                    return
                self._weigh(payload)
        finally:
            self._parsing = False

    def _parse_lines(self) -> None:
        while not (self.ended or self.peer_version):
            line = self.reader.next_line()
            if line is None:
                return
            self._take_line(line)

    def _take_line(self, line: bytes) -> None:
        if self.role is Role.TARGET and not line.startswith(b"SSH-"):
            return
        if not _VERSION_LINE.fullmatch(line) or (self.role is Role.OPERATOR and line[4:5] == b"1"):
            raise Violation("version", VERSION_NOT_SUPPORTED, "this is an SSH 2.0 service")
        self.peer_version = line
        if self.role is Role.OPERATOR:
            self._start_exchange()

    def _weigh(self, payload: memoryview) -> None:
        number, plane = payload[0], self.plane
        if plane is not None and 93 <= number <= 97 and self._serving and plane(number, self.reader.frame):
            return
        match self._verdicts[number]:
            case Verdict.PASS:
                self._dispatch(number, bytes(payload[1:]))
            case Verdict.DROP:
                self._count_noise()
            case Verdict.UNIMPLEMENTED:
                self._reply(UNIMPLEMENTED, uint32((self.reader.sequence - 1) & 0xFFFFFFFF))
            case Verdict.DISCONNECT:
                raise Violation("out-of-phase", PROTOCOL_ERROR, f"message {number} has no place here")

    def _count_noise(self) -> None:
        if self._standing is not Phase.CONNECTED:
            self._noise += 1
            if self._noise > MOST_NOISE:
                raise Violation("noise", PROTOCOL_ERROR, "too many messages that say nothing")

    def _dispatch(self, number: int, payload: bytes) -> None:
        if 50 <= number < 192:
            self.owner.message_received(number, payload)
            return
        match number:
            case 20:
                self._kexinit_received(payload)
            case 30 | 31:
                self._exchange_received(payload)
            case 21:
                self._newkeys_received(payload)
            case 1:
                self.ended = True
                self.owner.peer_disconnected(int.from_bytes(payload[:4], "big"))
            case 7:
                self._extensions_received(payload)
            case 192:
                self._ping_received(payload)
            case _:
                self.owner.service_received(number, payload)

    def _reply(self, number: int, payload: bytes) -> None:
        """Send what the peer provoked; refuse to pile such answers up for a peer that does not read."""
        if self.queued + self.owner.unsent() + self.writer.waiting > MOST_UNSENT_REPLIES:
            raise Violation("flood", PROTOCOL_ERROR, "more was asked than answers were read")
        self.send(number, payload)

    def _ping_received(self, payload: bytes) -> None:
        if len(payload) > LONGEST_PING:
            raise Violation("ping", PROTOCOL_ERROR, "a ping is too long")
        self._reply(PONG, payload)

    def send(self, number: int, payload: bytes) -> None:
        """Seal one message, or queue it while a key exchange holds it back; raise :exc:`Violation`."""
        if self.ended:
            return
        if self.holding and number not in SENDABLE_DURING_EXCHANGE:
            self._queued += len(payload) + 1
            if self._queued > MOST_QUEUED:
                raise Violation("queue", PROTOCOL_ERROR, "a key exchange took too long")
            self._queue.append((number, payload))
            return
        self.writer.write(number, payload)

    def forward(self, frame: memoryview) -> None:
        """Seal a frame that another connection opened, or queue its payload; raise :exc:`Violation`."""
        if self.holding or self.ended:
            self.send(frame[1], bytes(frame[2 : len(frame) - frame[0]]))
        else:
            self.writer.forward(frame)

    def disconnect(self, code: int, text: str) -> None:
        """Say goodbye and take nothing more."""
        if self.peer_version and not self.ended:
            self.writer.write(DISCONNECT, uint32(code) + string(text.encode()) + string(b""))
        elif not self.ended:
            self.writer.write_line(text.encode())
        self.ended = True

    def take(self) -> bytes:
        """Return what has to go to the network."""
        return self.writer.take()

    @property
    def lendable(self) -> bool:
        """Say whether bytes may be lent instead of fed."""
        return bool(self.peer_version) and not self.ended and self.reader.unread <= LONGEST_LENT

    # -- key exchange

    def rekey(self) -> bool:
        """Begin a new key exchange, unless one is going on or nobody is logged in; say whether it began.

        OpenSSH, on both sides, ends a connection whose keys the other side wants to change before the login.
        """
        if self.exchange is not None or self.ended or self._standing is not Phase.CONNECTED:
            return False
        self._start_exchange()
        return True

    def _start_exchange(self) -> Exchange:
        first = not self.session_id
        ciphers = self.ciphers or ciphers_for(self.peer_version)
        proposal = propose(
            self.role, self.host_key_algorithms, ciphers, first=first, exchanges=self.exchanges, macs=self.macs
        )
        exchange = Exchange(self.role, first, proposal, proposal.encode())
        self.exchange = exchange
        self.send(KEXINIT, exchange.ours[1:])
        self.holding = True
        return exchange

    def _kexinit_received(self, payload: bytes) -> None:
        if self._standing is not Phase.CONNECTED:
            self._early_exchanges += 1
            if self._early_exchanges > MOST_EARLY_EXCHANGES:
                raise Violation("rekey", PROTOCOL_ERROR, "too many key exchanges before login")
        exchange = self.exchange or self._start_exchange()
        peer = exchange.receive_proposal(payload)
        if exchange.first:
            other = OTHER[self.role]
            self.strict = STRICT[other] in peer.exchanges
            self._peer_extended = EXTENDED[other] in peer.exchanges
            if self.strict and self.reader.sequence != 1:
                raise Violation("strict", PROTOCOL_ERROR, "the first message was not the key exchange offer")
        self._enter(self._stages(exchange.first)[0])
        if self.role is Role.TARGET:
            self.send(KEX_ASK, exchange.open())

    def _stages(self, first: bool) -> tuple[Phase, Phase]:
        if not first:
            return Phase.REKEY_EXCHANGE, Phase.REKEY_NEWKEYS
        if self.strict:
            return Phase.EXCHANGE_STRICT, Phase.NEWKEYS_STRICT
        return Phase.EXCHANGE, Phase.NEWKEYS

    def _going_on(self) -> Exchange:
        if self.exchange is None:
            raise Violation("kex-order", PROTOCOL_ERROR, "a key exchange message out of order")
        return self.exchange

    def _exchange_received(self, payload: bytes) -> None:
        exchange = self._going_on()
        if exchange.skip:
            exchange.skip = False
            return
        self.owner.exchange_received(payload)

    def complete_exchange(self, shared: Shared, reply: bytes | None = None) -> None:
        """Use the secret: a server's *reply* goes out, then NEWKEYS, then what waited."""
        exchange = self._going_on()
        self.session_id = self.session_id or shared.exchange_hash
        inbound, outbound = exchange.ciphers(shared, self.session_id)
        exchange.pending = inbound
        if reply is not None:
            self.send(KEX_ANSWER, reply)
        self.send(NEWKEYS, b"")
        self.writer.switch_outbound(outbound, reset_sequence=self.strict)
        self.holding = False
        self._enter(self._stages(exchange.first)[1])
        if exchange.first and self._peer_extended:
            self._send_extensions()
        self._release_queue()

    def _send_extensions(self) -> None:
        if self.role is Role.OPERATOR:
            algorithms = string(b"server-sig-algs") + string(b",".join(USER_SIGNATURES))
            self.send(EXTENSIONS, uint32(2) + algorithms + string(b"ping@openssh.com") + string(b"0"))

    def _release_queue(self) -> None:
        queue, self._queue, self._queued = self._queue, deque(), 0
        for number, payload in queue:
            self.send(number, payload)

    def _newkeys_received(self, payload: bytes) -> None:
        exchange = self._going_on()
        cipher: PacketCipher | None = exchange.pending
        if payload or cipher is None:
            raise Violation("kex-order", PROTOCOL_ERROR, "a key exchange message out of order")
        self.reader.switch_inbound(cipher, reset_sequence=self.strict)
        self.exchange = None
        if exchange.first:
            self._standing = Phase.SECURED
        self._enter(None)
        self.owner.exchange_finished(first=exchange.first)

    def _extensions_received(self, payload: bytes) -> None:
        fields = Fields(payload)
        try:
            count = fields.uint32("number of extensions")
            if count > _MOST_EXTENSIONS:
                raise MalformedField("too many extensions")
            for _ in range(count):
                name = fields.string("extension name", 256)
                value = fields.string("extension", 16 * 1024)
                if name == b"server-sig-algs":
                    self.peer_sig_algs = tuple(value.split(b","))
            fields.end("EXT_INFO")
        except MalformedField:
            raise Violation("extensions", PROTOCOL_ERROR, "malformed extensions") from None
