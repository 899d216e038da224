"""Pacing: a burst is free, then a steady rate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.budget import Budget


class BudgetTests(SynchronousTestCase):
    """One budget."""

    def test_a_burst_is_free_and_the_rest_is_paced(self) -> None:
        """The pause lasts as long as the rate needs."""
        budget = Budget(burst=100, rate=10)
        budget.take(100, 0.0)
        self.assertEqual(budget.pause(0.0), 0.0)
        budget.take(50, 0.0)
        self.assertEqual(budget.pause(0.0), 5.0)
        self.assertEqual(budget.pause(3.0), 2.0)
        self.assertEqual(budget.pause(5.0), 0.0)

    def test_the_burst_comes_back_with_time_and_is_never_saved_up(self) -> None:
        """An idle hour is worth one burst."""
        budget = Budget(burst=100, rate=10)
        budget.take(100, 0.0)
        budget.take(110, 3600.0)
        self.assertEqual(budget.pause(3600.0), 1.0)

    def test_late_notes_of_earlier_moments_cost_nothing_more(self) -> None:
        """What was typed a while ago is written now; the budget's time does not go back."""
        budget = Budget(burst=100, rate=10)
        budget.take(100, 10.0)
        budget.take(10, 5.0)
        self.assertEqual(budget.pause(5.0), 1.0)
        self.assertEqual(budget.pause(10.0), 1.0)
        self.assertEqual(budget.pause(11.0), 0.0)

    @given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 20)), max_size=40))
    def test_who_obeys_never_exceeds_burst_and_rate(self, writes: list[tuple[int, int]]) -> None:
        """Whoever waits as long as he is told writes at most burst + rate x time + one write."""
        budget, now, total, largest = Budget(burst=100, rate=10), 0.0, 0, 0
        for count, wait in writes:
            now += wait + budget.pause(now + wait)
            budget.take(count, now)
            total, largest = total + count, max(largest, count)
            self.assertLessEqual(total, 100 + 10 * now + largest + 1e-6)
