"""A secret is a value nobody can see by accident.

The rule: the bytes leave by :meth:`Secret.reveal` alone, which a law test permits in three rooms only
(``ssh/junction.py``, ``ssh/target.py``, ``vault/``). There is no repr, no equality, no ordering, no hash by
content, no pickling, no copying; what is redacted is found by :meth:`Secret.matcher` without handing bytes out.

Known limits: Python may have copied the bytes before they came here; :meth:`Secret.wipe` clears only our own
buffer. A secret shorter than four bytes is not searched for in streams (it would redact ordinary text).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NoReturn

SHORTEST_MATCHED = 4
"""Secrets with fewer bytes than this are never searched for in a stream."""

MASK = b"********"
"""What stands where a secret stood."""


class SecretMisuse(TypeError):
    """A secret was compared, pickled, copied or used after it had been wiped."""


class Secret:
    """Hold bytes that must never be shown; give them out by :meth:`reveal` only."""

    __slots__ = ("__bytes",)

    def __init__(self, value: bytes | bytearray) -> None:
        self.__bytes: bytearray | None = bytearray(value)

    def reveal(self) -> bytes:
        """Return the bytes; raise :exc:`SecretMisuse` once wiped."""
        if self.__bytes is None:
            raise SecretMisuse("this secret has been wiped")
        return bytes(self.__bytes)

    def wipe(self) -> None:
        """Overwrite our copy of the bytes; the secret is unusable afterwards."""
        if self.__bytes is not None:
            self.__bytes[:] = bytes(len(self.__bytes))
            self.__bytes = None

    def same_as(self, other: Secret) -> bool:
        """Say whether both hold the same bytes, in a time that does not say where they differ."""
        return hmac.compare_digest(self.reveal(), other.reveal())

    def typeable(self) -> bool:
        """Say whether it can be typed as one line: there is something of it, and no control character in it."""
        return bool(self.reveal()) and all(byte >= 0x20 and byte != 0x7F for byte in self.reveal())

    def as_line(self) -> Secret:
        """Return what types it into a terminal: the line begun anew (Ctrl-U), the bytes, the line's end."""
        return Secret(b"\x15" + self.reveal() + b"\n")

    def matcher(self) -> Matcher:
        """Return a streaming redactor for this secret."""
        return Matcher(self.reveal())

    def stretched(self, salt: bytes, *, log_cost: int, block: int, parallel: int, size: int) -> bytes:
        """Return scrypt of the bytes (RFC 7914); takes tens of milliseconds, so call it from a thread."""
        memory = 128 * block * ((1 << log_cost) + parallel + 2)
        return hashlib.scrypt(
            self.reveal(), salt=salt, n=1 << log_cost, r=block, p=parallel, dklen=size, maxmem=memory
        )

    def tag(self, key: bytes) -> bytes:
        """Return HMAC-SHA-256 of the bytes: enough to know a random code again, too fast for a password."""
        return hmac.digest(key, self.reveal(), "sha256")

    def __repr__(self) -> str:
        return "<Secret>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "<Secret>"

    def __eq__(self, other: object) -> NoReturn:
        raise SecretMisuse("secrets are not compared")

    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise SecretMisuse("secrets are neither pickled nor copied")


class Matcher:
    """Replace every occurrence of one secret in a stream, however the stream is cut.

    A tail that may be the beginning of the secret is kept back until the next bytes or :meth:`flush` decide.
    """

    __slots__ = ("__needle", "__tail")

    def __init__(self, needle: bytes) -> None:
        self.__needle = needle
        self.__tail = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return what is certain by now, with the secret replaced by :data:`MASK`."""
        if len(self.__needle) < SHORTEST_MATCHED:
            return chunk
        pieces = (self.__tail + chunk).split(self.__needle)
        self.__tail = self.__undecided(pieces[-1])
        pieces[-1] = pieces[-1][: len(pieces[-1]) - len(self.__tail)]
        return MASK.join(pieces)

    @property
    def holds(self) -> bool:
        """Say whether a tail is kept back."""
        return bool(self.__tail)

    def flush(self) -> bytes:
        """Return the tail that was kept back: no more bytes will come."""
        tail, self.__tail = self.__tail, b""
        return tail

    def __undecided(self, text: bytes) -> bytes:
        for size in range(min(len(self.__needle) - 1, len(text)), 0, -1):
            if self.__needle.startswith(text[len(text) - size :]):
                return text[len(text) - size :]
        return b""

    def __repr__(self) -> str:
        return "<Matcher>"
