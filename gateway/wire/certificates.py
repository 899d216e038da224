"""Read OpenSSH certificates, and say whether one may be trusted here and now (PROTOCOL.certkeys).

The rule: total on any bytes and exact to the last one; a certificate that parsed proves nothing before it was
weighed; it is weighed against authorities that were named, by a signature they made, for one holder, one name and
one moment. A critical option that is not known refuses, and so does an empty list of principals.
"""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Collection
from typing import Final

import attrs

from gateway.wire import signatures
from gateway.wire.fields import Fields, MalformedField
from gateway.wire.keyblobs import LONGEST_BLOB, BadKey, PublicKey, parse_blob, take_key

SUFFIX: Final = b"-cert-v01@openssh.com"
MOST_PRINCIPALS: Final = 256
MOST_OPTIONS: Final = 64
VERIFY_REQUIRED: Final = b"verify-required"
FOREVER: Final = 2**64 - 1


def certified(plain: bytes) -> bytes:
    """Return the name that a kind of key or a signature algorithm has in certificates."""
    return plain.removesuffix(b"@openssh.com") + SUFFIX


_KINDS: Final[dict[bytes, bytes]] = {certified(kind): kind for kind in signatures.ALGORITHMS}
PLAIN: Final[dict[bytes, bytes]] = {
    certified(algorithm): algorithm for algorithms in signatures.ALGORITHMS.values() for algorithm in algorithms
}
"""The signature algorithm behind each certificate algorithm."""


class Holder(enum.Enum):
    """Whom a certificate speaks of."""

    USER = 1
    HOST = 2


class Untrusted(Exception):
    """A certificate is not to be trusted; ``reason`` is a stable word, the text is fit for people."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


Options = tuple[tuple[bytes, bytes], ...]


@attrs.frozen
class Certificate:
    """A certificate that parsed to the last byte and proves nothing yet; times in seconds since 1970."""

    blob: bytes = attrs.field(repr=False)
    key: PublicKey
    serial: int
    holder: Holder
    key_id: bytes
    principals: tuple[bytes, ...]
    valid_after: int
    valid_before: int
    critical: Options
    extensions: Options
    authority: PublicKey
    _signature: bytes = attrs.field(repr=False)
    _signed: int = attrs.field(repr=False)

    @property
    def algorithms(self) -> tuple[bytes, ...]:
        """Return the certificate algorithms its key may sign with, the preferred one first."""
        return tuple(certified(algorithm) for algorithm in self.key.algorithms)

    @property
    def fingerprint(self) -> str:
        """Return the name of the key that is certified."""
        return self.key.fingerprint

    @property
    def title(self) -> str:
        """Return the key id so that it can be shown: one line, at most 128 characters."""
        text = self.key_id[:512].decode("utf-8", "replace")[:128]
        return "".join(character if character.isprintable() else "?" for character in text)

    @property
    def wants_verification(self) -> bool:
        """Say whether each signature must come from a security key that knew who touched it."""
        return VERIFY_REQUIRED in dict(self.critical)

    def verify(self, algorithm: bytes, signature_blob: bytes, message: bytes) -> bool:
        """Say whether the certified key signed *message* with exactly the certificate *algorithm*; never raise."""
        plain = PLAIN.get(algorithm, b"")
        flags = signatures.USER_PRESENT | (signatures.USER_VERIFIED if self.wants_verification else 0)
        return self.key.verify(plain, signature_blob, message, flags)

    def is_signed(self) -> bool:
        """Say whether the authority that the certificate names really signed it."""
        try:
            algorithm = Fields(self._signature).string("signature algorithm", 64)
        except MalformedField:
            return False
        # Whether a security key that is an authority asks for a touch is the authority's affair: no flag required.
        return self.authority.verify(algorithm, self._signature, self.blob[: self._signed], flags=0)


def parse_certificate(blob: bytes) -> Certificate:
    """Return the certificate in a blob, its signature not verified; raise :exc:`BadKey`."""
    if len(blob) > LONGEST_BLOB:
        raise BadKey(f"the certificate is longer than {LONGEST_BLOB} bytes")
    fields = Fields(blob)
    try:
        kind = _KINDS.get(fields.string("certificate type", 64))
        if kind is None:
            raise BadKey("unknown type of certificate")
        fields.string("nonce", 256)
        return _read(blob, take_key(kind, fields, blob), fields)
    except MalformedField as refused:
        raise BadKey(str(refused)) from None


def _read(blob: bytes, key: PublicKey, fields: Fields) -> Certificate:
    serial = fields.uint64("serial")
    holder = fields.uint32("certificate's holder")
    if holder not in (Holder.USER.value, Holder.HOST.value):
        raise BadKey("the certificate is neither a user's nor a host's")
    key_id = fields.string("key id", LONGEST_BLOB)
    principals = _principals(fields.string("principals", LONGEST_BLOB))
    after, before = fields.uint64("start of validity"), fields.uint64("end of validity")
    critical = _options(fields.string("critical options", LONGEST_BLOB))
    extensions = _options(fields.string("extensions", LONGEST_BLOB))
    fields.string("reserved field", LONGEST_BLOB)
    authority = parse_blob(fields.string("authority's key", LONGEST_BLOB))
    signed = fields.taken
    signature = fields.string("authority's signature", signatures.LONGEST_SIGNATURE)
    fields.end("the certificate")
    return Certificate(
        blob, key, serial, Holder(holder), key_id, principals, after, before, critical, extensions, authority,
        signature=signature, signed=signed,
    )  # fmt: skip


def _principals(packed: bytes) -> tuple[bytes, ...]:
    fields = Fields(packed)
    found: list[bytes] = []
    while fields.left:
        if len(found) == MOST_PRINCIPALS:
            raise BadKey(f"the certificate names more than {MOST_PRINCIPALS} principals")
        found.append(fields.string("principal", LONGEST_BLOB))
    return tuple(found)


def _options(packed: bytes) -> Options:
    fields = Fields(packed)
    found: dict[bytes, bytes] = {}
    while fields.left:
        if len(found) == MOST_OPTIONS:
            raise BadKey(f"the certificate has more than {MOST_OPTIONS} options of a kind")
        name = fields.string("option's name", LONGEST_BLOB)
        if name in found:
            raise BadKey("the certificate has an option twice")
        found[name] = fields.string("option's value", LONGEST_BLOB)
    return tuple(found.items())


def holder_key(algorithm: bytes, blob: bytes) -> PublicKey:
    """Return the key that signs with *algorithm*: plain, or in the certificate that it asks for; raise BadKey."""
    return parse_certificate(blob).key if algorithm in PLAIN else parse_blob(blob)


def trust(certificate: Certificate, holder: Holder, authorities: Collection[PublicKey], now: float) -> None:
    """Raise :exc:`Untrusted` unless one of *authorities* vouches for a *holder* now; the name is not looked at."""
    if certificate.holder is not holder:
        raise Untrusted("certificate_holder", f"the certificate is not one for a {holder.name.lower()}")
    if certificate.authority not in authorities:
        shown = certificate.authority.fingerprint
        raise Untrusted("certificate_authority", f"the certificate is from an unknown authority ({shown})")
    if not certificate.is_signed():
        raise Untrusted("certificate_signature", "the certificate's signature does not fit")
    if now < certificate.valid_after:
        raise Untrusted("certificate_early", "the certificate is not valid yet")
    if now >= certificate.valid_before:
        raise Untrusted("certificate_expired", "the certificate has expired")


def trust_host(
    certificate: Certificate, authorities: Collection[PublicKey], names: Collection[str], now: float
) -> None:
    """Raise :exc:`Untrusted` unless the host may be known by one of *names*, in whatever case they are written."""
    trust(certificate, Holder.HOST, authorities, now)
    if certificate.critical:
        raise Untrusted("certificate_option", "the certificate has a critical option that is not known for hosts")
    wanted = {name.lower().encode() for name in names if name}
    if not any(principal.lower() in wanted for principal in certificate.principals):
        raise Untrusted("certificate_principal", "the certificate is not for this host")


def trust_operator(
    certificate: Certificate, authorities: Collection[PublicKey], name: str, source: str, now: float
) -> None:
    """Raise :exc:`Untrusted` unless *name* may log in with the certificate from the address *source* now.

    That the certified key signed the login is not looked at here.
    """
    trust(certificate, Holder.USER, authorities, now)
    if name.encode() not in certificate.principals:
        raise Untrusted("certificate_principal", "the certificate does not name this operator among its principals")
    for option, packed in certificate.critical:
        _weigh_option(certificate, option, packed, source)


def _weigh_option(certificate: Certificate, option: bytes, packed: bytes, source: str) -> None:
    match option:
        case b"source-address":
            if not _comes_from(source, packed):
                raise Untrusted("certificate_source", f"the certificate is not for an operator at {source}")
        case b"verify-required":
            if not certificate.key.kind.startswith(b"sk-"):
                raise Untrusted("certificate_option", "the certificate asks for what only a security key can do")
        case b"force-command":
            raise Untrusted("certificate_command", "the certificate is for one command only, which is not done here")
        case _:
            raise Untrusted("certificate_option", "the certificate has a critical option that is not known")


def _comes_from(source: str, packed: bytes) -> bool:
    """Say whether an address is in the list of an option's value; a list with a flaw has nobody in it."""
    fields = Fields(packed)
    try:
        listed = fields.string("source addresses", LONGEST_BLOB).decode("ascii").split(",")
        fields.end("source addresses")
        networks = [ipaddress.ip_network(each) for each in listed]
        address = ipaddress.ip_address(source)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in networks)
