"""Keys that are kept back, with the end of their lane behind them; every byte is accounted for.

The rule: what is held leaves in order or is thrown away, and either way its window is credited.
"""

from __future__ import annotations

from collections import deque

import attrs

from gateway.domain.lane import Bytes, Credit, Effect, Event, Hold, Lane
from gateway.domain.lines.keys import Act, Key


@attrs.define(eq=False)
class Queue:
    """Keep one terminal's keys."""

    keys: deque[Key] = attrs.field(factory=deque)
    _last: list[Event] = attrs.field(factory=list)

    def hold(self, keys: list[Key], count: int) -> list[Event | Effect]:
        """Keep the keys of a packet of so many bytes."""
        self.keys.extend(keys)
        return [Hold(Lane.TO_TARGET, count)]

    def end(self, event: Event) -> list[Event | Effect]:
        """Keep what ends the lane, behind the keys that wait; pass it where none does."""
        if not self.keys:
            return [event]
        self._last.append(event)
        return []

    def ended(self) -> list[Event | Effect]:
        """Return what ends the lane, once nothing waits before it."""
        last = [] if self.keys else self._last
        self._last = self._last if self.keys else []
        return list(last)

    def first(self) -> tuple[Key, list[Event | Effect]]:
        """Take the first key; return it and what passes it."""
        key = self.keys.popleft()
        if not key.raw:
            return key, []
        return key, [Credit(Lane.TO_TARGET, len(key.raw)), Bytes(Lane.TO_TARGET, key.raw)]

    def discard(self) -> list[Event | Effect]:
        """Throw away what waits."""
        count = sum(len(key.raw) for key in self.keys)
        self.keys.clear()
        return [Credit(Lane.TO_TARGET, count)] if count else []

    def cancels(self) -> bool:
        """Say whether Ctrl-C waits."""
        return any(key.act is Act.CANCEL for key in self.keys)
