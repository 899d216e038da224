"""Agree on a secret: X25519 alone (RFC 8731) or with ML-KEM-768 beside it (mlkem768x25519-sha256).

The rule: a method is a pair of functions without state between connections; sizes are checked before any
arithmetic; every method hashes with SHA-256. Secrets are given out in the form that the exchange hash takes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

import attrs
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from gateway.wire.fields import natural, string
from gateway.wire.violation import KEY_EXCHANGE_FAILED, Violation

_CURVE: Final = 32
_LATTICE_PUBLIC: Final = 1184
_LATTICE_SEALED: Final = 1088


@attrs.frozen
class Answer:
    """What a server sends back, and the secret that both now share."""

    public: bytes
    secret: bytes = attrs.field(repr=False)


@attrs.frozen
class Opening:
    """What a client sends, and how the server's answer becomes the secret."""

    public: bytes
    finish: Callable[[bytes], bytes] = attrs.field(repr=False)


@attrs.frozen
class Method:
    """A key exchange method: *open* for the client, *answer* for the server."""

    open: Callable[[], Opening]
    answer: Callable[[bytes], Answer]


def _bad() -> Violation:
    return Violation("kex-public", KEY_EXCHANGE_FAILED, "a key exchange value cannot be right")


def _shared(private: X25519PrivateKey, public: bytes) -> bytes:
    if len(public) != _CURVE:
        raise _bad()
    try:
        return private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        # The all-zero result of a point of low order (RFC 8731 §3).
        raise _bad() from None


def _as_number(secret: bytes) -> bytes:
    return natural(int.from_bytes(secret, "big"))


def _open_curve() -> Opening:
    private = X25519PrivateKey.generate()
    return Opening(
        private.public_key().public_bytes_raw(), lambda public: _as_number(_shared(private, public))
    )


def _answer_curve(public: bytes) -> Answer:
    private = X25519PrivateKey.generate()
    secret = _shared(private, public)
    return Answer(private.public_key().public_bytes_raw(), _as_number(secret))


def _mix(lattice: bytes, curve: bytes) -> bytes:
    return string(hashlib.sha256(lattice + curve).digest())


def _open_hybrid() -> Opening:
    lattice = MLKEM768PrivateKey.generate()
    curve = X25519PrivateKey.generate()

    def finish(public: bytes) -> bytes:
        if len(public) != _LATTICE_SEALED + _CURVE:
            raise _bad()
        secret = lattice.decapsulate(public[:_LATTICE_SEALED])
        return _mix(secret, _shared(curve, public[_LATTICE_SEALED:]))

    return Opening(lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw(), finish)


def _answer_hybrid(public: bytes) -> Answer:
    if len(public) != _LATTICE_PUBLIC + _CURVE:
        raise _bad()
    try:
        peer = MLKEM768PublicKey.from_public_bytes(public[:_LATTICE_PUBLIC])
    except ValueError:
        raise _bad() from None
    curve = X25519PrivateKey.generate()
    classical = _shared(curve, public[_LATTICE_PUBLIC:])
    secret, sealed = peer.encapsulate()
    return Answer(sealed + curve.public_key().public_bytes_raw(), _mix(secret, classical))


METHODS: Final[dict[bytes, Method]] = {
    b"mlkem768x25519-sha256": Method(_open_hybrid, _answer_hybrid),
    b"curve25519-sha256": Method(_open_curve, _answer_curve),
    b"curve25519-sha256@libssh.org": Method(_open_curve, _answer_curve),
}


@attrs.frozen
class Transcript:
    """All that both sides said before the secret: it is what the server signs."""

    client_version: bytes
    server_version: bytes
    client_proposal: bytes
    server_proposal: bytes

    def digest(self, host_key: bytes, client_public: bytes, server_public: bytes, secret: bytes) -> bytes:
        """Return the exchange hash (RFC 5656 §4)."""
        parts = (
            self.client_version,
            self.server_version,
            self.client_proposal,
            self.server_proposal,
            host_key,
            client_public,
            server_public,
        )
        return hashlib.sha256(b"".join(map(string, parts)) + secret).digest()


def derive(secret: bytes, exchange_hash: bytes, session_id: bytes, letter: bytes, size: int) -> bytes:
    """Return *size* bytes of key (RFC 4253 §7.2); *secret* in the form that the exchange hash took."""
    key = hashlib.sha256(secret + exchange_hash + letter + session_id).digest()
    while len(key) < size:
        key += hashlib.sha256(secret + exchange_hash + key).digest()
    return key[:size]
