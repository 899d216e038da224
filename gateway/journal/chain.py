r"""The chain: how a row is hashed and signed, and when it fits the row before it.

The rule: a row's hash covers everything of the row but its body, of which it covers the SHA-256; the
signature covers the hash. So a body can be pruned or stay at home, and the chain still verifies.

The hash is SHA-256 over this fixed form (integers big-endian)::

    b"ostiary journal row 1\n"
    u16 length, origin in UTF-8      u64 seq
    u16 length, kind in UTF-8        i64 time, microseconds since the epoch
    u8 severity                      32 bytes SHA-256 of the body    32 bytes hash of the row before

The row before the first has 32 zero bytes. The Ed25519 signature (64 bytes) is over the 32 bytes of the hash.

Known limit: a chain alone does not show that its end was cut off; the mark beside the store and anchors at
others do.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.domain.facts import Entry
from gateway.journal.bodies import body_from, session_of
from gateway.journal.errors import ChainBroken

GENESIS = bytes(32)
"""What stands for the hash of the row before the first."""

_TAG = b"ostiary journal row 1\n"
_HASH_SIZE = 32
_SIGNATURE_SIZE = 64


@attrs.frozen
class Head:
    """Name the end of a chain: its last ``seq`` (0: empty) and that row's hash."""

    origin: str
    seq: int = 0
    hash: bytes = GENESIS


@attrs.frozen
class Stamped:
    """Hold a fact that waits for its number: ``time_us`` in microseconds since the epoch, canonical body."""

    kind: str
    time_us: int
    severity: int
    body: bytes


@attrs.frozen
class Envelope:
    """Hold a row without its body: all that a reader needs to check the chain."""

    origin: str
    seq: int
    kind: str
    time_us: int
    severity: int
    body_hash: bytes
    prev: bytes
    hash: bytes
    signature: bytes


@attrs.frozen
class Row:
    """Hold one row of a journal; ``body`` is canonical JSON, or None once pruned."""

    envelope: Envelope
    body: bytes | None

    @property
    def session(self) -> str | None:
        """The session its body speaks of, if any; raises ValueError for a body that is not ours."""
        return None if self.body is None else session_of(body_from(self.body))


def row_hash(
    origin: str, seq: int, kind: str, time_us: int, severity: int, body_hash: bytes, prev: bytes
) -> bytes:
    """Return the SHA-256 of a row's fixed form; raise ValueError where a value does not fit its field."""
    try:
        fixed = b"".join(
            (
                _TAG,
                _counted(origin),
                struct.pack(">Q", seq),
                _counted(kind),
                struct.pack(">qB", time_us, severity),
                body_hash,
                prev,
            )
        )
    except struct.error as wrong:
        raise ValueError(f"a value does not fit the row: {wrong}") from None
    return hashlib.sha256(fixed).digest()


def extend(head: Head, told: Sequence[Stamped], sign: Callable[[bytes], bytes]) -> tuple[list[Row], Head]:
    """Give facts their numbers behind a head, link and sign them; return the rows and the new head."""
    rows = []
    for one in told:
        seq, body_hash = head.seq + 1, hashlib.sha256(one.body).digest()
        linked = row_hash(head.origin, seq, one.kind, one.time_us, one.severity, body_hash, head.hash)
        envelope = Envelope(
            head.origin, seq, one.kind, one.time_us, one.severity, body_hash, head.hash, linked, sign(linked)
        )
        rows.append(Row(envelope, one.body))
        head = Head(head.origin, seq, linked)
    return rows, head


def check_envelope(envelope: Envelope, public: Ed25519PublicKey) -> None:
    """Check an envelope's own hash and signature; raise ChainBroken."""
    sizes = (len(envelope.body_hash), len(envelope.prev), len(envelope.hash), len(envelope.signature))
    if sizes != (_HASH_SIZE, _HASH_SIZE, _HASH_SIZE, _SIGNATURE_SIZE):
        raise ChainBroken("a hash or signature has the wrong length")
    try:
        computed = row_hash(
            envelope.origin,
            envelope.seq,
            envelope.kind,
            envelope.time_us,
            envelope.severity,
            envelope.body_hash,
            envelope.prev,
        )
    except ValueError as wrong:
        raise ChainBroken(str(wrong)) from None
    if computed != envelope.hash:
        raise ChainBroken("the row is not what was hashed")
    try:
        public.verify(envelope.signature, envelope.hash)
    except InvalidSignature:
        raise ChainBroken("the signature is not by the journal's key") from None


def check_row(row: Row, head: Head, public: Ed25519PublicKey) -> Head:
    """Check a row behind a head, its body where it is there; return the new head or raise ChainBroken."""
    envelope = row.envelope
    if envelope.origin != head.origin:
        raise ChainBroken("the row is of another origin")
    if envelope.seq != head.seq + 1:
        raise ChainBroken(f"seq {head.seq + 1} should follow, and it is {envelope.seq}")
    if envelope.prev != head.hash:
        raise ChainBroken("the row does not follow the row before it")
    check_envelope(envelope, public)
    if row.body is not None and hashlib.sha256(row.body).digest() != envelope.body_hash:
        raise ChainBroken("the body is not what was hashed")
    return Head(envelope.origin, envelope.seq, envelope.hash)


def entry_of(row: Row) -> Entry:
    """Return a row as folds and readers see it; raise ValueError for a body that is not a JSON object."""
    envelope = row.envelope
    body = None if row.body is None else body_from(row.body)
    return Entry(
        envelope.origin, envelope.seq, envelope.kind, envelope.time_us / 1_000_000, envelope.severity, body
    )


def _counted(text: str) -> bytes:
    raw = text.encode("utf-8")
    return struct.pack(">H", len(raw)) + raw
