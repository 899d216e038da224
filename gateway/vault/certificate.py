"""User certificates of the gateway's own CA: a fresh key for each session, valid for minutes.

The rule: a certificate names one account, and operator and session in its key id, so that the target's own log
tells who it was. It is checked by the target at login only; a session outlives it.
"""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    SSHCertificateBuilder,
    SSHCertificateType,
    load_pem_private_key,
)

from gateway.domain.secret import Secret
from gateway.interfaces.vault import VaultError
from gateway.vault.keypair import KeyPair

VALID_AROUND = 5 * 60
"""Seconds before and after the moment of login in which a certificate is valid: clocks differ."""

EXTENSIONS = (b"permit-X11-forwarding", b"permit-agent-forwarding", b"permit-port-forwarding", b"permit-pty")
"""What the target may allow; the gateway's frozen policy decides what is asked for."""


def fresh_ca() -> Secret:
    """Make a CA key, as PEM to be sealed."""
    key = Ed25519PrivateKey.generate()
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def ca_line(ca: Secret) -> str:
    """Return the CA's public key as an OpenSSH line."""
    line = _key_of(ca).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return f"{line.decode()} ostiary-user-ca"


def certify(ca: Secret, account: str, key_id: str, serial: int, now: float) -> KeyPair:
    """Make a fresh key and its certificate for one account."""
    key = Ed25519PrivateKey.generate()
    builder = (
        SSHCertificateBuilder()
        .public_key(key.public_key())
        .serial(serial)
        .type(SSHCertificateType.USER)
        .key_id(key_id.encode())
        .valid_principals([account.encode()])
        .valid_after(int(now) - VALID_AROUND)
        .valid_before(int(now) + VALID_AROUND)
    )
    for name in EXTENSIONS:
        builder = builder.add_extension(name, b"")
    line = builder.sign(_key_of(ca)).public_bytes()
    return KeyPair(key, base64.b64decode(line.split(b" ")[1]))


def _key_of(ca: Secret) -> Ed25519PrivateKey:
    key = load_pem_private_key(ca.reveal(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise VaultError("the gateway's CA key is not an ed25519 key; restore the store from a backup")
    return key
