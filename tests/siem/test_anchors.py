"""What SIEMs can testify."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import Fact
from gateway.journal import MemoryJournal
from gateway.siem import anchors as anchors_module
from gateway.siem.anchors import anchors, covering, sealed_at
from gateway.siem.cursor import Place, cursor_of


class AnchorTests(SynchronousTestCase):
    """A journal with two heads told, and the cursors of destinations."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.journal = MemoryJournal("gw1", wall=lambda: 1_800_000_000.0)
        for _ in range(2):
            self.journal.tell(Fact("recording.sealed", {"session": "S-1", "root": "aa"}))
            self.head()

    def head(self) -> None:
        self.journal.tell(Fact("journal.head", {"head": self.journal.head()[0], "hash": "00"}))

    def put(self, name: str, seq: int, origin: str | None = None) -> None:
        cursor_of(self.folder, name).write(Place(origin or self.journal.origin, seq))

    def test_an_anchor_is_the_newest_head_behind_the_cursor(self) -> None:
        """None where there is no cursor, one of another store, or one before the first head."""
        heads = [entry.seq for entry in self.journal.entries(kinds=["journal.head"])]
        self.put("a", heads[1])
        self.put("b", heads[1] - 1)
        self.put("c", heads[0] - 1)
        self.put("d", heads[1], "gw1#0.ffff")
        found = anchors(self.journal, self.folder, ["a", "b", "c", "d", "none"])
        self.assertEqual([(each.destination, each.seq) for each in found], [("a", heads[1] - 1), ("b", heads[0] - 1)])
        self.assertEqual(str(found[0]), f"a up to seq {heads[1] - 1} of 2027-01-15T08:00:00Z")
        self.assertEqual(covering(found, heads[1] - 1), [str(found[0])])
        self.assertEqual(covering(found, heads[0] - 1), [str(found[0]), str(found[1])])
        self.assertEqual(covering(found, heads[1]), [])

    def test_a_head_far_back_is_found(self) -> None:
        """However long it is ago."""
        self.patch(anchors_module, "SPANS", (1, 2))
        for _ in range(20):
            self.journal.tell(Fact("node.started", {}))
        self.put("a", self.journal.head()[0])
        self.assertEqual(len(anchors(self.journal, self.folder, ["a"])), 1)

    def test_a_seal_is_known_by_its_root(self) -> None:
        """Another root is another recording, whatever it calls itself."""
        first = next(self.journal.entries(kinds=["recording.sealed"]))
        self.assertEqual(sealed_at(self.journal, "S-1", "aa"), first.seq)
        self.assertIsNone(sealed_at(self.journal, "S-1", "bb"))
        self.assertIsNone(sealed_at(self.journal, "S-2", "aa"))
