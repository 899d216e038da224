"""A session's risk."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.risk import Risk


class RiskTests(SynchronousTestCase):
    """Scores add up, and have a word."""

    def test_words_by_their_bounds(self) -> None:
        """Each bound belongs to the higher word."""
        for score, word in (
            (0, "low"),
            (19, "low"),
            (20, "medium"),
            (49, "medium"),
            (50, "high"),
            (89, "high"),
            (90, "critical"),
        ):
            risk = Risk()
            risk.add(score)
            self.assertEqual(risk.level, word, score)

    @given(st.lists(st.integers(-100, 100)))
    def test_it_never_falls(self, scores: list[int]) -> None:
        """A negative score is none."""
        risk, before = Risk(), 0
        for score in scores:
            risk.add(score)
            self.assertGreaterEqual(risk.score, before)
            before = risk.score
        self.assertEqual(before, sum(score for score in scores if score > 0))
