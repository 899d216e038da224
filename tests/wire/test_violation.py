"""Why a connection has to end."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.violation import PROTOCOL_ERROR, Counts, Violation


class ViolationTests(SynchronousTestCase):
    """Name, code and text."""

    def test_a_violation_says_its_text(self) -> None:
        """What a diagnostic shows is what the peer was told."""
        violation = Violation("length", PROTOCOL_ERROR, "a packet's length cannot be right")
        self.assertEqual(str(violation), "a packet's length cannot be right")
        self.assertEqual((violation.name, violation.code), ("length", 2))

    def test_counts_add_up_by_name(self) -> None:
        """Each name on its own."""
        counts = Counts()
        for name in ("one", "two", "one"):
            counts.count(name)
        self.assertEqual(counts.counted, {"one": 2, "two": 1})
