"""Whatever is changed in a store, verify finds it and says where."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import Fact
from gateway.journal import open_journal
from gateway.journal.verify import Verdict, verify
from tests.journal.examples import FEW, MANY
from tests.journal.folders import folder_for
from tests.journal.listening import Wall

LIST = Fact("command.executed", {"session": "s1", "command": "ls"})
TABLES = {
    "entries": "place origin seq kind time_us severity session body body_hash prev hash signature".split(),
    "origins": ["origin", "public"],
    "schema_version": ["version"],
}
COLUMNS = [(table, column) for table, columns in TABLES.items() for column in columns]


def written(folder: Path) -> Path:
    """Write a store of two incarnations, one body pruned; return its path."""
    path = folder / "journal.sqlite"
    for name in ("gw1", "gw2"):
        journal = open_journal(path, name, 0, None, Wall(), reserve_size=0)
        journal.tell_all([LIST, Fact("auth.failed", {"user": "alice"}), LIST])
        if name == "gw1":
            journal.prune(2e9, ["auth.failed"])
        journal.close()
    return path


def changed(value: object, position: int, bits: int) -> object:
    """Return a column's value with one byte changed, of the same type."""
    if isinstance(value, int):
        return value ^ (bits << 8 * (position % 4))
    if value is None:
        return "s1"
    raw = bytearray(value.encode() if isinstance(value, str) else value)
    raw[position % len(raw)] ^= bits
    return raw.decode("latin-1") if isinstance(value, str) else bytes(raw)


class VerifyTests(SynchronousTestCase):
    """A store as it was written, and all that can be wrong with it."""

    def setUp(self) -> None:
        self.whole = folder_for(self)
        written(self.whole)

    def copy(self) -> Path:
        """Return a store to spoil."""
        folder = folder_for(self)
        shutil.copytree(self.whole, folder, dirs_exist_ok=True)
        return folder / "journal.sqlite"

    def spoilt(self, *statements: str) -> Verdict:
        """Verify a copy in which somebody did something."""
        path = self.copy()
        with closing(sqlite3.connect(path)) as db, db:
            for statement in statements:
                db.execute(statement)
        return verify(path)

    def test_what_was_written_is_good(self) -> None:
        """Counts, head and time of the last row; nobody else vouches for it."""
        verdict = verify(self.whole / "journal.sqlite")
        self.assertEqual((verdict.result, verdict.count, verdict.pruned, verdict.seq), ("OK", 8, 1, 4))
        self.assertEqual((verdict.time, verdict.bad_at, verdict.rests_on), (Wall().now, "", "own key only"))
        self.assertRegex(verdict.origin, r"\Agw2#0\.")

    @MANY
    @given(st.sampled_from(COLUMNS), st.integers(0, 7), st.integers(0, 10_000), st.integers(1, 255))
    def test_one_changed_byte_is_found(self, where: tuple[str, str], row: int, position: int, bits: int) -> None:
        """In any column of any row of any table."""
        table, column = where
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(self.whole, folder, dirs_exist_ok=True)
            path = Path(folder) / "journal.sqlite"
            with closing(sqlite3.connect(path)) as db, db:
                key = "origin" if table == "origins" else "rowid"
                rows = db.execute(f"SELECT {key}, {column} FROM {table} ORDER BY 1").fetchall()
                chosen, value = rows[row % len(rows)]
                spoilt = changed(value, position, bits)
                if column == "body" and value is None:
                    spoilt = b"{}"
                db.execute(f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {key} = ?", (spoilt, chosen))
            self.assertEqual(verify(path).result, "BAD")

    @FEW
    @given(st.integers(0, 2**31), st.integers(1, 255))
    def test_one_changed_byte_of_the_file_is_a_verdict(self, position: int, bits: int) -> None:
        """Total: found, or of no consequence to what is read; never an exception."""
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(self.whole, folder, dirs_exist_ok=True)
            path = Path(folder) / "journal.sqlite"
            raw = bytearray(path.read_bytes())
            raw[position % len(raw)] ^= bits
            path.write_bytes(raw)
            before, verdict = verify(self.whole / "journal.sqlite"), verify(path)
            if verdict.result == "OK":
                self.assertEqual(verdict, before)

    def test_a_row_that_is_gone_is_found(self) -> None:
        """From the middle, and from the end while the mark is there."""
        for place in (1, 3, 5, 8):
            self.assertEqual(self.spoilt(f"DELETE FROM entries WHERE place = {place}").result, "BAD")
        verdict = self.spoilt("DELETE FROM entries WHERE place = 8")
        self.assertIn("mark", verdict.detail)
        self.assertTrue(verdict.bad_at.endswith("/4"))

    def test_an_earlier_incarnation_can_not_be_cut_short(self) -> None:
        """The next one names the head that it found."""
        verdict = self.spoilt(
            "DELETE FROM entries WHERE place = 4", "UPDATE entries SET place = place - 1 WHERE place > 4"
        )
        self.assertIn("what it found", verdict.detail)

    def test_the_place_and_the_reason_are_named(self) -> None:
        """The first row that does not fit, and how far all was well."""
        verdict = self.spoilt("UPDATE entries SET severity = 0 WHERE place = 6")
        self.assertEqual((verdict.result, verdict.count), ("BAD", 5))
        self.assertRegex(verdict.bad_at, r"\Agw2#0\.[0-9a-f]{4}/2\Z")
        self.assertIn("not what was hashed", verdict.detail)

    def test_columns_of_another_type_are_found(self) -> None:
        """SQLite lets anything stand anywhere."""
        self.assertIn("type", self.spoilt("UPDATE entries SET kind = x'00' WHERE place = 2").detail)
        self.assertIn("type", self.spoilt("UPDATE entries SET hash = 'text' WHERE place = 2").detail)

    def test_a_store_whose_keys_are_none_is_found(self) -> None:
        """An origin without a name, a key of another length, a body that is no JSON."""
        self.assertIn("no key", self.spoilt("UPDATE entries SET origin = '' WHERE place = 1").detail)
        short = 'CAST(\'{"public":"00"}\' AS BLOB)'
        verdict = self.spoilt("UPDATE origins SET public = x'00'", f"UPDATE entries SET body = {short} WHERE place = 1")
        self.assertIn("not an Ed25519 key", verdict.detail)
        self.assertEqual(self.spoilt("UPDATE entries SET body = x'ff' WHERE place = 1").count, 0)
        unreadable = self.spoilt("UPDATE entries SET session = 's9' WHERE place = 4")
        self.assertIn("filed under", unreadable.detail)

    def test_an_origin_without_rows_is_found(self) -> None:
        """No key is kept for nobody."""
        verdict = self.spoilt("INSERT INTO origins VALUES ('gw9#0.0000', x'00')")
        self.assertEqual(verdict.bad_at, "gw9#0.0000")

    def test_a_missing_table_is_a_verdict(self) -> None:
        """And so is a file that is no database."""
        self.assertIn("can not be read", self.spoilt("DROP TABLE entries").detail)
        path = self.copy()
        path.write_bytes(b"no database at all" * 400)
        self.assertEqual(verify(path).result, "BAD")
        with self.assertRaises(FileNotFoundError):
            verify(path.with_name("nothing.sqlite"))

    def test_a_key_that_is_known_from_elsewhere_decides(self) -> None:
        """Another history, signed by another key, is good in itself and bad against the known key."""
        other = written(folder_for(self))
        with closing(sqlite3.connect(self.whole / "journal.sqlite")) as db:
            known = {public for (public,) in db.execute("SELECT public FROM origins")}
        self.assertEqual(verify(other).result, "OK")
        self.assertIn("trusted", verify(other, known).detail)
        verdict = verify(self.whole / "journal.sqlite", known)
        self.assertEqual((verdict.result, verdict.rests_on), ("OK", "a key that was known before"))

    def test_an_open_journal_verifies(self) -> None:
        """While it is being written, too."""
        path = folder_for(self) / "journal.sqlite"
        journal = open_journal(path, "gw1", 0, None, reserve_size=0)
        self.addCleanup(journal.close)
        journal.tell_all([LIST] * 1200)
        self.assertEqual((verify(path).result, verify(path).count), ("OK", 1201))
