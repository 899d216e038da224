"""One key exchange, from the first KEXINIT of either side to the keys (RFC 4253 §7, RFC 5656 §4).

The rule: the server answers one question with one signed answer, the client checks it; whoever holds a
:class:`Secret` here went through all of that. No I/O, no phases: who may send what when is elsewhere.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import attrs

from gateway.wire.algorithms import ALL_METHODS, Agreement, Proposal, agree, guessed_right, parse_proposal
from gateway.wire.ciphers import NO_MAC, PacketCipher
from gateway.wire.fields import Fields, MalformedField, string
from gateway.wire.hostkeys import HostKey, check_signature
from gateway.wire.kex import Hash, Opening, Transcript, derive
from gateway.wire.oldciphers import ALL_CIPHERS, ALL_MACS
from gateway.wire.phases import KEXINIT, Role
from gateway.wire.violation import KEY_EXCHANGE_FAILED, Violation

_LONGEST_PUBLIC: Final = 2048
_LONGEST_HOST_KEY: Final = 16 * 1024
_LONGEST_SIGNATURE: Final = 2048


@attrs.frozen
class Shared:
    """What both sides now know; *secret* in the form that the exchange hash took."""

    secret: bytes = attrs.field(repr=False)
    exchange_hash: bytes = attrs.field(repr=False)


@attrs.frozen
class Reply:
    """A server's answer as its client understood it, the signature verified."""

    host_key: bytes
    shared: Shared


@attrs.define(eq=False)
class Exchange:
    """Keep what both sides said until the keys are made."""

    role: Role
    first: bool
    proposal: Proposal
    ours: bytes
    theirs: bytes = attrs.field(default=b"", init=False)
    peer: Proposal | None = attrs.field(default=None, init=False)
    agreement: Agreement | None = attrs.field(default=None, init=False)
    skip: bool = attrs.field(default=False, init=False)
    """The peer sent its next packet on a wrong guess: drop it."""
    pending: PacketCipher | None = attrs.field(default=None, init=False)
    """Opens what follows the peer's NEWKEYS."""
    answered: bool = attrs.field(default=False, init=False)
    _opening: Opening | None = attrs.field(default=None, init=False, repr=False)

    def receive_proposal(self, payload: bytes) -> Proposal:
        """Take the peer's KEXINIT; raise :exc:`Violation` when nothing agrees."""
        if self.theirs:
            raise Violation("kexinit", KEY_EXCHANGE_FAILED, "a second offer within one key exchange")
        peer = parse_proposal(payload)
        self.theirs = bytes((KEXINIT,)) + payload
        client, server = (self.proposal, peer) if self.role is Role.TARGET else (peer, self.proposal)
        self.peer = peer
        self.agreement = agree(client, server)
        self.skip = peer.guessed and not guessed_right(client, server)
        return peer

    def _agreed(self) -> Agreement:
        if self.agreement is None:
            raise Violation("kex-order", KEY_EXCHANGE_FAILED, "a key exchange message out of order")
        return self.agreement

    def _transcript(self, our_version: bytes, peer_version: bytes) -> Transcript:
        if self.role is Role.TARGET:
            return Transcript(our_version, peer_version, self.ours, self.theirs)
        return Transcript(peer_version, our_version, self.theirs, self.ours)

    def open(self) -> bytes:
        """Return the payload of the client's question."""
        self._opening = ALL_METHODS[self._agreed().exchange].open()
        return string(self._opening.public)

    def answer(
        self, payload: bytes, keys: tuple[HostKey, ...], our_version: bytes, peer_version: bytes
    ) -> tuple[bytes, Shared]:
        """Return the server's signed answer and the secret; raise :exc:`Violation`."""
        agreement = self._agreed()
        (public,) = _strings(payload, _LONGEST_PUBLIC)
        key = next(key for key in keys if agreement.host_key in key.algorithms)
        made = ALL_METHODS[agreement.exchange].answer(public)
        transcript = self._transcript(our_version, peer_version)
        digest = transcript.digest(key.blob, public, made.public, made.secret, ALL_METHODS[agreement.exchange].hash)
        signature = key.sign(agreement.host_key, digest)
        return string(key.blob) + string(made.public) + string(signature), Shared(made.secret, digest)

    def check(self, payload: bytes, our_version: bytes, peer_version: bytes) -> Reply:
        """Return what the server's answer means; raise :exc:`Violation` when its signature does not fit."""
        agreement = self._agreed()
        blob, public, signature = _strings(payload, _LONGEST_HOST_KEY, _LONGEST_PUBLIC, _LONGEST_SIGNATURE)
        if self._opening is None or self.answered:
            raise Violation("kex-order", KEY_EXCHANGE_FAILED, "a key exchange message out of order")
        self.answered = True
        secret = self._opening.finish(public)
        transcript = self._transcript(our_version, peer_version)
        hashed = ALL_METHODS[agreement.exchange].hash
        digest = transcript.digest(blob, self._opening.public, public, secret, hashed)
        check_signature(agreement.host_key, blob, signature, digest)
        return Reply(blob, Shared(secret, digest))

    def ciphers(self, shared: Shared, session_id: bytes) -> tuple[PacketCipher, PacketCipher]:
        """Return the states for what we receive and for what we send."""
        agreement = self._agreed()
        make = partial(_cipher, shared, session_id, ALL_METHODS[agreement.exchange].hash)
        up = make(agreement.cipher_up, agreement.mac_up, b"ACE")
        down = make(agreement.cipher_down, agreement.mac_down, b"BDF")
        return (up, down) if self.role is Role.OPERATOR else (down, up)


def _cipher(
    shared: Shared, session_id: bytes, hashed: Hash, name: bytes, mac_name: bytes, letters: bytes
) -> PacketCipher:
    kind = ALL_CIPHERS[name]
    mac = ALL_MACS[mac_name] if kind.mac else NO_MAC
    iv, key, mac_key = (
        derive(shared.secret, shared.exchange_hash, session_id, bytes((letter,)), size, hashed)
        for letter, size in zip(letters, (kind.iv, kind.key, mac.key), strict=True)
    )
    return kind.make(key, iv, mac_key, mac)


def _strings(payload: bytes, *limits: int) -> tuple[bytes, ...]:
    fields = Fields(payload)
    try:
        taken = tuple(fields.string("a key exchange value", limit) for limit in limits)
        fields.end("the key exchange message")
    except MalformedField:
        raise Violation("kex-fields", KEY_EXCHANGE_FAILED, "a malformed key exchange message") from None
    return taken
