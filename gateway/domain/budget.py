"""How fast a session may fill its recording, and how much of it there may be.

The rule: a burst is free; after it the session is paced to a steady rate by refunding its window late; beyond the
maximum it is over. So one flood slows itself, and nobody else.
"""

from __future__ import annotations

import attrs

BURST = 32 * 1024**2
"""Bytes that may be recorded at once without pacing."""
RATE = 8 * 1024**2
"""Bytes a second that may be recorded for as long as one likes."""


@attrs.define
class Budget:
    """Pace what is recorded; ``at`` in seconds of one monotonic clock, the same for all who share a budget."""

    burst: int = BURST
    rate: int = RATE
    _level: float = attrs.field(default=0.0, init=False)
    _since: float = attrs.field(default=0.0, init=False)

    def take(self, count: int, at: float) -> None:
        """Note that ``count`` bytes were recorded."""
        self._level = max(0.0, self._level - max(0.0, at - self._since) * self.rate) + count
        self._since = max(self._since, at)

    def pause(self, at: float) -> float:
        """Return for how many seconds no window is refunded; 0.0 within the budget."""
        level = self._level - max(0.0, at - self._since) * self.rate
        return max(0.0, (level - self.burst) / self.rate)
