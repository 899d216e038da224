"""Levels that fade."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.fading import Fading
from tests.wire.admitting import Hands


class FadingTests(SynchronousTestCase):
    """What is laid on a key goes away by itself."""

    def setUp(self) -> None:
        self.hands = Hands()
        self.fading = Fading(self.hands.now, most=10.0, rate=2.0, remembered=3)

    def test_a_level_fades_at_its_rate(self) -> None:
        """Two a second, to zero and not below; then nothing is kept of it."""
        self.fading.add("a", 5)
        self.hands.pass_by(1)
        self.assertEqual(self.fading.level("a"), 3)
        self.hands.pass_by(60)
        self.assertEqual((self.fading.level("a"), len(self.fading)), (0, 0))

    def test_the_peak_lasts_until_the_level_is_zero(self) -> None:
        """It begins anew afterwards."""
        self.fading.add("a", 8)
        self.hands.pass_by(3)
        self.assertEqual((self.fading.level("a"), self.fading.peak("a")), (2, 8))
        self.hands.pass_by(2)
        self.fading.add("a", 1)
        self.assertEqual(self.fading.peak("a"), 1)

    def test_no_more_is_taken_than_there_is(self) -> None:
        """A part, then the rest; a key without a level gives nothing."""
        self.fading.add("a", 5)
        self.assertEqual([self.fading.take("a", 3), self.fading.take("a", 3), self.fading.take("b", 1)], [3, 2, 0])
        self.assertEqual(len(self.fading), 0)

    def test_the_key_raised_longest_ago_is_forgotten_first(self) -> None:
        """The fourth of three pushes out the one that was not raised again."""
        for key in ("a", "b", "c", "a", "d"):
            self.fading.add(key, 1)
        self.assertEqual([self.fading.level(key) for key in "abcd"], [2, 0, 1, 1])

    @given(
        st.lists(
            st.tuples(st.sampled_from("abcde"), st.sampled_from(("add", "take")), st.floats(0, 50), st.floats(0, 5))
        )
    )
    @settings(max_examples=200)
    def test_levels_stay_within_their_bounds(self, steps: list[tuple[str, str, float, float]]) -> None:
        """Never negative, never over the cap, never more keys than may be; all gone when the cap has faded."""
        hands = Hands()
        fading = Fading(hands.now, most=10.0, rate=2.0, remembered=3)
        for key, act, amount, seconds in steps:
            getattr(fading, act)(key, amount)
            hands.pass_by(seconds)
            self.assertLessEqual(len(fading), 3)
            for each in "abcde":
                self.assertTrue(0 <= fading.level(each) <= min(fading.peak(each), 10))
        hands.pass_by(5.001)
        self.assertEqual([fading.level(each) for each in "abcde"], [0] * 5)
        self.assertEqual(len(fading), 0)
