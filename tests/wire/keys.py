"""Real keys of every kind, and signatures as clients make them."""

from __future__ import annotations

import functools
import hashlib

import attrs
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from gateway.wire.fields import Fields, natural, string, uint32

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

APPLICATION = b"ssh:"
KINDS = (
    b"ssh-ed25519",
    b"ecdsa-sha2-nistp256",
    b"ecdsa-sha2-nistp384",
    b"ecdsa-sha2-nistp521",
    b"ssh-rsa",
    b"sk-ssh-ed25519@openssh.com",
    b"sk-ecdsa-sha2-nistp256@openssh.com",
)
_CURVES = {b"nistp256": ec.SECP256R1(), b"nistp384": ec.SECP384R1(), b"nistp521": ec.SECP521R1()}
_HASHES = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}


@attrs.frozen
class TestKey:
    """A private key and its public blob."""

    __test__ = False

    kind: bytes
    private: Private = attrs.field(repr=False)
    blob: bytes = attrs.field(repr=False)

    @property
    def algorithm(self) -> bytes:
        """Return the algorithm the key signs with unless told otherwise."""
        return b"rsa-sha2-512" if self.kind == b"ssh-rsa" else self.kind

    def sign(self, message: bytes, algorithm: bytes = b"", flags: int = 1) -> bytes:
        """Return a whole signature blob; *flags* count for security keys."""
        algorithm = algorithm or self.algorithm
        if not self.kind.startswith(b"sk-"):
            return string(algorithm) + string(self._raw(message, algorithm))
        tail = bytes([flags]) + uint32(7)
        signed = hashlib.sha256(APPLICATION).digest() + tail + hashlib.sha256(message).digest()
        return string(algorithm) + string(self._raw(signed, algorithm)) + tail

    def _raw(self, message: bytes, algorithm: bytes) -> bytes:
        key = self.private
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return key.sign(message)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(key.sign(message, ec.ECDSA(_HASHES[key.curve.key_size])))
            return natural(r) + natural(s)
        digests = {
            b"rsa-sha2-256": hashes.SHA256(),
            b"rsa-sha2-512": hashes.SHA512(),
            b"ssh-rsa": hashes.SHA1(),
        }
        return key.sign(message, padding.PKCS1v15(), digests[algorithm])


@functools.cache
def key_of(kind: bytes, which: int = 0) -> TestKey:
    """Return a key of *kind*, always the same one for the same *which*."""
    private: Private
    if kind == b"ssh-rsa":
        private = rsa.generate_private_key(65537, 2048)
    elif kind.endswith(b"ed25519") or kind.startswith(b"sk-ssh-ed25519"):
        private = ed25519.Ed25519PrivateKey.generate()
    else:
        private = ec.generate_private_key(_CURVES[kind.split(b"@")[0].rsplit(b"-", 1)[1]])
    return TestKey(kind, private, _blob(kind, private))


def _blob(kind: bytes, private: Private) -> bytes:
    if isinstance(private, rsa.RSAPrivateKey):
        numbers = private.public_key().public_numbers()
        return string(kind) + natural(numbers.e) + natural(numbers.n)
    application = string(APPLICATION) if kind.startswith(b"sk-") else b""
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return string(kind) + string(private.public_key().public_bytes_raw()) + application
    point = private.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return string(kind) + string(kind.split(b"@")[0].rsplit(b"-", 1)[1]) + string(point) + application


def strings(payload: bytes, count: int) -> list[bytes]:
    """Return the first *count* strings of a payload."""
    fields = Fields(payload)
    return [fields.string("test", 1 << 20) for _ in range(count)]
