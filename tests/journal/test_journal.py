"""The journal over a store: the shared suite with and without a reactor, and what only a disk can show."""

from __future__ import annotations

import errno
from unittest.mock import patch

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import SynchronousTestCase, TestCase

from gateway.domain.facts import Entry, Fact
from gateway.journal import Journal, open_journal
from gateway.journal.journal import MOST_WAITING, PRUNED_AT_ONCE
from gateway.journal.verify import verify
from tests.journal.conformance import LIST, JournalConformance
from tests.journal.folders import folder_for
from tests.journal.listening import Remembering, Wall


class ThreadedJournalTests(JournalConformance, TestCase):
    """The shared suite, as in a running node."""

    def make_journal(self) -> Journal:
        """Return a journal whose commits run in a thread."""
        self.path = folder_for(self)
        journal = open_journal(self.path / "journal.sqlite", "gw1", 0, reactor, self.wall, reserve_size=0)
        self.addCleanup(journal.close)
        return journal

    async def test_nothing_is_done_before_the_turn_ends(self) -> None:
        """A Deferred never fires while its teller is still speaking."""
        told = self.journal.tell(LIST)
        self.assertFalse(told.called)
        await told

    async def test_what_waits_is_committed_together(self) -> None:
        """Many facts of one turn cost few transactions."""
        with patch.object(
            type(self.journal._ledger.store), "append", autospec=True, side_effect=Remembered.append
        ) as append:
            await gatherResults([self.journal.tell(LIST) for _ in range(500)])
        self.assertLess(append.call_count, 10)

    async def test_too_many_waiting_facts_are_refused(self) -> None:
        """A disk that does not keep up can not fill the memory."""
        whole = self.journal.tell_all([LIST] * MOST_WAITING)
        failure = await self.assertFailure(self.journal.tell(LIST), OSError)
        self.assertEqual(failure.errno, errno.EAGAIN)
        await whole
        await self.journal.tell(LIST)

    async def test_pruning_goes_on_to_the_end_and_stops_at_closing(self) -> None:
        """It works in pieces; a closed journal forgets nothing more and says so."""
        await self.journal.tell_all([LIST] * (PRUNED_AT_ONCE + 5))
        later = self.wall.now + 1
        self.assertEqual(await self.journal.prune(later, ["command.executed"]), PRUNED_AT_ONCE + 5)
        await self.journal.close()
        await self.assertFailure(self.journal.prune(later, ["command.executed"]), OSError)
        self.assertEqual(verify(self.path / "journal.sqlite").pruned, PRUNED_AT_ONCE + 5)


class Remembered:
    """The real append, kept from before it is patched."""

    from gateway.journal.store import Store as _Store

    append = staticmethod(_Store.append)


class DirectJournalTests(JournalConformance, TestCase):
    """The shared suite, as in a command without a running node."""

    def make_journal(self) -> Journal:
        """Return a journal that commits before it answers."""
        self.path = folder_for(self)
        journal = open_journal(self.path / "journal.sqlite", "gw1", 0, None, self.wall, reserve_size=0)
        self.addCleanup(journal.close)
        return journal

    def test_everything_is_done_at_once(self) -> None:
        """Without a reactor a Deferred has fired when it is returned."""
        self.assertEqual(self.successResultOf(self.journal.tell(LIST)).seq, 2)


class FailingDiskTests(SynchronousTestCase):
    """A commit that fails leaves nothing behind."""

    def setUp(self) -> None:
        self.path = folder_for(self)
        self.journal = open_journal(self.path / "journal.sqlite", "gw1", 0, None, Wall(), reserve_size=0)
        self.addCleanup(self.journal.close)

    def lock_out(self) -> Deferred[Entry]:
        """Tell a fact while the store can not be written."""
        db = self.journal._ledger.store._db
        db.execute("PRAGMA query_only = ON")
        try:
            return self.journal.tell(LIST)
        finally:
            db.execute("PRAGMA query_only = OFF")

    def test_the_teller_hears_and_the_chain_goes_on(self) -> None:
        """The number is used by the next fact; a fold never heard of the first."""
        fold = Remembering()
        self.journal.attach(fold)
        self.assertIsInstance(self.failureResultOf(self.lock_out()).value, OSError)
        self.assertEqual(self.successResultOf(self.journal.tell(LIST)).seq, 2)
        self.assertEqual([entry.seq for entry in fold.seen], [1, 2])
        self.assertEqual(verify(self.path / "journal.sqlite").result, "OK")

    def test_failed_facts_wait_no_longer(self) -> None:
        """A failure gives the room it took back."""
        for _ in range(3):
            self.failureResultOf(self.lock_out())
        self.assertEqual(self.journal._waiting, 0)
        self.assertFalse(self.journal.is_short_of_space)

    def test_a_reader_may_leave_early(self) -> None:
        """Whoever stops reading holds nothing."""
        self.successResultOf(self.journal.tell_all([LIST] * 20))
        reading = self.journal.entries()
        self.assertEqual(next(reading).seq, 1)
        reading.close()
        self.successResultOf(self.journal.tell(Fact("auth.failed")))
