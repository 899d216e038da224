"""Seal and open single packets.

The rule: one state serves one direction of one key; a packet is ``length, frame, tag`` on the wire and
``padding length, payload, padding`` as a frame; nothing of a frame is given out before its tag was verified.
A state knows no buffers and no phases. Sizes are bytes.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final, Protocol

import attrs
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher as Algorithm
from cryptography.hazmat.primitives.ciphers import CipherContext, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.poly1305 import Poly1305

from gateway.wire.violation import MAC_ERROR, Violation

Frame = bytes | bytearray | memoryview

_COUNTER_END: Final = 1 << 64


class PacketCipher(Protocol):
    """One direction of one key.

    *head* is how much must be there before :meth:`measure`; *tag* follows the frame; with *length_apart* the
    four length bytes do not count when the padding fills up to a multiple of *block*.
    """

    @property
    def head(self) -> int:
        """Return how many bytes :meth:`measure` reads."""

    @property
    def tag(self) -> int:
        """Return the size of the tag."""

    @property
    def block(self) -> int:
        """Return what a packet's size is a multiple of."""

    @property
    def length_apart(self) -> bool:
        """Say whether the length field stands outside the padded part."""

    def measure(self, sequence: int, head: Frame) -> int:
        """Return the length that the packet claims; called once per packet."""

    def open(self, sequence: int, packet: memoryview, scratch: memoryview) -> memoryview:
        """Return the frame inside *scratch*; raise :exc:`Violation` when the tag does not fit."""

    def seal(self, sequence: int, frame: Frame, out: memoryview) -> int:
        """Put the packet of *frame* at the front of *out*; return its size."""


def _refuse() -> Violation:
    return Violation("bad-tag", MAC_ERROR, "a packet was damaged on its way")


@attrs.define
class Clear:
    """No encryption, before the first key exchange."""

    head: int = attrs.field(default=4, init=False)
    tag: int = attrs.field(default=0, init=False)
    block: int = attrs.field(default=8, init=False)
    length_apart: bool = attrs.field(default=False, init=False)

    def measure(self, sequence: int, head: Frame) -> int:
        """Return the length that the packet claims."""
        return int.from_bytes(head[:4], "big")

    def open(self, sequence: int, packet: memoryview, scratch: memoryview) -> memoryview:
        """Return the frame, copied into *scratch*."""
        frame = scratch[: len(packet) - 4]
        frame[:] = packet[4:]
        return frame

    def seal(self, sequence: int, frame: Frame, out: memoryview) -> int:
        """Put length and frame at the front of *out*; return their size."""
        size = 4 + len(frame)
        out[:4] = len(frame).to_bytes(4, "big")
        out[4:size] = frame
        return size


@attrs.define
class Gcm:
    """AES-GCM (RFC 5647): the clear length is authenticated too, an invocation counter is the nonce."""

    _cipher: AESGCM = attrs.field(repr=False)
    _fixed: bytes = attrs.field(repr=False)
    _counter: int
    head: int = attrs.field(default=4, init=False)
    tag: int = attrs.field(default=16, init=False)
    block: int = attrs.field(default=16, init=False)
    length_apart: bool = attrs.field(default=True, init=False)

    def measure(self, sequence: int, head: Frame) -> int:
        """Return the length that the packet claims; unverified until :meth:`open`."""
        return int.from_bytes(head[:4], "big")

    def open(self, sequence: int, packet: memoryview, scratch: memoryview) -> memoryview:
        """Return the frame inside *scratch*; raise :exc:`Violation` when the tag does not fit."""
        counter, frame = self._counter, scratch[: len(packet) - 20]
        self._counter = (counter + 1) % _COUNTER_END
        try:
            self._cipher.decrypt_into(self._fixed + counter.to_bytes(8, "big"), packet[4:], packet[:4], frame)
        except InvalidTag:
            raise _refuse() from None
        return frame

    def seal(self, sequence: int, frame: Frame, out: memoryview) -> int:
        """Put the packet of *frame* at the front of *out*; return its size."""
        counter, size = self._counter, len(frame) + 20
        self._counter = (counter + 1) % _COUNTER_END
        out[:4] = length = (size - 20).to_bytes(4, "big")
        self._cipher.encrypt_into(self._fixed + counter.to_bytes(8, "big"), frame, length, out[4:size])
        return size


@attrs.define
class ChaCha:
    """chacha20-poly1305@openssh.com (PROTOCOL.chacha20poly1305): the sequence number is the nonce."""

    _main: bytes = attrs.field(repr=False)
    _lengths: bytes = attrs.field(repr=False)
    head: int = attrs.field(default=4, init=False)
    tag: int = attrs.field(default=16, init=False)
    block: int = attrs.field(default=8, init=False)
    length_apart: bool = attrs.field(default=True, init=False)

    def _crypt_length(self, sequence: int, length: Frame) -> bytes:
        return _chacha(self._lengths, sequence).update(length)

    def measure(self, sequence: int, head: Frame) -> int:
        """Return the length that the packet claims; unverified until :meth:`open`."""
        return int.from_bytes(self._crypt_length(sequence, head[:4]), "big")

    def open(self, sequence: int, packet: memoryview, scratch: memoryview) -> memoryview:
        """Return the frame inside *scratch*; raise :exc:`Violation` when the tag does not fit."""
        stream = _chacha(self._main, sequence)
        once = stream.update(bytes(64))[:32]
        try:
            Poly1305.verify_tag(once, packet[:-16], bytes(packet[-16:]))
        except InvalidSignature:
            raise _refuse() from None
        frame = scratch[: len(packet) - 20]
        stream.update_into(packet[4:-16], frame)
        return frame

    def seal(self, sequence: int, frame: Frame, out: memoryview) -> int:
        """Put the packet of *frame* at the front of *out*; return its size."""
        stream = _chacha(self._main, sequence)
        once = stream.update(bytes(64))[:32]
        end = 4 + len(frame)
        out[:4] = self._crypt_length(sequence, len(frame).to_bytes(4, "big"))
        stream.update_into(frame, out[4:end])
        out[end : end + 16] = Poly1305.generate_tag(once, out[:end])
        return end + 16


def _chacha(key: bytes, sequence: int) -> CipherContext:
    nonce = bytes(8) + sequence.to_bytes(8, "big")
    return Algorithm(algorithms.ChaCha20(key, nonce), None).encryptor()


@attrs.define
class CounterThenMac:
    """AES-CTR with an ``-etm`` MAC (PROTOCOL §1.5): clear length, the MAC covers what is sent."""

    _stream: CipherContext = attrs.field(repr=False)
    _key: bytes = attrs.field(repr=False)
    _digest: str
    tag: int
    head: int = attrs.field(default=4, init=False)
    block: int = attrs.field(default=16, init=False)
    length_apart: bool = attrs.field(default=True, init=False)

    def _mac(self, sequence: int, sealed: Frame) -> bytes:
        return hmac.digest(self._key, b"".join((sequence.to_bytes(4, "big"), sealed)), self._digest)

    def measure(self, sequence: int, head: Frame) -> int:
        """Return the length that the packet claims; unverified until :meth:`open`."""
        return int.from_bytes(head[:4], "big")

    def open(self, sequence: int, packet: memoryview, scratch: memoryview) -> memoryview:
        """Return the frame inside *scratch*; raise :exc:`Violation` when the MAC does not fit."""
        sealed = packet[: len(packet) - self.tag]
        if not hmac.compare_digest(self._mac(sequence, sealed), packet[len(sealed) :]):
            raise _refuse()
        frame = scratch[: len(sealed) - 4]
        self._stream.update_into(sealed[4:], frame)
        return frame

    def seal(self, sequence: int, frame: Frame, out: memoryview) -> int:
        """Put the packet of *frame* at the front of *out*; return its size."""
        end = 4 + len(frame)
        out[:4] = len(frame).to_bytes(4, "big")
        self._stream.update_into(frame, out[4:end])
        out[end : end + self.tag] = self._mac(sequence, out[:end])
        return end + self.tag


@attrs.define
class CounterAndMac:
    """AES-CTR over the length too, with a MAC over the clear packet (RFC 4253 §6.4).

    The length is believed, within the caller's bound, before the MAC is seen: that is in the format.
    """

    _stream: CipherContext = attrs.field(repr=False)
    _key: bytes = attrs.field(repr=False)
    _digest: str
    tag: int
    _opened: bytes = attrs.field(default=b"", init=False, repr=False)
    head: int = attrs.field(default=16, init=False)
    block: int = attrs.field(default=16, init=False)
    length_apart: bool = attrs.field(default=False, init=False)

    def _mac(self, sequence: int, clear: Frame) -> bytes:
        return hmac.digest(self._key, b"".join((sequence.to_bytes(4, "big"), clear)), self._digest)

    def measure(self, sequence: int, head: Frame) -> int:
        """Return the length that the packet claims, and keep its first opened block for :meth:`open`."""
        self._opened = self._stream.update(head[:16])
        return int.from_bytes(self._opened[:4], "big")

    def open(self, sequence: int, packet: memoryview, scratch: memoryview) -> memoryview:
        """Return the frame inside *scratch*; raise :exc:`Violation` when the MAC does not fit."""
        size = len(packet) - self.tag
        clear = scratch[:size]
        clear[:16] = self._opened
        self._stream.update_into(packet[16:size], clear[16:])
        if not hmac.compare_digest(self._mac(sequence, clear), packet[size:]):
            raise _refuse()
        return clear[4:]

    def seal(self, sequence: int, frame: Frame, out: memoryview) -> int:
        """Put the packet of *frame* at the front of *out*; return its size."""
        clear = b"".join((len(frame).to_bytes(4, "big"), frame))
        end = len(clear)
        self._stream.update_into(clear, out[:end])
        out[end : end + self.tag] = self._mac(sequence, clear)
        return end + self.tag


@attrs.frozen
class MacKind:
    """A MAC by its sizes; *then* says whether it covers what is sent instead of what is meant."""

    key: int
    digest: str
    then: bool


@attrs.frozen
class CipherKind:
    """A cipher by its sizes; one without *mac* brings its own tag."""

    key: int
    iv: int
    mac: bool
    make: Callable[[bytes, bytes, bytes, MacKind], PacketCipher]


def _gcm(key: bytes, iv: bytes, _mac_key: bytes, _mac: MacKind) -> PacketCipher:
    return Gcm(AESGCM(key), iv[:4], int.from_bytes(iv[4:], "big"))


def _chacha_poly(key: bytes, _iv: bytes, _mac_key: bytes, _mac: MacKind) -> PacketCipher:
    return ChaCha(key[:32], key[32:])


def _counter(key: bytes, iv: bytes, mac_key: bytes, mac: MacKind) -> PacketCipher:
    # Counter mode's two directions are the same operation.
    stream = Algorithm(algorithms.AES(key), modes.CTR(iv)).encryptor()
    state = CounterThenMac if mac.then else CounterAndMac
    return state(stream, mac_key, mac.digest, mac.key)


MACS: Final[dict[bytes, MacKind]] = {
    b"hmac-sha2-256-etm@openssh.com": MacKind(32, "sha256", then=True),
    b"hmac-sha2-512-etm@openssh.com": MacKind(64, "sha512", then=True),
    b"hmac-sha2-256": MacKind(32, "sha256", then=False),
}

CIPHERS: Final[dict[bytes, CipherKind]] = {
    b"aes128-gcm@openssh.com": CipherKind(16, 12, False, _gcm),
    b"aes256-gcm@openssh.com": CipherKind(32, 12, False, _gcm),
    b"chacha20-poly1305@openssh.com": CipherKind(64, 0, False, _chacha_poly),
    b"aes128-ctr": CipherKind(16, 16, True, _counter),
    b"aes256-ctr": CipherKind(32, 16, True, _counter),
}

NO_MAC: Final = MacKind(0, "", then=False)
"""Stands in for the MAC of a cipher that brings its own tag."""
