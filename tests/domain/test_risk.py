"""A session's risk."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import RiskThresholds
from gateway.domain.facts import Fact
from gateway.domain.lane import Mark, Tell
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

    @given(st.lists(st.integers(0, 60), max_size=12), st.integers(1, 150), st.integers(1, 150))
    def test_each_threshold_is_crossed_once(self, scores: list[int], warn: int, lock: int) -> None:
        """In the turn that reaches it; one that is not set never is."""
        risk, seen = Risk(RiskThresholds(warn=warn, lock=lock)), []
        for score in scores:
            before = risk.score
            risk.add(score)
            for crossing in risk.crossed():
                self.assertTrue(before < crossing.bound <= risk.score == crossing.score)
                seen.append(crossing.action)
            self.assertEqual(risk.crossed(), ())
        reached = {name for name, bound in (("warn", warn), ("lock", lock)) if risk.score >= bound}
        self.assertEqual((set(seen), len(seen)), (reached, len(reached)))

    def test_a_crossing_is_told_and_marked(self) -> None:
        """With what was done, or would have been."""
        risk = Risk(RiskThresholds(interrupt=50))
        risk.add(90)
        (crossing,) = risk.crossed()
        for enforce, outcome in ((True, "interrupt"), (False, "observed")):
            told, mark = crossing.effects(enforce)
            body = {"threshold": 50, "action": "interrupt", "level": "critical", "outcome": outcome}
            self.assertEqual(told, Tell(Fact("risk.threshold", body)))
            self.assertEqual(mark, Mark(f"risk 90 (critical) reached 50: {outcome}"))
