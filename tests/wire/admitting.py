"""The clock and the lots of an admission under test."""

from __future__ import annotations

import attrs


@attrs.define
class Hands:
    """Hold a clock that goes when told, and the next lot."""

    seconds: float = 1000.0
    lot: float = 0.999

    def now(self) -> float:
        """Return the time."""
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds

    def draw(self) -> float:
        """Return the lot."""
        return self.lot
