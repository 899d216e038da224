"""Secrets at rest, and what comes out of them."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from zope.interface import Interface

from gateway.domain.entries import Credential
from gateway.domain.secret import Secret


class VaultError(Exception):
    """A secret can not be had, kept or used; the words say which, why, and what to do next."""


class ICredentialVault(Interface):
    """Keep secrets sealed; answer with signatures, passwords as Secret, and codes, never with keys or seeds.

    A secret's id is ``credential/NAME`` or ``elevation/NAME``.
    """

    def put(secret_id: str, secret: Secret, *, by: str, reason: str = "", kind: str = "") -> Deferred[None]:
        """Seal a secret and tell ``secret.sealed``; fires once that is on disk. Replaces an earlier version.

        Fails with :exc:`VaultError` when a private key can not be read (wrong format, or encrypted); with
        ``kind="key"`` nothing but a private key is taken.
        """

    def drop(secret_id: str, *, by: str, reason: str = "") -> Deferred[None]:
        """Forget a secret; fires once that is on disk."""

    def has(secret_id: str) -> bool:
        """Say whether a secret is sealed under that id."""

    def password(credential: Credential) -> Deferred[Secret]:
        """Open a password; fails with ``VaultError`` in words (unreadable file, nothing put yet, wrong kind)."""

    def elevation(credential: Credential) -> Deferred[Secret]:
        """Open what answers a prompt for elevation; fails with ``VaultError`` in words.

        From ``elevation/NAME`` where the credential's elevation says ``secret = "store"``, else from its reference.
        """

    def key(credential: Credential, *, operator: str = "", session: str = "") -> Deferred[IKeyPair]:
        """Return the key pair of a credential of kind key (file, env or store); fails with ``VaultError``.

        For kind certificate: a fresh key with a certificate of the gateway's own CA, valid for minutes, whose
        key id names operator and session.
        """

    def ca_public_line() -> Deferred[str]:
        """Return the CA's public key as an OpenSSH line for ``TrustedUserCAKeys``; made on first use."""


class ISecondFactors(Interface):
    """Keep the seeds of users' authenticators and check their one-time codes (RFC 6238)."""

    def enrolled(user: str) -> bool:
        """Say whether a user has an authenticator."""

    def enrol(user: str, *, by: str, reason: str = "", tried: bool = False) -> Deferred[str]:
        """Make a new seed; fires with its ``otpauth:`` address, shown this once.

        It takes an earlier one's place at once, or with ``tried`` when :meth:`confirm` has seen a code of it.
        """

    def confirm(user: str, code: Secret, *, by: str, reason: str = "") -> Deferred[bool]:
        """Put the seed that waits into use, where the code is one of it."""

    def drop(user: str, *, by: str, reason: str = "") -> Deferred[None]:
        """Forget a user's authenticator."""

    def check(user: str, code: Secret) -> Deferred[bool]:
        """Say whether a code is right, now and for the first time; fires once that is on disk."""


class IKeyPair(Interface):
    """A private key that signs and never leaves the vault."""

    def public_blob() -> bytes:
        """Return the public key, or certificate, in RFC 4253 form."""

    def algorithms() -> tuple[bytes, ...]:
        """Return signature algorithms, best first (``rsa-sha2-512`` before ``rsa-sha2-256``)."""

    def sign(algorithm: bytes, message: bytes) -> bytes:
        """Return a signature blob (RFC 4253 §6.6) by one of :meth:`algorithms`."""
