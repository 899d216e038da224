"""The wait of a failure depends on the name and the process, not on the work."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.pacing import FailurePace


class PacingTest(SynchronousTestCase):
    """Waits."""

    def test_the_wait_doubles_until_it_lies_behind_the_work(self) -> None:
        """So work of a little more or less time ends at the same moment."""
        pace = FailurePace(b"k" * 32)
        floor = pace.wait(b"alice", 0)
        for elapsed in (0.0, floor * 0.9, floor * 1.1, floor * 3, 1.0):
            answered_at = elapsed + pace.wait(b"alice", elapsed)
            steps = answered_at / floor
            self.assertGreaterEqual(answered_at, elapsed)
            self.assertIn(round(steps, 6), {float(1 << n) for n in range(12)})
        self.assertEqual(pace.wait(b"alice", 5.1), 0)

    def test_the_jitter_belongs_to_the_name_and_the_process(self) -> None:
        """The same name waits the same time, another name or process another."""
        here, there = FailurePace(b"h" * 32), FailurePace(b"t" * 32)
        self.assertEqual(here.wait(b"alice", 0), here.wait(b"alice", 0))
        self.assertNotEqual(here.wait(b"alice", 0), here.wait(b"bob", 0))
        self.assertNotEqual(here.wait(b"alice", 0), there.wait(b"alice", 0))
        self.assertNotIn("hhhh", repr(here))
