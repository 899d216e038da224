"""A session's risk: the sum of the scores of the audited commands it executed or attempted.

Known limit: thresholds are shown and reported here; acting on them comes with the audited commands' own issue.
"""

from __future__ import annotations

import attrs

LEVELS = ((90, "critical"), (50, "high"), (20, "medium"), (0, "low"))
"""The word for a score: the first bound that is reached."""


@attrs.define
class Risk:
    """Add up one session's score."""

    score: int = attrs.field(default=0, init=False)

    def add(self, score: int) -> None:
        """Add a rule's score; scores are never negative."""
        self.score += max(0, score)

    @property
    def level(self) -> str:
        """The word for the present score."""
        return next(word for bound, word in LEVELS if self.score >= bound)
