"""How far a rule may go by itself when it says ``deactivate``.

The rule: never the last admin who can still act, nor a service's account unless the rule says ``services = true``:
then only the session ends. More than :data:`MOST` accounts within :data:`WINDOW` seconds is no misbehaviour of so many
people but a mistake or an attack: those that follow are locked, which one ``unlock`` takes back, and it is told once
a window with the highest severity.
"""

from __future__ import annotations

import enum

import attrs

MOST = 5
WINDOW = 600.0
"""Seconds."""


class Measure(enum.Enum):
    """What is done to an account that a rule would switch off."""

    DEACTIVATE = "deactivate"
    LOCK = "lock"
    SPARE = "spare"


@attrs.frozen
class Standing:
    """Who a user is, to a rule that would switch him off."""

    last_admin: bool = False
    service: bool = False

    def spared(self, services: bool) -> str:
        """Return why he keeps his account, as a stable word; empty where nothing stands in the way."""
        if self.last_admin:
            return "last_admin"
        return "service" if self.service and not services else ""


@attrs.define
class Restraint:
    """Count what rules switched off; times in seconds since the epoch, the same order twice counts once."""

    _given: dict[str, float] = attrs.field(init=False, factory=dict)
    _alarmed: float = attrs.field(init=False, default=float("-inf"))

    def note(self, order: str, at: float) -> None:
        """Count a deactivation by a rule."""
        self._given.setdefault(order, at)

    def is_exhausted(self, now: float) -> bool:
        """Say whether the next account must not be switched off by a rule."""
        self._given = {order: at for order, at in self._given.items() if now - at < WINDOW}
        return len(self._given) >= MOST

    def alarm(self, now: float) -> bool:
        """Say whether that is to be told now; once a window."""
        if now - self._alarmed < WINDOW:
            return False
        self._alarmed = now
        return True

    def measure(self, standing: Standing, services: bool, now: float) -> Measure:
        """Return what a rule may do to an account now."""
        if standing.spared(services):
            return Measure.SPARE
        return Measure.LOCK if self.is_exhausted(now) else Measure.DEACTIVATE
