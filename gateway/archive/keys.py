"""The keys of the recordings: who may read, and who signs.

The rule: each recording has one random key of its own; it leaves this process only wrapped. What needs the
node's keys is given as callables, so this room knows no vault.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from typing import Any

import attrs
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.archive.format import FormatError, FrameHead, key_id, pack_tail, tail_nonce

Wrapped = Sequence[Any]


@attrs.frozen
class NodeKeys:
    """What the node lends: ``wrap`` a recording key for its recipients, ``unwrap`` it (None: no right),
    ``sign``.
    """

    wrap: Callable[[bytes], Wrapped] = attrs.field(repr=False)
    unwrap: Callable[[Wrapped], bytes | None] = attrs.field(repr=False)
    sign: Callable[[bytes], bytes] = attrs.field(repr=False)
    public_key: bytes

    @property
    def id(self) -> str:
        """Name the signing key."""
        return key_id(self.public_key)


def new_key() -> bytes:
    """Return a random key for one recording."""
    return secrets.token_bytes(32)


class Ciphers:
    """Seal and open the parts of one recording, each kind under a key derived for it alone."""

    __slots__ = ("_facts", "_frame", "_tail")

    def __init__(self, key: bytes) -> None:
        self._frame = AESGCM(_derived(key, "frame"))
        self._tail = AESGCM(_derived(key, "tail"))
        self._facts = AESGCM(_derived(key, "facts"))

    def seal_frame(self, head: FrameHead, compressed: bytes) -> bytes:
        """Return head and sealed frame, as stored."""
        packed = head.pack()
        return packed + self._frame.encrypt(head.nonce, compressed, packed)

    def open_frame(self, head: FrameHead, sealed: bytes) -> bytes:
        """Return a frame's compressed bytes; raise :exc:`FormatError` when they are not what was sealed."""
        return _opened(self._frame, head.nonce, sealed, head.pack())

    def seal_event(self, channel: int, n: int, seq: int, at: int, code: str, chunk: bytes) -> bytes:
        """Return head and sealed event, as a tail stores it (its chain digest follows)."""
        head = pack_tail(n, seq, at, code, len(chunk) + 16)
        return head + self._tail.encrypt(tail_nonce(channel, seq), chunk, head)

    def open_event(self, channel: int, seq: int, head: bytes, sealed: bytes) -> bytes:
        """Return an event's bytes; raise :exc:`FormatError` when they are not what was sealed."""
        return _opened(self._tail, tail_nonce(channel, seq), sealed, head)

    def seal_facts(self, channel: int, facts: bytes) -> str:
        """Return a track's facts for its header, in hex."""
        return self._facts.encrypt(tail_nonce(channel, 0), facts, None).hex()

    def open_facts(self, channel: int, sealed: str) -> bytes:
        """Return a track's facts; raise :exc:`FormatError` when they are not what was sealed."""
        try:
            return _opened(self._facts, tail_nonce(channel, 0), bytes.fromhex(sealed), None)
        except ValueError:
            raise FormatError("the track's facts were altered") from None


def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, b"pamrec/1 " + purpose.encode("ascii"), hashlib.sha256)


def _opened(cipher: AESGCM, nonce: bytes, sealed: bytes, associated: bytes | None) -> bytes:
    try:
        return cipher.decrypt(nonce, sealed, associated)
    except InvalidTag:
        raise FormatError("the sealed bytes are not what was recorded, or the key is another one") from None
