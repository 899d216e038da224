"""What gates ask of a depot are plain values."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.depot import Fetch, Question, Settle
from tests.domain.depots import Depot


class QuestionTests(SynchronousTestCase):
    """Settling, and fetching."""

    def test_a_depot_answers_both(self) -> None:
        """With why it failed, and with bytes."""
        depot = Depot()
        kept = depot.create()
        kept.write(0, b"hello")
        self.assertEqual(depot.answer(Question(Settle(kept)).question), "")
        self.assertEqual(depot.answer(Fetch(kept, 1, 3)), b"ell")
