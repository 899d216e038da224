"""Diffie-Hellman over the finite fields of RFC 3526 (RFC 4253 §8, RFC 8268), for targets that have nothing newer.

The rule: two groups that everybody knows, no group that a peer may choose (proving one sound takes seconds); offered
to nobody but a target whose entry names it.

Known limits: the cryptography package has announced to drop these one day, and is therefore asked for them only when
one is used; then such a target is refused in words. Group 1 is too small for anybody.
"""

from __future__ import annotations

import hashlib
import warnings
from functools import partial
from importlib import import_module
from typing import Any, Final

from cryptography.utils import CryptographyDeprecationWarning

from gateway.wire.fields import natural
from gateway.wire.kex import Answer, Method, Opening, refused
from gateway.wire.violation import KEY_EXCHANGE_FAILED, Violation

GENERATOR: Final = 2
GROUP_14: Final = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D"
    "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)
GROUP_16: Final = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D"
    "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7D"
    "B3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A92108011A723C12A787E6D788719A10BDBA5B26"
    "99C327186AF4E23C1A946834B6150BDA2583E9CA2AD44CE8DBBBC2DB04DE8EF92E8EFC141FBECAA6287C59474E6BC05D99B2964FA090C3A2"
    "233BA186515BE7ED1F612970CEE2D7AFB81BDD762170481CD0069127D5B05AA993B4EA988D8FDDC186FFB7DC90A6C08F4DF435C934063199"
    "FFFFFFFFFFFFFFFF",
    16,
)


def _private(prime: int) -> Any:
    """Return a fresh private value."""
    try:
        dh = import_module("cryptography.hazmat.primitives.asymmetric.dh")
    except ImportError:
        text = "this gateway's cryptography package has no finite-field key exchange any more"
        raise Violation("no-agreement", KEY_EXCHANGE_FAILED, text) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return dh.DHParameterNumbers(prime, GENERATOR).parameters().generate_private_key()


def _public(private: Any) -> bytes:
    """Return the public value, as the inside of the number that goes over the wire and into the exchange hash."""
    return natural(private.public_key().public_numbers().y)[4:]


def _shared(private: Any, prime: int, public: bytes) -> bytes:
    value = int.from_bytes(public, "big")
    if natural(value)[4:] != public or not 1 < value < prime - 1:
        raise refused()
    numbers = type(private.public_key().public_numbers())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        group = private.parameters().parameter_numbers()
        secret: bytes = private.exchange(numbers(value, group).public_key())
    return natural(int.from_bytes(secret, "big"))


def _open(prime: int) -> Opening:
    private = _private(prime)
    return Opening(_public(private), partial(_shared, private, prime))


def _answer(prime: int, public: bytes) -> Answer:
    private = _private(prime)
    return Answer(_public(private), _shared(private, prime, public))


def _method(prime: int, made: Any) -> Method:
    return Method(partial(_open, prime), partial(_answer, prime), made)


FINITE_METHODS: Final[dict[bytes, Method]] = {
    b"diffie-hellman-group16-sha512": _method(GROUP_16, hashlib.sha512),
    b"diffie-hellman-group14-sha256": _method(GROUP_14, hashlib.sha256),
    b"diffie-hellman-group14-sha1": _method(GROUP_14, partial(hashlib.sha1, usedforsecurity=False)),
}
