"""How long to wait for an echo.

The rule: what the target shows in answer to a key is there when nothing was shown for a while, and the last key is
as long ago as an echo took lately. A target that shows nothing is waited for a little longer.
"""

from __future__ import annotations

import attrs

QUIET = 0.035
"""Seconds without output after which a screen is taken for settled."""
SILENT = 0.15
"""Seconds at least that a first echo is waited for."""
SLOWEST = 1.0
"""Seconds at most that an echo is believed to take."""
FADES = 0.9


@attrs.define
class Pace:
    """Times of the last key that was passed on and the last output; ``lag`` is how long echoes took lately."""

    passed: float = -1.0
    shown: float = -1.0
    lag: float = 0.0
    _timed: bool = False

    def pass_key(self, at: float, timed: bool = False) -> None:
        """Note that a key went to the target; ``timed``: one that is echoed as soon as it is there."""
        self.passed, self._timed = at, timed

    def show(self, at: float) -> None:
        """Note output."""
        if self._timed:
            self.lag = min(SLOWEST, max(at - self.passed, self.lag * FADES))
        self.shown, self._timed = at, False

    def settled(self) -> float:
        """Return from when on the screen shows what was typed."""
        if self.shown > self.passed:
            return max(self.shown + QUIET, self.passed + 1.5 * self.lag)
        return self.passed + max(SILENT, 3 * self.lag)
