"""Password hashes: scrypt (RFC 7914) in the PHC form ``$scrypt$ln=15,r=8,p=1$SALT$HASH``.

The rule: a hash is checked before it is believed, so that no entry can ask for unbounded memory; comparing takes
the same time whatever differs. Everything here takes tens of milliseconds: call it from a thread.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets

import attrs

from gateway.domain.secret import Secret

FORM = re.compile(r"\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)")
LARGEST_MEMORY = 128 * 1024**2
"""Bytes one check may take: 128 · N · r."""
LOG_COST, BLOCK, PARALLEL = 15, 8, 1


@attrs.frozen
class Hash:
    """A hash taken apart; ``size`` bytes are compared."""

    log_cost: int
    block: int
    parallel: int
    salt: bytes = attrs.field(repr=False)
    digest: bytes = attrs.field(repr=False)

    def fits(self, password: Secret) -> bool:
        """Say whether a password gives this hash."""
        return hmac.compare_digest(self._of(password), self.digest)

    def _of(self, password: Secret) -> bytes:
        return password.stretched(
            self.salt, log_cost=self.log_cost, block=self.block, parallel=self.parallel, size=len(self.digest)
        )


def read_hash(words: str) -> Hash:
    """Take a hash apart; raise ValueError in words."""
    found = FORM.fullmatch(words)
    if found is None:
        raise ValueError("must be a hash like $scrypt$ln=15,r=8,p=1$SALT$HASH; a password itself never stands here")
    log_cost, block, parallel = int(found[1]), int(found[2]), int(found[3])
    cheap = log_cost < 14 or not block or not 1 <= parallel <= 4
    if cheap or log_cost > 20 or 128 * (1 << log_cost) * block > LARGEST_MEMORY:
        raise ValueError("the scrypt parameters are too weak or too costly; use ln=15,r=8,p=1")
    salt, digest = _bytes(found[4]), _bytes(found[5])
    if not 8 <= len(salt) <= 64 or not 16 <= len(digest) <= 64:
        raise ValueError("the hash needs a salt of 8 to 64 bytes and 16 to 64 bytes of hash")
    return Hash(log_cost, block, parallel, salt, digest)


def hash_password(password: Secret) -> str:
    """Hash a password with a fresh salt."""
    salt = secrets.token_bytes(16)
    digest = password.stretched(salt, log_cost=LOG_COST, block=BLOCK, parallel=PARALLEL, size=32)
    return f"$scrypt$ln={LOG_COST},r={BLOCK},p={PARALLEL}${_text(salt)}${_text(digest)}"


DUMMY = Hash(LOG_COST, BLOCK, PARALLEL, b"nobody has it yet", bytes(32))
"""What an unknown user's password is compared with, for the same time."""


def _bytes(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error as problem:
        raise ValueError("the base64 of the hash can not be read") from problem


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode().rstrip("=")
