"""Agree on a secret: X25519 alone (RFC 8731) or with ML-KEM-768 beside it, or on a NIST curve (RFC 5656).

The rule: a method is a pair of functions and a hash, without state between connections; sizes are checked before any
arithmetic. Secrets are given out in the form that the exchange hash takes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import attrs
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.wire.fields import natural, string
from gateway.wire.violation import KEY_EXCHANGE_FAILED, Violation

_CURVE: Final = 32
_UNCOMPRESSED: Final = 4
_LATTICE_PUBLIC: Final = 1184
_LATTICE_SEALED: Final = 1088

Hash = Callable[[bytes], Any]
"""Makes a hash as :mod:`hashlib` does."""


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
    """A key exchange method: *open* for the client, *answer* for the server, *hash* for exchange hash and keys."""

    open: Callable[[], Opening]
    answer: Callable[[bytes], Answer]
    hash: Hash = hashlib.sha256


def refused() -> Violation:
    """Return what ends an exchange whose peer sent a value that cannot be right."""
    return Violation("kex-public", KEY_EXCHANGE_FAILED, "a key exchange value cannot be right")


def _shared(private: X25519PrivateKey, public: bytes) -> bytes:
    if len(public) != _CURVE:
        raise refused()
    try:
        return private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        # The all-zero result of a point of low order (RFC 8731 §3).
        raise refused() from None


def _as_number(secret: bytes) -> bytes:
    return natural(int.from_bytes(secret, "big"))


def _open_curve() -> Opening:
    private = X25519PrivateKey.generate()
    return Opening(private.public_key().public_bytes_raw(), lambda public: _as_number(_shared(private, public)))


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
            raise refused()
        secret = lattice.decapsulate(public[:_LATTICE_SEALED])
        return _mix(secret, _shared(curve, public[_LATTICE_SEALED:]))

    return Opening(lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw(), finish)


def _answer_hybrid(public: bytes) -> Answer:
    if len(public) != _LATTICE_PUBLIC + _CURVE:
        raise refused()
    try:
        peer = MLKEM768PublicKey.from_public_bytes(public[:_LATTICE_PUBLIC])
    except ValueError:
        raise refused() from None
    curve = X25519PrivateKey.generate()
    classical = _shared(curve, public[_LATTICE_PUBLIC:])
    secret, sealed = peer.encapsulate()
    return Answer(sealed + curve.public_key().public_bytes_raw(), _mix(secret, classical))


def _met(private: ec.EllipticCurvePrivateKey, public: bytes) -> bytes:
    """Return what both know; a point is taken uncompressed and on its curve alone (RFC 5656 §4)."""
    size = (private.curve.key_size + 7) // 8
    if len(public) != 1 + 2 * size or public[0] != _UNCOMPRESSED:
        raise refused()
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(private.curve, public)
    except ValueError:
        raise refused() from None
    return _as_number(private.exchange(ec.ECDH(), point))


def _point(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _open_nist(curve: ec.EllipticCurve) -> Opening:
    private = ec.generate_private_key(curve)
    return Opening(_point(private), partial(_met, private))


def _answer_nist(curve: ec.EllipticCurve, public: bytes) -> Answer:
    private = ec.generate_private_key(curve)
    secret = _met(private, public)
    return Answer(_point(private), secret)


def _nist(curve: ec.EllipticCurve, made: Hash) -> Method:
    return Method(partial(_open_nist, curve), partial(_answer_nist, curve), made)


METHODS: Final[dict[bytes, Method]] = {
    b"mlkem768x25519-sha256": Method(_open_hybrid, _answer_hybrid),
    b"curve25519-sha256": Method(_open_curve, _answer_curve),
    b"curve25519-sha256@libssh.org": Method(_open_curve, _answer_curve),
    b"ecdh-sha2-nistp256": _nist(ec.SECP256R1(), hashlib.sha256),
    b"ecdh-sha2-nistp384": _nist(ec.SECP384R1(), hashlib.sha384),
}


@attrs.frozen
class Transcript:
    """All that both sides said before the secret: it is what the server signs."""

    client_version: bytes
    server_version: bytes
    client_proposal: bytes
    server_proposal: bytes

    def digest(
        self, host_key: bytes, client_public: bytes, server_public: bytes, secret: bytes, made: Hash = hashlib.sha256
    ) -> bytes:
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
        return bytes(made(b"".join(map(string, parts)) + secret).digest())


def derive(
    secret: bytes, exchange_hash: bytes, session_id: bytes, letter: bytes, size: int, made: Hash = hashlib.sha256
) -> bytes:
    """Return *size* bytes of key (RFC 4253 §7.2); *secret* in the form that the exchange hash took."""
    key = bytes(made(secret + exchange_hash + letter + session_id).digest())
    while len(key) < size:
        key += bytes(made(secret + exchange_hash + key).digest())
    return key[:size]
