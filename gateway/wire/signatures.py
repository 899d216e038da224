"""Check one SSH signature against one key, in the format its algorithm has and no other.

The rule: the algorithm is looked up in a literal table under the key's kind; the name inside the signature
must be that algorithm; every byte is accounted for; anything else is *not verified*, never an error to the
caller. SHA-1 and DSA are in no table. A security key's signature counts only with its user-present flag.
"""

from __future__ import annotations

import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gateway.wire.fields import Fields, MalformedField, uint32

ALGORITHMS: Final[dict[bytes, tuple[bytes, ...]]] = {
    b"ssh-ed25519": (b"ssh-ed25519",),
    b"ecdsa-sha2-nistp256": (b"ecdsa-sha2-nistp256",),
    b"ecdsa-sha2-nistp384": (b"ecdsa-sha2-nistp384",),
    b"ecdsa-sha2-nistp521": (b"ecdsa-sha2-nistp521",),
    b"ssh-rsa": (b"rsa-sha2-512", b"rsa-sha2-256"),
    b"sk-ssh-ed25519@openssh.com": (b"sk-ssh-ed25519@openssh.com",),
    b"sk-ecdsa-sha2-nistp256@openssh.com": (b"sk-ecdsa-sha2-nistp256@openssh.com",),
}
"""Which signature algorithms each kind of key may sign with, the preferred one first."""

USER_PRESENT: Final = 0x01
"""The flag of a security key that says somebody touched it (OpenSSH PROTOCOL.u2f)."""

USER_VERIFIED: Final = 0x04
"""The flag of a security key that says it knew who touched it, by PIN or finger."""

LONGEST_SIGNATURE: Final = 2048
"""Bytes; an RSA-8192 signature has 1024 and its name."""

Verifier = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


def verify(
    kind: bytes,
    key: Verifier,
    application: bytes,
    algorithm: bytes,
    blob: bytes,
    message: bytes,
    flags: int = USER_PRESENT,
) -> bool:
    """Say whether *blob* is a signature over *message* by *key* with exactly *algorithm*; never raise.

    *application* is the security key's application string and *flags* are those it must have set; other kinds of
    key have neither.
    """
    if algorithm not in ALGORITHMS.get(kind, ()) or len(blob) > LONGEST_SIGNATURE:
        return False
    try:
        fields = Fields(blob)
        if fields.string("signature algorithm", 64) != algorithm:
            return False
        signature = fields.string("signature", LONGEST_SIGNATURE)
        if kind.startswith(b"sk-"):
            message = _touched(fields, application, message, flags)
        fields.end("signature")
        _check(key, algorithm, signature, message)
    except (MalformedField, InvalidSignature):
        return False
    return True


def _touched(fields: Fields, application: bytes, message: bytes, required: int) -> bytes:
    """Return what a security key really signed, from its flags and counter behind the signature."""
    flags = fields.byte("security key flags")
    counter = fields.uint32("security key counter")
    if flags & required != required:
        raise InvalidSignature
    return hashlib.sha256(application).digest() + bytes([flags]) + uint32(counter) + hashlib.sha256(message).digest()


def _check(key: Verifier, algorithm: bytes, signature: bytes, message: bytes) -> None:
    if isinstance(key, rsa.RSAPublicKey):
        _check_rsa(key, algorithm, signature, message)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        _check_ecdsa(key, signature, message)
    else:
        key.verify(signature, message)


def _check_rsa(key: rsa.RSAPublicKey, algorithm: bytes, signature: bytes, message: bytes) -> None:
    size = (key.key_size + 7) // 8
    if not signature or len(signature) > size:
        raise InvalidSignature
    digest = hashes.SHA512() if algorithm == b"rsa-sha2-512" else hashes.SHA256()
    # Some clients drop leading zeros of the number; OpenSSH puts them back and so do we.
    key.verify(signature.rjust(size, b"\0"), message, padding.PKCS1v15(), digest)


def _check_ecdsa(key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> None:
    size = (key.curve.key_size + 7) // 8 + 1
    fields = Fields(signature)
    r = fields.natural("ECDSA r", size)
    s = fields.natural("ECDSA s", size)
    fields.end("ECDSA signature")
    key.verify(encode_dss_signature(r, s), message, ec.ECDSA(_DIGESTS[key.curve.name]()))


_DIGESTS: Final[dict[str, type[hashes.SHA256] | type[hashes.SHA384] | type[hashes.SHA512]]] = {
    "secp256r1": hashes.SHA256,
    "secp384r1": hashes.SHA384,
    "secp521r1": hashes.SHA512,
}
