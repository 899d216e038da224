"""When a journal goes on, and when a new incarnation begins."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import Entry, Fact
from gateway.journal import Journal, JournalBusy, JournalCorrupt, JournalRefused, open_journal
from gateway.journal.verify import verify
from tests.journal.folders import folder_for
from tests.journal.listening import Remembering, Wall

LIST = Fact("command.executed", {"session": "s1", "command": "ls"})


class OpeningTests(SynchronousTestCase):
    """One folder, opened again and again."""

    def setUp(self) -> None:
        self.folder = folder_for(self) / "state"
        self.folder.mkdir()
        self.path = self.folder / "journal.sqlite"

    def opened(self, name: str = "gw1", worker: int = 0, anew: str = "", facts: int = 0) -> str:
        """Open the journal, tell so many facts, close it; return its origin."""
        journal = self.open(name, worker, anew)
        for _ in range(facts):
            self.successResultOf(journal.tell(LIST))
        self.successResultOf(journal.close())
        return journal.origin

    def open(self, name: str = "gw1", worker: int = 0, anew: str = "") -> Journal:
        """Open the journal of this test."""
        journal = open_journal(self.path, name, worker, None, Wall(), anew, 0)
        self.addCleanup(journal.close)
        return journal

    def last_opened(self) -> Entry:
        """Return the first row of the present incarnation; the whole store verifies."""
        verdict = verify(self.path)
        self.assertEqual((verdict.result, verdict.detail), ("OK", ""))
        journal = self.open()
        self.successResultOf(journal.close())
        return list(journal.entries(kinds=["journal.opened"]))[-1]

    def test_it_goes_on_where_it_was(self) -> None:
        """Same name, same key, same chain."""
        first = self.opened(facts=3)
        journal = self.open()
        self.assertEqual((journal.origin, journal.head()[0]), (first, 4))
        self.assertEqual(self.successResultOf(journal.tell(LIST)).seq, 5)

    def test_everything_is_for_its_owner_alone(self) -> None:
        """No file of the folder is readable by others."""
        self.open()
        self.assertEqual({path.stat().st_mode & 0o077 for path in self.folder.iterdir()}, {0})

    def test_another_name_is_another_incarnation(self) -> None:
        """It names what it follows, and folds still see all that was."""
        first = self.opened(facts=2)
        for name, worker in (("gw2", 0), ("gw2", 1)):
            origin = self.opened(name, worker)
            self.assertRegex(origin, rf"\A{name}#{worker}\.[0-9a-f]{{4}}\Z")
        journal = self.open("gw2", 1)
        fold = Remembering()
        journal.attach(fold)
        opened = [entry.body for entry in fold.seen if entry.kind == "journal.opened"]
        self.assertEqual([body["cause"] for body in opened], ["made", "renamed", "renamed"])
        self.assertEqual((opened[1]["previous"]["origin"], opened[1]["previous"]["seq"]), (first, 3))
        self.assertEqual(len(fold.seen), 5)
        self.assertEqual(verify(self.path).count, 5)

    def test_numbers_begin_again_and_reading_since_goes_by_the_present_ones(self) -> None:
        """Earlier incarnations come with everything, never with what is newer than a number."""
        self.opened(facts=5)
        journal = self.open("gw2")
        self.successResultOf(journal.tell(LIST))
        self.assertEqual([entry.seq for entry in journal.entries()], [1, 2, 3, 4, 5, 6, 1, 2])
        self.assertEqual([entry.id for entry in journal.entries(since=1)], [f"{journal.origin}/2"])

    def test_a_new_key_is_a_new_incarnation(self) -> None:
        """The old rows verify by the old key, which the store still has."""
        self.opened(facts=2)
        self.path.with_suffix(".key").unlink()
        self.opened(facts=1)
        body = self.last_opened().body
        self.assertEqual((body["cause"], body["previous"]["seq"]), ("key_replaced", 3))

    def test_a_store_restored_from_an_older_copy_is_a_new_incarnation(self) -> None:
        """No number is given twice: the mark knows of what the copy does not."""
        self.opened(facts=2)
        copy = self.path.read_bytes()
        first = self.opened(facts=3)
        self.path.write_bytes(copy)
        self.assertNotEqual(self.opened(), first)
        body = self.last_opened().body
        self.assertEqual((body["cause"], body["previous"]["seq"], body["lost"]["seq"]), ("restored", 3, 6))

    def test_another_history_at_the_same_number_is_a_new_incarnation(self) -> None:
        """The mark names the row, not only its number."""
        self.opened(facts=1)
        shutil.copytree(self.folder, self.folder.with_name("copy"))
        self.opened(facts=1)
        theirs = open_journal(self.folder.with_name("copy") / "journal.sqlite", "gw1", 0, None, reserve_size=0)
        self.successResultOf(theirs.tell(Fact("auth.failed")))
        self.successResultOf(theirs.close())
        shutil.copy(self.folder.with_name("copy") / "journal.sqlite", self.path)
        self.opened()
        self.assertEqual(self.last_opened().body["cause"], "restored")

    def test_a_lost_store_is_told(self) -> None:
        """The new one names the head that was lost."""
        first = self.opened(facts=2)
        self.path.unlink()
        self.opened()
        body = self.last_opened().body
        self.assertEqual((body["cause"], body["lost"]["origin"], body["lost"]["seq"]), ("made", first, 3))

    def test_whoever_restores_everything_says_so(self) -> None:
        """The words are in the first row."""
        first = self.opened(facts=1)
        self.assertNotEqual(self.opened(anew="restored by bob"), first)
        self.assertEqual(self.last_opened().body["cause"], "restored by bob")

    def test_an_empty_file_is_no_fresh_store(self) -> None:
        """A store that was cut to nothing is damage while the mark is there."""
        self.opened(facts=1)
        self.path.write_bytes(b"")
        with self.assertRaisesRegex(JournalCorrupt, "is empty, and 2 facts"):
            self.open()

    def test_a_changed_last_row_is_damage(self) -> None:
        """It is found before anything is written behind it."""
        self.opened(facts=2)
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute("UPDATE entries SET severity = 9 WHERE place = 3")
        with self.assertRaisesRegex(JournalCorrupt, "/3: the row is not what was hashed; .*restore"):
            self.open()

    def test_what_was_refused_can_be_opened_by_another(self) -> None:
        """A failed opening holds neither lock nor file."""
        self.opened()
        good = self.path.read_bytes()
        self.path.write_bytes(b"not a database at all" * 300)
        for _ in range(2):
            with self.assertRaises(JournalCorrupt):
                self.open()
        self.path.write_bytes(good)
        self.opened()

    def test_one_process_at_a_time(self) -> None:
        """The second is refused until the first has closed."""
        journal = self.open()
        with self.assertRaises(JournalBusy):
            self.open()
        self.successResultOf(journal.close())
        self.open()

    def test_names_that_are_none_are_refused(self) -> None:
        """Before anything is made."""
        for name, worker in (("", 0), ("a#b", 0), ("a/b", 0), ("-a", 0), ("x" * 64, 0), ("gw1", -1)):
            with self.assertRaises(JournalRefused):
                self.open(name, worker)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_missing_folder_is_not_made(self) -> None:
        """An unmounted volume does not become a fresh journal."""
        self.folder.rmdir()
        with self.assertRaises(FileNotFoundError):
            self.open()
        self.assertFalse(Path(self.folder).exists())
