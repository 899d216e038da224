"""The file: its shape, its soundness, its transactions."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from gateway.journal.chain import Head, Row, Stamped, extend
from gateway.journal.errors import JournalCorrupt, JournalNewer
from gateway.journal.migrations import MIGRATIONS
from gateway.journal.reading import Wanted, read_rows
from gateway.journal.store import Store, open_store
from tests.journal.folders import folder_for

EMPTY = Head("gw1#0.9f3a")
NEXT = ("ALTER TABLE entries ADD COLUMN peer TEXT", "CREATE TABLE peers (name TEXT PRIMARY KEY)")


def rows_of(count: int) -> list[Row]:
    """Return rows whose signatures nobody checks."""
    told = [Stamped("command.executed", n, 1, b'{"session":"s%d"}' % (n % 2)) for n in range(count)]
    return extend(EMPTY, told, lambda linked: linked * 2)[0]


class StoreTests(SynchronousTestCase):
    """What goes in is there, whole transactions at a time."""

    def setUp(self) -> None:
        self.path = folder_for(self) / "journal.sqlite"

    def open(self) -> Store:
        """Open the store of this test."""
        store = open_store(self.path)
        self.addCleanup(store.close)
        return store

    def test_it_is_for_its_owner_alone(self) -> None:
        """The log beside it, too."""
        self.open().append(0, rows_of(1), b"k" * 32)
        modes = {path.name: path.stat().st_mode & 0o777 for path in self.path.parent.iterdir()}
        expected = {"journal.sqlite": 0o600, "journal.sqlite-wal": 0o600, "journal.sqlite-shm": 0o600}
        self.assertEqual(modes, expected)

    def test_it_writes_ahead_and_waits_for_the_disk(self) -> None:
        """WAL, synchronous=FULL, secure_delete."""
        db = self.open()._db
        names = ("journal_mode", "synchronous", "secure_delete")
        self.assertEqual([db.execute(f"PRAGMA {name}").fetchone()[0] for name in names], ["wal", 2, 1])

    def test_rows_are_read_as_they_were_written(self) -> None:
        """Place by place; the head and the key are there."""
        store, rows = self.open(), rows_of(5)
        self.assertEqual(store.head(), (0, None))
        store.append(0, rows, b"k" * 32)
        self.assertEqual([placed.row for placed in read_rows(self.path, Wanted())], rows)
        last = rows[-1].envelope
        self.assertEqual(store.head(), (5, Head(last.origin, 5, last.hash)))
        self.assertEqual((store.public_of(last.origin), store.public_of("other")), (b"k" * 32, b""))

    def test_a_failed_transaction_leaves_nothing(self) -> None:
        """Its last row is there already, so the first is not written either."""
        store, rows = self.open(), rows_of(3)
        store.append(0, rows[2:])
        with self.assertRaises(OSError) as caught:
            store.append(1, rows)
        self.assertEqual(caught.exception.errno, errno.EIO)
        self.assertEqual(store.head()[0], 1)
        store.append(1, rows[:2])
        self.assertEqual(store.head()[0], 3)

    def test_pruning_takes_the_oldest_of_its_kind(self) -> None:
        """So many at a time; the session goes with the body."""
        store = self.open()
        store.append(0, rows_of(6))
        self.assertEqual(store.prune(4, ["auth.failed"], 10), 0)
        self.assertEqual([store.prune(4, ["command.executed"], 3) for _ in range(3)], [3, 1, 0])
        placed = list(read_rows(self.path, Wanted()))
        self.assertEqual([one.place for one in placed if one.row.body is None], [1, 2, 3, 4])
        self.assertEqual([one.session for one in placed], [None] * 4 + ["s0", "s1"])

    def test_what_was_pruned_is_not_in_the_file(self) -> None:
        """Neither in the store nor in its log."""
        store = self.open()
        told = [Stamped("command.executed", 1, 1, b'{"command":"CANARY-7"}')]
        store.append(0, extend(EMPTY, told, lambda linked: linked * 2)[0])
        store.prune(2, ["command.executed"], 10)
        for path in self.path.parent.iterdir():
            self.assertNotIn(b"CANARY-7", path.read_bytes())

    def test_a_closed_store_fails_as_a_disk_does(self) -> None:
        """An OSError, from every way of using it."""
        store = open_store(self.path)
        store._db.execute("DROP TABLE entries")
        for use in (store.head, lambda: store.append(0, rows_of(1)), lambda: store.prune(1, ["a"], 1)):
            with self.assertRaises(OSError):
                use()
        store.close()


class MigrationTests(SynchronousTestCase):
    """A store goes forward, never back."""

    def setUp(self) -> None:
        self.path = folder_for(self) / "journal.sqlite"
        store = open_store(self.path)
        store.append(0, rows_of(4), b"k" * 32)
        store.close()

    def test_the_next_version_finds_everything(self) -> None:
        """A migration that is still to come is applied once, and all rows are there."""
        for _ in range(2):
            open_store(self.path, (*MIGRATIONS, NEXT)).close()
        self.assertEqual(len(list(read_rows(self.path, Wanted()))), 4)
        with closing(sqlite3.connect(self.path)) as db:
            self.assertEqual(db.execute("SELECT version FROM schema_version").fetchall(), [(2,)])
            self.assertEqual(db.execute("SELECT count(*) FROM peers").fetchone(), (0,))

    def test_a_migration_that_fails_changes_nothing(self) -> None:
        """Half of a step is no step."""
        with self.assertRaises(JournalCorrupt):
            open_store(self.path, (*MIGRATIONS, (NEXT[0], "CREATE NONSENSE")))
        store = open_store(self.path)
        self.addCleanup(store.close)
        self.assertEqual(store.head()[0], 4)

    def test_a_newer_store_is_refused(self) -> None:
        """With what to do."""
        open_store(self.path, (*MIGRATIONS, NEXT)).close()
        with self.assertRaisesRegex(JournalNewer, r"newer version \(shape 2.*install that version"):
            open_store(self.path)

    def test_a_version_that_is_none_is_damage(self) -> None:
        """Text or a negative number in its place."""
        for version in ("'two'", "-1"):
            with closing(sqlite3.connect(self.path)) as db, db:
                db.execute(f"UPDATE schema_version SET version = {version}")
            with self.assertRaisesRegex(JournalCorrupt, "version of its shape"):
                open_store(self.path)


class DamageTests(SynchronousTestCase):
    """A store that is not sound is not opened, and the words say how to recover."""

    def setUp(self) -> None:
        self.path = folder_for(self) / "journal.sqlite"
        store = open_store(self.path)
        store.append(0, rows_of(300), b"k" * 32)
        store.close()

    def refused(self) -> None:
        """Expect the refusal, with file and way out."""
        with self.assertRaisesRegex(JournalCorrupt, f"{self.path}.*restore the folder from a backup"):
            open_store(self.path)

    def test_a_file_that_is_no_store(self) -> None:
        """Text instead of pages."""
        self.path.write_bytes(b"This is not a database. " * 1000)
        self.refused()

    def test_a_file_that_was_cut(self) -> None:
        """Half of it is missing."""
        raw = self.path.read_bytes()
        self.path.write_bytes(raw[: len(raw) // 2])
        self.refused()

    def test_pages_that_were_overwritten(self) -> None:
        """A run of zeros in the middle."""
        raw = bytearray(self.path.read_bytes())
        middle = len(raw) // 2
        raw[middle : middle + 8192] = bytes(8192)
        self.path.write_bytes(raw)
        self.refused()

    def test_a_last_row_that_is_none(self) -> None:
        """Its hash has another length."""
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute("UPDATE entries SET hash = x'00' WHERE place = 300")
        self.refused()

    def test_a_folder_is_no_store(self) -> None:
        """What the disk says is an OSError, not damage."""
        shutil.rmtree(self.path.parent)
        self.path.mkdir(parents=True)
        with self.assertRaises(OSError):
            open_store(self.path)
        self.assertTrue(Path(self.path).is_dir())
