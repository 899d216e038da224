"""CBC ciphers and HMAC-SHA-1, for targets that have nothing newer (RFC 4253 §6.3, §6.4).

The rule: offered to nobody but a target whose entry names them, behind everything else; the form of their packets is
judged as strictly as that of the others.

Known limits: whoever sits between gateway and target can learn a little of what passes (plaintext recovery by way of
the length field, 14 bits at a time and a connection each), because the length is believed before the MAC is seen.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, Final

import attrs
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from gateway.wire.ciphers import CIPHERS, MACS, CipherKind, Frame, MacKind, PacketCipher
from gateway.wire.violation import MAC_ERROR, Violation


@attrs.define
class ChainedAndMac:
    """A block cipher in CBC mode over the whole packet, chained from packet to packet, and a MAC over the clear."""

    _opener: CipherContext = attrs.field(repr=False)
    _sealer: CipherContext = attrs.field(repr=False)
    _key: bytes = attrs.field(repr=False)
    _digest: str
    tag: int
    block: int
    _opened: bytes = attrs.field(default=b"", init=False, repr=False)
    length_apart: bool = attrs.field(default=False, init=False)

    @property
    def head(self) -> int:
        """Return how many bytes :meth:`measure` reads: one block."""
        return self.block

    def _mac(self, sequence: int, clear: Frame) -> bytes:
        return hmac.digest(self._key, b"".join((sequence.to_bytes(4, "big"), clear)), self._digest)

    def measure(self, sequence: int, head: Frame) -> int:
        """Return the length that the packet claims, and keep its first opened block for :meth:`open`."""
        self._opened = self._opener.update(head[: self.block])
        return int.from_bytes(self._opened[:4], "big")

    def open(self, sequence: int, packet: memoryview, scratch: memoryview) -> memoryview:
        """Return the frame inside *scratch*; raise :exc:`Violation` when the MAC does not fit."""
        size = len(packet) - self.tag
        clear = scratch[:size]
        clear[: self.block] = self._opened
        clear[self.block :] = self._opener.update(packet[self.block : size])
        if not hmac.compare_digest(self._mac(sequence, clear), packet[size:]):
            raise Violation("bad-tag", MAC_ERROR, "a packet was damaged on its way")
        return clear[4:]

    def seal(self, sequence: int, frame: Frame, out: memoryview) -> int:
        """Put the packet of *frame* at the front of *out*; return its size."""
        clear = b"".join((len(frame).to_bytes(4, "big"), frame))
        end = len(clear)
        out[:end] = self._sealer.update(clear)
        out[end : end + self.tag] = self._mac(sequence, clear)
        return end + self.tag


def _chained(algorithm: Callable[[bytes], Any], block: int) -> Callable[[bytes, bytes, bytes, MacKind], PacketCipher]:
    def make(key: bytes, iv: bytes, mac_key: bytes, mac: MacKind) -> PacketCipher:
        # One state serves one direction, and which one is not said: the other context is never used.
        cipher = Cipher(algorithm(key), modes.CBC(iv))
        return ChainedAndMac(cipher.decryptor(), cipher.encryptor(), mac_key, mac.digest, mac.key, block)

    return make


OLD_MACS: Final[dict[bytes, MacKind]] = {b"hmac-sha1": MacKind(20, "sha1", then=False)}

OLD_CIPHERS: Final[dict[bytes, CipherKind]] = {
    b"aes256-cbc": CipherKind(32, 16, True, _chained(algorithms.AES, 16)),
    b"aes128-cbc": CipherKind(16, 16, True, _chained(algorithms.AES, 16)),
    b"3des-cbc": CipherKind(24, 8, True, _chained(TripleDES, 8)),
}

ALL_CIPHERS: Final = {**CIPHERS, **OLD_CIPHERS}
"""What can be agreed on, when it was offered."""
ALL_MACS: Final = {**MACS, **OLD_MACS}
