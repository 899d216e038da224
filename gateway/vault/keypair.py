"""Private keys that sign and never leave: what an SSH login asks of a key, as signatures.

The rule: a key is parsed here and only its public part and its signatures go out. RSA signs with SHA-2 alone
(RFC 8332); encrypted keys are refused, for there is nobody to ask for a passphrase.
"""

from __future__ import annotations

import base64
import re
import struct
from typing import Any

import attrs
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)
from zope.interface import implementer

from gateway.domain.secret import Secret
from gateway.interfaces.vault import IKeyPair, VaultError

PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

RSA_HASHES: dict[bytes, type[HashAlgorithm]] = {b"rsa-sha2-512": SHA512, b"rsa-sha2-256": SHA256}
CURVE_HASHES: dict[str, type[HashAlgorithm]] = {"secp256r1": SHA256, "secp384r1": SHA384, "secp521r1": SHA512}
SMALLEST_RSA_BITS = 2048
CERTIFICATE = b"-cert-v01@openssh.com"


@implementer(IKeyPair)
@attrs.frozen(eq=False)
class KeyPair:
    """A private key with its public blob, or a certificate's."""

    _key: PrivateKey = attrs.field(repr=False)
    _blob: bytes

    def public_blob(self) -> bytes:
        """Return the public key, or certificate, in RFC 4253 form."""
        return self._blob

    def algorithms(self) -> tuple[bytes, ...]:
        """Return signature algorithms, best first."""
        if isinstance(self._key, rsa.RSAPrivateKey):
            return tuple(RSA_HASHES)
        return (_string_at(self._blob).removesuffix(CERTIFICATE),)

    def sign(self, algorithm: bytes, message: bytes) -> bytes:
        """Return a signature blob; raise ValueError for an algorithm that is not this key's."""
        if algorithm not in self.algorithms():
            raise ValueError(f"this key does not sign with {algorithm!r:.60}")
        match self._key:
            case Ed25519PrivateKey():
                signature = self._key.sign(message)
            case rsa.RSAPrivateKey():
                signature = self._key.sign(message, padding.PKCS1v15(), RSA_HASHES[algorithm]())
            case ec.EllipticCurvePrivateKey():
                hashed = ec.ECDSA(CURVE_HASHES[self._key.curve.name]())
                r, s = decode_dss_signature(self._key.sign(message, hashed))
                signature = _mpint(r) + _mpint(s)
        return _string(algorithm) + _string(signature)


def read_private_key(secret: Secret, what: str) -> KeyPair:
    """Parse a private key (OpenSSH or PEM); raise :exc:`VaultError` in words that name ``what``."""
    key = _parsed(secret, what)
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < SMALLEST_RSA_BITS:
        raise VaultError(f"{what}: an RSA key needs at least {SMALLEST_RSA_BITS} bits; make an ed25519 key")
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name not in CURVE_HASHES:
        raise VaultError(f"{what}: the curve {key.curve.name} is not used by SSH")
    return KeyPair(key, public_blob(key))


def looks_like_key(secret: Secret) -> bool:
    """Say whether a secret is meant to be a private key."""
    return re.search(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----", secret.reveal()) is not None


def public_blob(key: PrivateKey) -> bytes:
    """Return a key's public part in RFC 4253 form."""
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return base64.b64decode(line.split(b" ")[1])


def _parsed(secret: Secret, what: str) -> PrivateKey:
    octets = secret.reveal().replace(b"\r\n", b"\n").strip() + b"\n"
    load: Any = load_ssh_private_key if b"BEGIN OPENSSH PRIVATE KEY" in octets else load_pem_private_key
    try:
        key = load(octets, None)
    except TypeError:
        # The cause is not told: it could quote the key.
        raise VaultError(f"{what}: the private key is encrypted; remove its passphrase (ssh-keygen -p)") from None
    except (ValueError, UnsupportedAlgorithm):
        raise VaultError(f"{what}: this is not a private key in OpenSSH or PEM form") from None
    if not isinstance(key, PrivateKey):
        raise VaultError(f"{what}: use an ed25519, ecdsa or rsa key")
    return key


def _string(octets: bytes) -> bytes:
    return struct.pack(">I", len(octets)) + octets


def _string_at(blob: bytes) -> bytes:
    return blob[4 : 4 + int.from_bytes(blob[:4], "big")]


def _mpint(number: int) -> bytes:
    return _string(number.to_bytes(number.bit_length() // 8 + 1, "big"))
