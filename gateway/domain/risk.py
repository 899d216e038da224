"""A session's risk: the sum of the scores of what it executed or attempted, and the thresholds that act on it.

The rule: a score never falls, so each threshold of the frozen policy is crossed once in a session and acts once:
``warn`` tells the operator, ``lock`` and ``interrupt`` act as a rule with that action does, on the very command that
crossed them. Each crossing is a fact, grave enough that admins are told, and a marker in the recording.

Known limit: a score comes from rules for commands and from verdicts on files; what nothing scores raises no risk.
"""

from __future__ import annotations

import attrs

from gateway.domain.entries import RiskThresholds
from gateway.domain.facts import Fact
from gateway.domain.lane import Effect, Mark, Tell

LEVELS = ((90, "critical"), (50, "high"), (20, "medium"), (0, "low"))
"""The word for a score: the first bound that is reached."""
RULE = "risk"
"""What stands where a rule's name stands when a threshold acts."""


@attrs.frozen
class Crossing:
    """Say that a score reached a threshold: ``action`` is ``warn | lock | interrupt``."""

    action: str
    bound: int
    score: int
    level: str

    def effects(self, enforce: bool) -> tuple[Effect, ...]:
        """Return what is told and marked of it; the action itself is the gate's."""
        outcome = self.action if enforce else "observed"
        body = {"threshold": self.bound, "action": self.action, "level": self.level, "outcome": outcome}
        words = f"risk {self.score} ({self.level}) reached {self.bound}: {outcome}"
        return Tell(Fact("risk.threshold", body)), Mark(words)


@attrs.define
class Risk:
    """Add up one session's score; ``thresholds`` are those of its frozen policy."""

    thresholds: RiskThresholds = RiskThresholds()
    score: int = attrs.field(default=0, init=False)
    _crossed: set[str] = attrs.field(init=False, factory=set)

    def add(self, score: int) -> None:
        """Add a score; it is never negative."""
        self.score += max(0, score)

    def crossed(self) -> tuple[Crossing, ...]:
        """Return the thresholds that were reached since this was asked last, the mildest first."""
        due = []
        for action in ("warn", "lock", "interrupt"):
            bound: int | None = getattr(self.thresholds, action)
            if bound is not None and self.score >= bound and action not in self._crossed:
                self._crossed.add(action)
                due.append(Crossing(action, bound, self.score, self.level))
        return tuple(due)

    @property
    def level(self) -> str:
        """The word for the present score."""
        return next(word for bound, word in LEVELS if self.score >= bound)
