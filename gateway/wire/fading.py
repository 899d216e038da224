"""Remember how much was laid on each of many keys, while it fades with time.

The rule: a level falls at a fixed rate, is never negative and never over its cap; what has faded is
forgotten, and of those that have not, no more than a fixed number is kept: the one raised longest ago goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import attrs


@attrs.define
class _Level:
    amount: float
    at: float
    peak: float


@attrs.define(eq=False)
class Fading:
    """Keep levels by key; *rate* is what each loses a second, *most* what one can reach."""

    now: Callable[[], float] = attrs.field(repr=False)
    most: float
    rate: float = 1.0
    remembered: int = 16_384
    _levels: OrderedDict[str, _Level] = attrs.field(init=False, factory=OrderedDict, repr=False)

    def __len__(self) -> int:
        return len(self._levels)

    def level(self, key: str) -> float:
        """Return what is left on a key."""
        found = self._found(key)
        return found.amount if found is not None else 0.0

    def peak(self, key: str) -> float:
        """Return the highest level since a key's was last zero."""
        found = self._found(key)
        return found.peak if found is not None else 0.0

    def add(self, key: str, amount: float) -> None:
        """Lay more on a key."""
        before = self.level(key)
        found = self._levels.setdefault(key, _Level(0.0, self.now(), 0.0))
        found.amount = min(before + amount, self.most)
        found.peak = max(found.peak, found.amount)
        self._levels.move_to_end(key)
        if len(self._levels) > self.remembered:
            self._levels.popitem(last=False)

    def take(self, key: str, amount: float) -> float:
        """Take up to *amount* off a key; return how much that was."""
        taken = min(self.level(key), amount)
        if taken > 0:
            self._levels[key].amount -= taken
            self._found(key)
        return taken

    def _found(self, key: str) -> _Level | None:
        found = self._levels.get(key)
        if found is None:
            return None
        now = self.now()
        found.amount -= max(now - found.at, 0.0) * self.rate
        found.at = now
        if found.amount <= 0:
            del self._levels[key]
            return None
        return found
