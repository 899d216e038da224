"""Reading back, page by page, whatever is there."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import Fact
from gateway.journal import JournalCorrupt, open_journal
from gateway.journal.errors import ChainBroken
from gateway.journal.reading import (
    PAGE,
    Placed,
    Wanted,
    find_place,
    open_reader,
    origins_of,
    read_rows,
    row_from,
    version_of,
)
from tests.journal.examples import FEW, MANY
from tests.journal.folders import folder_for

COLUMNS = (1, "o", 1, "k", 0, 0, None, b"{}", b"h", b"p", b"l", b"s")
ANYTHING = st.none() | st.integers() | st.floats() | st.text() | st.binary()


class ReadingTests(SynchronousTestCase):
    """A store of a little more than two pages."""

    def setUp(self) -> None:
        self.path = folder_for(self) / "journal.sqlite"
        self.journal = open_journal(self.path, "gw1", 0, None, reserve_size=0)
        self.addCleanup(self.journal.close)
        kinds = ("command.executed", "auth.failed")
        facts = [Fact(kinds[n % 2], {"session": f"s{n % 3}"}) for n in range(2 * PAGE + 9)]
        self.journal.tell_all(facts)

    def places(self, wanted: Wanted) -> list[int]:
        """Return the places of what is read."""
        return [placed.place for placed in read_rows(self.path, wanted)]

    def test_pages_are_seamless(self) -> None:
        """Nothing twice, nothing left out, whatever the limit."""
        whole = list(range(1, 2 * PAGE + 11))
        self.assertEqual(self.places(Wanted()), whole)
        for limit in (0, 1, PAGE, PAGE + 1, 2 * PAGE):
            self.assertEqual(self.places(Wanted(limit=limit)), whole[:limit])
        self.assertEqual(self.places(Wanted(after=PAGE - 1, upto=PAGE + 2)), [PAGE, PAGE + 1, PAGE + 2])

    def test_conditions_hold_together(self) -> None:
        """Kind and session and bounds."""
        wanted = Wanted(after=10, upto=30, kinds=("auth.failed", "no.such"), session="s0")
        expected = [n + 2 for n in range(2 * PAGE) if n % 2 == 1 and n % 3 == 0 and 10 < n + 2 <= 30]
        self.assertEqual(self.places(wanted), expected)

    def test_what_is_written_while_reading_comes_too(self) -> None:
        """And reading holds up nobody."""
        reading = read_rows(self.path, Wanted())
        next(reading)
        self.journal.tell(Fact("node.stopped"))
        *_, last = reading
        self.assertEqual(last.row.envelope.kind, "node.stopped")

    def test_a_reader_can_not_write(self) -> None:
        """The file is opened for reading."""
        with closing(open_reader(self.path)) as db, self.assertRaises(sqlite3.OperationalError):
            db.execute("DELETE FROM entries")

    def test_a_place_is_found_or_not(self) -> None:
        """By origin and seq."""
        self.assertEqual(find_place(self.path, self.journal.origin, 7), 7)
        self.assertIsNone(find_place(self.path, "other#0.0000", 7))

    def test_a_row_that_no_journal_wrote_is_damage(self) -> None:
        """Said with the file's name."""
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute("UPDATE entries SET prev = 'text' WHERE place = 4")
        with self.assertRaisesRegex(JournalCorrupt, str(self.path)):
            self.places(Wanted())

    def test_no_store_is_an_error_of_the_disk(self) -> None:
        """For each way of reading."""
        gone = self.path.with_name("gone.sqlite")
        with self.assertRaises(OSError):
            list(read_rows(gone, Wanted()))
        with closing(sqlite3.connect(gone)):
            pass
        with self.assertRaises(OSError):
            list(read_rows(gone, Wanted()))
        with self.assertRaises(OSError):
            find_place(gone, "gw1#0.9f3a", 1)

    def test_origins_and_version_are_read_whatever_stands_there(self) -> None:
        """What is of another type is empty or left out; two versions are none."""
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute("INSERT INTO origins VALUES ('text', 'text')")
            db.execute("INSERT INTO origins VALUES (x'00', x'01')")
            db.execute("INSERT INTO schema_version VALUES (7)")
        with closing(open_reader(self.path)) as db:
            self.assertEqual(sorted(map(len, origins_of(db).values())), [0, 32])
            self.assertIsNone(version_of(db))


class RowTests(SynchronousTestCase):
    """A row is of its types or broken."""

    def test_a_row_of_its_types_is_taken(self) -> None:
        """Each column in its field."""
        placed = row_from(COLUMNS)
        self.assertEqual((placed.place, placed.session, placed.row.envelope.signature), (1, None, b"s"))

    @MANY
    @given(st.lists(ANYTHING, min_size=10, max_size=13) | st.tuples(*[ANYTHING] * 12))
    def test_hostile_columns_are_a_row_or_broken(self, columns: list[object]) -> None:
        """Nothing else comes out."""
        try:
            self.assertIsInstance(row_from(columns), Placed)
        except ChainBroken:
            return

    @FEW
    @given(st.integers(0, 11), ANYTHING)
    def test_one_column_of_another_type_is_broken(self, position: int, value: object) -> None:
        """Whichever it is."""
        allowed = (bytes, type(None)) if position == 7 else (str, type(None)) if position == 6 else ()
        if isinstance(value, allowed or type(COLUMNS[position])):
            return
        with self.assertRaises(ChainBroken):
            row_from((*COLUMNS[:position], value, *COLUMNS[position + 1 :]))
