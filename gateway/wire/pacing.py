"""When a failed login is answered.

The rule: the time of a failure says nothing about why it failed. It is a floor, plus a jitter that is always
the same for one name and cannot be computed from outside, and doubles until it lies behind the real work.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

import attrs

LONGEST_PACED: Final = 5.0
"""Seconds of work beyond which nothing is added, as OpenSSH does."""

_JITTER_RANGE: Final = 1 << 32


@attrs.frozen
class FailurePace:
    """Say how much longer a failure has to wait; *key* is random and kept for the life of the process."""

    key: bytes = attrs.field(repr=False)
    floor: float = 0.005
    jitter: float = 0.0043

    def wait(self, username: bytes, elapsed: float) -> float:
        """Return the seconds to wait still, *elapsed* seconds after the request was taken up."""
        if elapsed > LONGEST_PACED:
            return 0.0
        digest = hmac.digest(self.key, username, hashlib.sha256)
        answered_at = self.floor + self.jitter * int.from_bytes(digest[:4], "big") / _JITTER_RANGE
        while answered_at < elapsed:
            answered_at *= 2
        return answered_at - elapsed
