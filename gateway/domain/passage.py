"""The bytes of a file that pass while nobody decides about them.

The rule: a file's digest is known where its bytes passed in order, from the first on; where they did not, none is told.
"""

from __future__ import annotations

import attrs

from gateway.domain.depot import Hashing, Kept


@attrs.define(eq=False)
class Passage:
    """Bytes of one file in one direction."""

    hashing: Hashing
    count: int = 0
    next: int = 0
    """Up to where they came in order."""
    steady: bool = True
    """Whether all of them did."""
    whole: bool = False
    """Whether the end of the file was reached."""
    copy: Kept | None = None
    """Where a copy goes, for those who only observe."""

    def take(self, offset: int, chunk: bytes) -> None:
        """Take bytes that passed."""
        if not chunk:
            return
        self.count += len(chunk)
        if self.copy is not None:
            self.copy.write(offset, chunk)
        if self.steady and offset == self.next:
            self.next += len(chunk)
            self.hashing.take(chunk)
        else:
            self.steady = False

    @property
    def lags(self) -> bool:
        """Say whether more waits to be hashed or copied than should."""
        return self.hashing.lags or (self.copy is not None and self.copy.lags)

    def digest(self) -> str:
        """Return the SHA-256 of all that passed, empty where it did not pass in order."""
        return self.hashing.finish() if self.steady else ""
