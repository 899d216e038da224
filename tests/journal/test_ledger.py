"""What becomes of a batch."""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import Fact
from gateway.journal.beside import read_mark
from gateway.journal.ledger import Batch, Ledger, stamp
from gateway.journal.opening import open_journal
from gateway.journal.verify import verify
from tests.journal.folders import folder_for

LIST = Fact("command.executed")


class StampTests(SynchronousTestCase):
    """A fact as it is written down."""

    def test_the_severity_is_the_kinds_or_the_tellers(self) -> None:
        """Between 0 and 10."""
        self.assertEqual(stamp(Fact("auth.failed"), 1).severity, 4)
        self.assertEqual(stamp(Fact("auth.failed", {}, 0), 1).severity, 0)
        for severity in (-1, 11):
            with self.assertRaisesRegex(ValueError, "between 0 and 10"):
                stamp(Fact("auth.failed", {}, severity), 1)


class LedgerTests(SynchronousTestCase):
    """Groups, and what a failure takes with it."""

    def setUp(self) -> None:
        self.path = folder_for(self) / "journal.sqlite"
        journal = open_journal(self.path, "gw1", 0, None, reserve_size=65536)
        self.addCleanup(journal.close)
        self.ledger: Ledger = journal._ledger

    def commit(self, *batches: list[Fact]) -> list[type[Exception] | int]:
        """Commit a group; return for each batch its last seq or its kind of failure."""
        outcomes = self.ledger.commit([Batch(facts, 1) for facts in batches])
        return [type(one.failure) if one.failure else one.entries[-1].seq for one in outcomes]

    def fail_times(self, times: int) -> None:
        """Let the store's next transactions fail as on a broken disk."""
        left = iter(range(times))
        # SQLite asks while it works; an answer other than 0 interrupts the transaction.
        self.ledger.store._db.set_progress_handler(lambda: next(left, None) is not None, 1)

    def test_one_bad_batch_fails_alone(self) -> None:
        """The others of its group are numbered without a gap."""
        found = self.commit([LIST], [Fact("auth.failed", {"a": b""})], [LIST, LIST])
        self.assertEqual(found, [2, ValueError, 4])

    def test_a_failed_write_is_tried_once_more_with_the_reserve(self) -> None:
        """What is beginning is refused then; the rest is written."""
        self.fail_times(1)
        found = self.commit([LIST], [Fact("session.started")])
        self.assertEqual(found, [2, OSError])
        self.assertEqual(verify(self.path).count, 2)

    def test_the_reserve_comes_back_with_the_next_group(self) -> None:
        """As soon as there is room."""
        self.ledger.reserve.release()
        self.assertEqual(self.commit([Fact("session.started")]), [2])
        self.assertTrue(self.ledger.reserve.standing)

    def test_a_write_that_goes_on_failing_fails_its_group(self) -> None:
        """The head stays where it was, and the next group has its numbers."""
        self.fail_times(10_000)
        self.assertEqual(self.commit([LIST], [LIST]), [OSError, OSError])
        self.ledger.store._db.set_progress_handler(None, 0)
        self.assertEqual(self.commit([LIST]), [2])
        self.assertEqual(verify(self.path).result, "OK")

    def test_the_mark_follows_the_head(self) -> None:
        """A mark that can not be written is no reason to fail a fact that is on disk."""
        self.commit([LIST])
        self.assertEqual(read_mark(self.path.with_suffix(".head")), self.ledger.head)
        held, self.ledger._mark = self.ledger._mark, os.open(self.path, os.O_RDONLY)
        self.assertEqual(self.commit([LIST]), [3])
        os.close(self.ledger._mark)
        self.ledger._mark = held
        self.assertEqual(verify(self.path).count, 3)
