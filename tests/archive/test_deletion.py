"""Deleting what has been kept long enough, and legal holds."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from gateway.archive.archive import Archive
from gateway.archive.deletion import DELETED
from gateway.archive.holds import Holds
from gateway.interfaces.archive import ArchiveError
from gateway.journal.memory import MemoryJournal
from tests.archive.conformance import DIGEST
from tests.archive.fixtures import FACTS, POLICY, SESSION, at_once, node_keys

BY = {"by": "bob", "by_name": "Bob Ray", "reason": "case 7", "door": "ssh"}


class DeletionTests(SynchronousTestCase):
    """A recording that goes."""

    def setUp(self) -> None:
        self.archive = Archive(self.mktemp(), node_keys(), at_once)
        self.archive.recordings()
        self.recording = self.archive.begin(SESSION, FACTS, POLICY, DIGEST)
        self.recording.track(1, "pty", 0.0, {}).write(1.0, "o", b"content\r\n")

    def seal(self) -> Path:
        self.successResultOf(self.recording.seal(2.0, "done"))
        return Path(self.archive.directory(SESSION) or "")

    def test_the_key_goes_first_and_the_manifest_stays(self) -> None:
        """Who has kept a link to the track has no key any more; what is left is as signed, and can not be read."""
        directory = self.seal()
        kept = directory.parent / "kept"
        kept.hardlink_to(directory / "001.pamrec")
        self.successResultOf(self.archive.delete(SESSION, 1.8e9, "kept for 365 days"))
        self.assertNotIn(b"recipients", kept.read_bytes())
        self.assertEqual(sorted(each.name for each in directory.iterdir()), [DELETED, "manifest.json"])
        report = self.successResultOf(self.archive.verify(SESSION))
        self.assertEqual((report["result"], report["deleted"]["reason"]), ("OK", "kept for 365 days"))
        [row] = self.archive.recordings()
        self.assertEqual((row["state"], row["bytes"], row["operator"]), ("deleted", 0, "alice"))
        for asked in (self.archive.export_cast(SESSION), self.archive.reel(SESSION)):
            self.failureResultOf(asked, KeyError)
        self.failureResultOf(self.archive.evidence(SESSION), KeyError)
        self.successResultOf(self.archive.delete(SESSION, 1.8e9, "again"))

    def test_what_is_still_written_or_unknown_is_not_deleted(self) -> None:
        """Nor handed on."""
        self.failureResultOf(self.archive.delete(SESSION, 0.0, "x"), KeyError)
        self.failureResultOf(self.archive.delete("S-ZZZ", 0.0, "x"), KeyError)
        self.failureResultOf(self.archive.evidence(SESSION), ArchiveError)
        self.seal()

    def test_tracks_removed_by_somebody_else_are_bad(self) -> None:
        """A note of a deletion hides nothing while a track is there; an altered manifest is seen in any case."""
        directory = self.seal()
        (directory / DELETED).write_bytes(b'{"at":1.0,"reason":"x"}\n')
        manifest = directory / "manifest.json"
        manifest.write_bytes(manifest.read_bytes().replace(b"alice", b"mallo"))
        self.assertEqual(self.successResultOf(self.archive.verify(SESSION))["result"], "BAD")


class HoldTests(SynchronousTestCase):
    """Holds, and who lifts them."""

    def setUp(self) -> None:
        self.journal = MemoryJournal("gw1")
        self.holds = Holds(self.journal, lambda session: "alice")
        self.journal.attach(self.holds)

    def test_a_second_admin_lifts_a_hold(self) -> None:
        """Neither who placed it, nor whose session it is; it survives a restart, its release too."""
        row = self.successResultOf(self.holds.place(SESSION, **BY))
        self.assertTrue(self.holds.is_held(SESSION))
        for himself in ("bob", "alice"):
            self.assertRaises(ValueError, self.holds.lift, SESSION, **{**BY, "by": himself})
        again = Holds(self.journal, lambda session: "alice")
        self.journal.attach(again)
        self.assertEqual([each["hold"] for each in again.rows()], [row["hold"]])
        self.assertEqual(self.successResultOf(self.holds.lift(SESSION, **{**BY, "by": "carol"})), [row["hold"]])
        self.assertEqual((self.holds.is_held(SESSION), again.rows()), (False, []))
        self.assertEqual(self.successResultOf(self.holds.lift(SESSION, **{**BY, "by": "carol"})), [])
