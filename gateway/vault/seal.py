"""Sealing: one data key, wrapped for each recipient; every object sealed under it with its own name and version.

The rule: nothing sealed opens under another name or version (associated data), nor for anybody but a recipient.
Wrapping is X25519 (RFC 7748) to an ephemeral key, HKDF-SHA-256 (RFC 5869) over both public keys, AES-256-GCM.
Forms carry a version byte first; this is version 1.

    object  = 1 · nonce (12) · AES-256-GCM(data key, plain, "ostiary object" · epoch · id · version)
    wrapped = 1 · ephemeral public (32) · nonce (12) · AES-256-GCM(HKDF(shared), data key, "ostiary wrap" · epoch)
"""

from __future__ import annotations

import secrets
import struct

import attrs
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.domain.secret import Secret
from gateway.interfaces.vault import VaultError

VERSION = b"\x01"
KEY_SIZE = 32
NONCE_SIZE = 12


@attrs.frozen(eq=False)
class SealingKey:
    """The key under which objects are sealed; ``epoch`` names it."""

    epoch: str
    _key: Secret

    @classmethod
    def fresh(cls) -> SealingKey:
        """Draw a new data key."""
        return cls(secrets.token_hex(8), Secret(secrets.token_bytes(KEY_SIZE)))

    def seal(self, object_id: str, version: int, plain: Secret) -> bytes:
        """Seal an object's bytes."""
        nonce = secrets.token_bytes(NONCE_SIZE)
        bound = _object_label(self.epoch, object_id, version)
        return VERSION + nonce + AESGCM(self._key.reveal()).encrypt(nonce, plain.reveal(), bound)

    def open(self, object_id: str, version: int, sealed: bytes) -> Secret:
        """Open an object; raise :exc:`VaultError` where it was not sealed under this name, version and key."""
        nonce, box = _parted(sealed, object_id)
        bound = _object_label(self.epoch, object_id, version)
        try:
            return Secret(AESGCM(self._key.reveal()).decrypt(nonce, box, bound))
        except InvalidTag as problem:
            words = f"the sealed secret {object_id} is damaged or was not sealed here; put it again"
            raise VaultError(words) from problem

    def raw(self) -> Secret:
        """Return the 32 bytes."""
        return self._key

    def wrap(self, recipient: bytes) -> bytes:
        """Wrap this key for a recipient's public key (32 bytes)."""
        ephemeral = X25519PrivateKey.generate()
        public = ephemeral.public_key().public_bytes_raw()
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient))
        nonce = secrets.token_bytes(NONCE_SIZE)
        wrapping = AESGCM(_wrapping_key(shared, public, recipient))
        return VERSION + public + nonce + wrapping.encrypt(nonce, self._key.reveal(), _wrap_label(self.epoch))


@attrs.frozen(eq=False)
class NodeKey:
    """A node's own X25519 key, by which it is a recipient."""

    _key: X25519PrivateKey = attrs.field(repr=False)

    @classmethod
    def fresh(cls) -> NodeKey:
        """Draw a new node key."""
        return cls(X25519PrivateKey.generate())

    @classmethod
    def of(cls, raw: Secret) -> NodeKey:
        """Take a node key's 32 bytes; raise ValueError for another size."""
        return cls(X25519PrivateKey.from_private_bytes(raw.reveal()))

    def public(self) -> bytes:
        """Return the public key: what others wrap for."""
        return self._key.public_key().public_bytes_raw()

    def raw(self) -> Secret:
        """Return the 32 bytes, to be kept in a file."""
        return Secret(self._key.private_bytes_raw())

    def unwrap(self, epoch: str, wrapped: bytes) -> SealingKey:
        """Open a data key that was wrapped for this node; raise :exc:`VaultError` where it was not."""
        try:
            public, rest = wrapped[1 : 1 + KEY_SIZE], VERSION + wrapped[1 + KEY_SIZE :]
            nonce, box = _parted(rest if wrapped[:1] == VERSION else b"", "data key")
            shared = self._key.exchange(X25519PublicKey.from_public_bytes(public))
            opened = AESGCM(_wrapping_key(shared, public, self.public())).decrypt(nonce, box, _wrap_label(epoch))
        except (InvalidTag, ValueError) as problem:
            words = "the data key was not wrapped for this node's key; restore the right node.key"
            raise VaultError(words) from problem
        return SealingKey(epoch, Secret(opened))


def _wrapping_key(shared: bytes, ephemeral: bytes, recipient: bytes) -> bytes:
    return HKDF(SHA256(), KEY_SIZE, salt=ephemeral + recipient, info=b"ostiary wrap v1").derive(shared)


def _parted(sealed: bytes, what: str) -> tuple[bytes, bytes]:
    if sealed[:1] != VERSION or len(sealed) < 1 + NONCE_SIZE + 16:
        raise VaultError(f"the sealed {what} has a form that this version does not know")
    return sealed[1 : 1 + NONCE_SIZE], sealed[1 + NONCE_SIZE :]


def _object_label(epoch: str, object_id: str, version: int) -> bytes:
    return b"ostiary object\0" + _counted(epoch) + _counted(object_id) + struct.pack(">Q", version)


def _wrap_label(epoch: str) -> bytes:
    return b"ostiary wrap\0" + _counted(epoch)


def _counted(words: str) -> bytes:
    octets = words.encode()
    return struct.pack(">I", len(octets)) + octets
