"""Read public keys: from the wire as blobs, from files and forms as OpenSSH lines.

The rule: total on any bytes, one table of known kinds, exact to the last byte, sizes capped before any number
is looked at, no format guessed. What is not known is refused by name. Certificates are no keys here: their
names stand in no table, so they are refused like any unknown kind; :mod:`gateway.wire.certificates` reads them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import attrs
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gateway.wire import signatures
from gateway.wire.fields import Fields, MalformedField, string

LONGEST_BLOB: Final = 16 * 1024
"""Bytes of the largest key blob that is looked at."""

LONGEST_LINE: Final = 24 * 1024
"""Characters of the longest public key line that is looked at."""

KEYS_KNOWN: Final = 256
"""Keys read lately: whoever logs in shows his several times, and those of targets are read for each session."""

SMALLEST_RSA: Final = 2048
LARGEST_RSA: Final = 8192
_LARGEST_EXPONENT_BYTES: Final = 9
_APPLICATION: Final = re.compile(rb"ssh:[\x21-\x7e]{0,250}")
_KIND: Final = re.compile(r"[a-z0-9][a-z0-9.@-]{0,63}")


class BadKey(ValueError):
    """A public key was refused; the text says why, fit to be shown to whoever supplied it."""


@attrs.frozen
class PublicKey:
    """A public key that parsed to the last byte; equal when the blobs are equal."""

    kind: bytes = attrs.field(eq=False)
    blob: bytes = attrs.field(repr=False)
    bits: int = attrs.field(eq=False)
    application: bytes = attrs.field(default=b"", eq=False)
    comment: str = attrs.field(default="", eq=False)
    _verifier: signatures.Verifier = attrs.field(eq=False, repr=False, kw_only=True)

    @property
    def algorithms(self) -> tuple[bytes, ...]:
        """Return the signature algorithms this key may use, the preferred one first."""
        return signatures.ALGORITHMS[self.kind]

    @property
    def fingerprint(self) -> str:
        """Return the key's name as OpenSSH prints it: ``SHA256:`` and unpadded base64."""
        digest = hashlib.sha256(self.blob).digest()
        return "SHA256:" + base64.b64encode(digest).rstrip(b"=").decode("ascii")

    @property
    def line(self) -> str:
        """Return the key as one OpenSSH line, with its comment if it has one."""
        line = f"{self.kind.decode('ascii')} {base64.b64encode(self.blob).decode('ascii')}"
        return f"{line} {self.comment}" if self.comment else line

    def verify(
        self, algorithm: bytes, signature_blob: bytes, message: bytes, flags: int = signatures.USER_PRESENT
    ) -> bool:
        """Say whether this key signed *message* with exactly *algorithm*; never raise on hostile bytes.

        *flags* are what a security key must have set; other kinds of key have none.
        """
        return signatures.verify(
            self.kind, self._verifier, self.application, algorithm, signature_blob, message, flags
        )


@lru_cache(maxsize=KEYS_KNOWN)
def parse_blob(blob: bytes) -> PublicKey:
    """Return the key in an RFC 4253 §6.6 blob; raise :exc:`BadKey`."""
    if len(blob) > LONGEST_BLOB:
        raise BadKey(f"the key is longer than {LONGEST_BLOB} bytes")
    fields = Fields(blob)
    try:
        kind = fields.string("key type", 64)
        read = _READERS.get(kind)
        if read is None:
            raise BadKey(f"unknown key type {_shown(kind)}")
        key = read(kind, blob, fields)
        fields.end("the key")
    except MalformedField as refused:
        raise BadKey(str(refused)) from None
    return key


def take_key(kind: bytes, fields: Fields, content: bytes) -> PublicKey:
    """Take the fields of a key of the known *kind* out of a certificate's *content*; raise :exc:`BadKey`."""
    start = fields.taken
    key = _READERS[kind](kind, b"", fields)
    return attrs.evolve(key, blob=string(kind) + content[start : fields.taken])


@lru_cache(maxsize=KEYS_KNOWN)
def parse_line(line: str) -> PublicKey:
    """Return the key in an OpenSSH line, ``TYPE BASE64 [COMMENT]``; raise :exc:`BadKey`."""
    if len(line) > LONGEST_LINE:
        raise BadKey(f"the line is longer than {LONGEST_LINE} characters")
    line = line.strip(" \t\r\n")
    if not line.isprintable() and not line.replace("\t", " ").isprintable():
        raise BadKey("the line has control characters or is more than one line; give one key on one line")
    words = line.split(None, 2)
    if len(words) < 2 or not _KIND.fullmatch(words[0]):
        raise BadKey("not a public key line; it should read like: ssh-ed25519 AAAA… comment (no options)")
    key = parse_blob(_decoded(words[1]))
    if key.kind != words[0].encode("ascii"):
        raise BadKey(f"the line says {words[0]} but the key in it is {key.kind.decode('ascii')}")
    return attrs.evolve(key, comment=words[2] if len(words) == 3 else "")


def _decoded(text: str) -> bytes:
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise BadKey("the key's base64 is damaged; copy the whole line again") from None
    if base64.b64encode(raw).decode("ascii") != text:
        raise BadKey("the key's base64 is damaged; copy the whole line again")
    return raw


def _shown(kind: bytes) -> str:
    """Return a hostile key type so that it can stand in a message."""
    text = kind.decode("ascii", "replace")
    return text if _KIND.fullmatch(text) else "(unprintable)"


def _read_ed25519(kind: bytes, blob: bytes, fields: Fields) -> PublicKey:
    point = _exactly(fields.string("Ed25519 point", 32), 32, "Ed25519 point")
    application = _application(fields) if kind.startswith(b"sk-") else b""
    return PublicKey(kind, blob, 256, application, verifier=ed25519.Ed25519PublicKey.from_public_bytes(point))


def _read_ecdsa(kind: bytes, blob: bytes, fields: Fields) -> PublicKey:
    curve = _CURVES[kind]
    name = kind.split(b"@")[0].rsplit(b"-", 1)[1]
    if fields.string("curve name", 64) != name:
        raise BadKey("the key's curve is not the one of its type")
    size = 1 + 2 * ((curve.key_size + 7) // 8)
    point = _exactly(fields.string("curve point", size), size, "curve point")
    if point[0] != 4:
        raise BadKey("the key's curve point is not in uncompressed form")
    application = _application(fields) if kind.startswith(b"sk-") else b""
    try:
        verifier = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    except ValueError:
        raise BadKey("the key's point is not on its curve") from None
    return PublicKey(kind, blob, curve.key_size, application, verifier=verifier)


def _read_rsa(kind: bytes, blob: bytes, fields: Fields) -> PublicKey:
    exponent = fields.natural("RSA exponent", _LARGEST_EXPONENT_BYTES)
    modulus = fields.natural("RSA modulus", LARGEST_RSA // 8 + 1)
    bits = modulus.bit_length()
    if not SMALLEST_RSA <= bits <= LARGEST_RSA:
        raise BadKey(f"an RSA key of {bits} bits; {SMALLEST_RSA} to {LARGEST_RSA} are accepted")
    try:
        verifier = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:
        verifier = None
    if verifier is None or not modulus & 1:
        raise BadKey("not a valid RSA key: its numbers cannot be right")
    return PublicKey(kind, blob, bits, verifier=verifier)


def _exactly(content: bytes, size: int, what: str) -> bytes:
    if len(content) != size:
        raise BadKey(f"the key's {what} has {len(content)} bytes instead of {size}")
    return content


def _application(fields: Fields) -> bytes:
    application = fields.string("security key application", 255)
    if not _APPLICATION.fullmatch(application):
        raise BadKey("the security key's application does not begin with ssh:")
    return application


_CURVES: Final[dict[bytes, ec.EllipticCurve]] = {
    b"ecdsa-sha2-nistp256": ec.SECP256R1(),
    b"ecdsa-sha2-nistp384": ec.SECP384R1(),
    b"ecdsa-sha2-nistp521": ec.SECP521R1(),
    b"sk-ecdsa-sha2-nistp256@openssh.com": ec.SECP256R1(),
}

_READERS: Final[dict[bytes, Callable[[bytes, bytes, Fields], PublicKey]]] = {
    b"ssh-ed25519": _read_ed25519,
    b"sk-ssh-ed25519@openssh.com": _read_ed25519,
    b"ecdsa-sha2-nistp256": _read_ecdsa,
    b"ecdsa-sha2-nistp384": _read_ecdsa,
    b"ecdsa-sha2-nistp521": _read_ecdsa,
    b"sk-ecdsa-sha2-nistp256@openssh.com": _read_ecdsa,
    b"ssh-rsa": _read_rsa,
}
