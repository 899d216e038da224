"""The journal without a disk does what every journal does, and fails when it is told to."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from gateway.domain.facts import Fact
from gateway.journal.memory import MemoryJournal
from tests.journal.conformance import JournalConformance
from tests.journal.listening import Wall


class MemoryJournalTests(JournalConformance, TestCase):
    """The shared suite."""

    def make_journal(self) -> MemoryJournal:
        """Return a journal in memory."""
        return MemoryJournal(wall=self.wall)


class FailureTests(TestCase):
    """Tests can have a disk that is full."""

    def test_it_fails_as_a_full_disk_does(self) -> None:
        """Nothing is written while the failure is set, and the chain goes on afterwards."""
        journal = MemoryJournal("gw1", 3, Wall())
        journal.failure = OSError(28, "full")
        self.assertTrue(journal.is_short_of_space)
        self.assertIs(self.failureResultOf(journal.tell(Fact("auth.failed"))).value, journal.failure)
        journal.failure = None
        self.assertEqual(self.successResultOf(journal.tell(Fact("auth.failed"))).seq, 2)
        self.assertRegex(journal.origin, r"\Agw1#3\.")
