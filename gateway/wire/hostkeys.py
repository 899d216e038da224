"""The keys by which hosts are known: ours to sign with, theirs to check.

The rule: a signature counts only in the algorithm that was agreed on; a key file is readable by its owner
alone and never written over.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512

from gateway.wire.certificates import PLAIN, holder_key
from gateway.wire.fields import Fields, MalformedField, natural, string
from gateway.wire.keyblobs import BadKey, parse_blob
from gateway.wire.signatures import LONGEST_SIGNATURE
from gateway.wire.violation import HOST_KEY_NOT_VERIFIABLE, Violation

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class BadHostKey(Exception):
    """A host key file cannot be used; the text says which, why and what to do."""


@attrs.frozen(eq=False)
class HostKey:
    """A key we are known by; *sign* takes an algorithm and what to sign, and returns a signature blob."""

    algorithms: tuple[bytes, ...]
    blob: bytes
    sign: Callable[[bytes, bytes], bytes] = attrs.field(repr=False)

    @property
    def line(self) -> str:
        """The key as an OpenSSH public key line."""
        size = int.from_bytes(self.blob[:4], "big")
        return f"{self.blob[4 : 4 + size].decode('ascii')} {base64.b64encode(self.blob).decode('ascii')}"

    @property
    def fingerprint(self) -> str:
        """Return the key's ``SHA256:`` name."""
        return fingerprint(self.blob)


def fingerprint(blob: bytes) -> str:
    """Return a key's name as OpenSSH prints it."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).rstrip(b"=")
    return f"SHA256:{digest.decode('ascii')}"


def from_private_key(key: PrivateKey) -> HostKey:
    """Return a private key as a host key; raise :exc:`BadHostKey` for a kind that we do not offer."""
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    kind, encoded = public.split(b" ")[:2]
    if kind not in _SIGNERS:
        raise BadHostKey(f"a host key of type {kind.decode('ascii')} is not offered; use ed25519")
    algorithms = (b"rsa-sha2-512", b"rsa-sha2-256") if kind == b"ssh-rsa" else (kind,)

    def sign(algorithm: bytes, payload: bytes) -> bytes:
        return string(algorithm) + string(_SIGNERS[kind](key, algorithm, payload))

    return HostKey(algorithms, base64.b64decode(encoded), sign)


def _sign_ed25519(key: PrivateKey, _algorithm: bytes, payload: bytes) -> bytes:
    assert isinstance(key, ed25519.Ed25519PrivateKey)  # noqa: S101
    return key.sign(payload)


def _sign_ecdsa(key: PrivateKey, _algorithm: bytes, payload: bytes) -> bytes:
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101
    r, s = decode_dss_signature(key.sign(payload, ec.ECDSA(SHA256())))
    return natural(r) + natural(s)


def _sign_rsa(key: PrivateKey, algorithm: bytes, payload: bytes) -> bytes:
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101
    return key.sign(payload, padding.PKCS1v15(), SHA512() if algorithm == b"rsa-sha2-512" else SHA256())


_SIGNERS: Final[dict[bytes, Callable[[PrivateKey, bytes, bytes], bytes]]] = {
    b"ssh-ed25519": _sign_ed25519,
    b"ecdsa-sha2-nistp256": _sign_ecdsa,
    b"ssh-rsa": _sign_rsa,
}


def load_host_key(path: Path) -> HostKey:
    """Return the unencrypted OpenSSH or PEM key of *path*; raise :exc:`BadHostKey`."""
    try:
        with path.open("rb") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            content = opened.read(64 * 1024)
    except OSError as refused:
        raise BadHostKey(f"cannot read the host key {path}: {refused.strerror}") from None
    if mode & 0o077:
        raise BadHostKey(f"the host key {path} has mode {mode:04o}, so others may read it; run chmod 600 on it")
    try:
        if content.startswith(b"-----BEGIN OPENSSH"):
            key: object = serialization.load_ssh_private_key(content, None)
        else:
            key = serialization.load_pem_private_key(content, None)
    except (ValueError, TypeError):
        raise BadHostKey(f"{path} is not an unencrypted private key") from None
    if not isinstance(key, PrivateKey):
        raise BadHostKey(f"the key {path} is of a kind that is not offered; use ed25519")
    return from_private_key(key)


def create_host_key(path: Path) -> HostKey:
    """Make a new Ed25519 key at *path*, mode 0600, complete or not at all; raise :exc:`BadHostKey`."""
    key = ed25519.Ed25519PrivateKey.generate()
    content = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as opened:
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
            # A link, not a rename: it fails when the name is taken.
            os.link(unfinished, path)
        finally:
            os.unlink(unfinished)
    except OSError as refused:
        raise BadHostKey(f"cannot write the host key {path}: {refused.strerror}") from None
    return from_private_key(key)


def load_or_create_host_key(path: Path) -> HostKey:
    """Return the key of *path*, making an Ed25519 key when there is none; raise :exc:`BadHostKey`."""
    return load_host_key(path) if path.exists() else create_host_key(path)


def load_host_keys(folder: Path, first: Path) -> tuple[HostKey, ...]:
    """Return the key of *first*, made when there is none, and every other ``ssh_host_*_key`` of a folder, by name.

    Of several of one kind the one before the others signs key exchanges; the rest are announced. Raises
    :exc:`BadHostKey`.
    """
    others = sorted(path for path in folder.glob("ssh_host_*_key") if path != first)
    keys = (load_or_create_host_key(first), *map(load_host_key, others))
    return tuple({key.blob: key for key in keys}.values())


def check_signature(algorithm: bytes, blob: bytes, signature: bytes, payload: bytes) -> None:
    """Raise :exc:`Violation` unless the host key *blob* signed *payload* with exactly *algorithm*.

    Under a certificate's algorithm *blob* is the certificate: its key has to have signed. Nothing is said of who
    vouches for it.
    """
    if algorithm == b"ssh-rsa":
        _check_sha1(blob, signature, payload)
        return
    try:
        key = holder_key(algorithm, blob)
    except BadKey:
        raise Violation("host-key", HOST_KEY_NOT_VERIFIABLE, "the host key is malformed") from None
    if not key.verify(PLAIN.get(algorithm, algorithm), signature, payload):
        raise Violation("host-key", HOST_KEY_NOT_VERIFIABLE, "the host key's signature does not fit")


def _check_sha1(blob: bytes, signature: bytes, payload: bytes) -> None:
    """Check as RFC 4253 §6.6 does; only what a target's entry names is ever agreed on, see OLD_HOST_KEYS."""
    try:
        key = serialization.load_ssh_public_key(parse_blob(blob).line.encode("ascii"))
        fields = Fields(signature)
        if not isinstance(key, rsa.RSAPublicKey) or fields.string("signature algorithm", 64) != b"ssh-rsa":
            raise InvalidSignature
        number = fields.string("signature", LONGEST_SIGNATURE)
        fields.end("signature")
        key.verify(number, payload, padding.PKCS1v15(), SHA1())  # noqa: S303 - asked for by the target's entry
    except (BadKey, MalformedField, InvalidSignature):
        raise Violation("host-key", HOST_KEY_NOT_VERIFIABLE, "the host key's signature does not fit") from None
