"""What is open and what waits."""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.passage import Passage
from gateway.domain.risk import Risk
from gateway.domain.sftp import codec
from gateway.domain.sftp.handles import Lot, Opened, Table, Waiting
from gateway.domain.transfer import Desk
from tests.domain.depots import Depot, Hashing
from tests.domain.policies import policy


class TableTests(SynchronousTestCase):
    """One channel's files."""

    def setUp(self) -> None:
        self.table = Table(Desk(policy(), Depot(), Risk(), "S-1", 1, "sftp"))

    def test_own_handles_are_never_the_same(self) -> None:
        """Nor any that a target would give."""
        self.assertEqual([self.table.own_handle() for _ in range(2)], [b"ostiary:1", b"ostiary:2"])

    def test_what_is_kept_belongs_to_a_handle_or_is_dropped(self) -> None:
        """Between making and opening it is known to nobody else."""
        kept = self.table.keep()
        opened = Opened(b"h", Lot.INCOMING, b"/a", codec.FOR_WRITING, kept=kept)
        self.table.open(opened)
        self.assertEqual((self.table.incoming(b"/a"), self.table.incoming(b"/b")), (opened, None))
        self.assertIsNone(self.table.unopened)
        other = self.table.keep()
        self.table.drop(other)
        self.assertEqual((self.table.unopened, other.released), (None, True))  # type: ignore[attr-defined]

    def test_flags_say_what_a_file_is_opened_for(self) -> None:
        """To be changed, to be read, or both."""
        for flags, writes, reads in ((1, False, True), (2, True, False), (3, True, True), (8, True, False)):
            opened = Opened(b"h", Lot.PASSED, b"/a", flags)
            self.assertEqual((opened.writes, opened.reads), (writes, reads))

    def test_an_end_counts_where_it_was_read_to(self) -> None:
        """Not of a file of which something was left out, nor of one nobody reads."""
        opened = Opened(b"h", Lot.PASSED, b"/a", 1, down=Passage(Hashing()))
        assert opened.down is not None
        Waiting(codec.READ, opened=opened, offset=5).ended()
        self.assertFalse(opened.down.whole)
        Waiting(codec.READ, opened=opened).ended()
        self.assertTrue(opened.down.whole)
        Waiting(codec.READ).ended()
        Waiting(codec.READ, opened=attrs.evolve(opened, down=None)).ended()
