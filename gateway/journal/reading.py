"""Rows as they are read back, on a connection that can not write.

The rule: what is in the file is hostile until it is checked. A row whose columns are not of the written types
raises ChainBroken; whether it fits its chain is asked of :mod:`gateway.journal.chain`. Rows are fetched a
page at a time, so that no reader keeps the write-ahead log from being taken up.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import attrs

from gateway.journal.chain import Envelope, Row
from gateway.journal.errors import ChainBroken, JournalCorrupt
from gateway.journal.store import COLUMNS, disk_error

PAGE = 500
"""Rows that are fetched at once."""


@attrs.frozen
class Placed:
    """Hold a row with its place in the store and the session it is filed under."""

    place: int
    row: Row
    session: str | None


@attrs.frozen
class Wanted:
    """Say which rows to read: ``after < place <= upto``, of some kinds or all, of one session, so many."""

    after: int = 0
    upto: int | None = None
    kinds: tuple[str, ...] = ()
    session: str | None = None
    limit: int | None = None

    def clauses(self) -> tuple[str, list[object]]:
        """Return the SQL condition without ``after`` and ``limit``, and its values."""
        texts = ["place > ?"]
        values: list[object] = []
        if self.upto is not None:
            texts.append("place <= ?")
            values.append(self.upto)
        if self.kinds:
            texts.append(f"kind IN ({', '.join('?' for _ in self.kinds)})")
            values.extend(self.kinds)
        if self.session is not None:
            texts.append("session = ?")
            values.append(self.session)
        return " AND ".join(texts), values


def open_reader(path: Path) -> sqlite3.Connection:
    """Connect to a store without the right to write; raise OSError."""
    try:
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=5,
            isolation_level=None,
            check_same_thread=False,
        )
    except sqlite3.Error as wrong:
        raise disk_error(wrong, path) from wrong
    db.text_factory = _text
    return db


def read_rows(path: Path, wanted: Wanted) -> Iterator[Placed]:
    """Yield rows by place; raise JournalCorrupt for what no journal wrote, OSError for a disk that fails."""
    with closing(open_reader(path)) as db:
        try:
            yield from rows_of(db, wanted)
        except ChainBroken as wrong:
            raise JournalCorrupt(
                f"{path} is damaged: {wrong}; verify it and restore it from a backup"
            ) from wrong
        except sqlite3.Error as wrong:
            raise disk_error(wrong, path) from wrong


def rows_of(db: sqlite3.Connection, wanted: Wanted) -> Iterator[Placed]:
    """Yield rows by place from an open connection; raise ChainBroken or sqlite3.Error."""
    where, values = wanted.clauses()
    query = f"SELECT {COLUMNS} FROM entries WHERE {where} ORDER BY place LIMIT ?"  # noqa: S608 - marks only
    after, left = wanted.after, wanted.limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        page = db.execute(query, (after, *values, size)).fetchall()
        for columns in page:
            placed = row_from(columns)
            after = placed.place
            yield placed
        if len(page) < size:
            return
        left = None if left is None else left - len(page)


def find_place(path: Path, origin: str, seq: int) -> int | None:
    """Return the place of an origin's row, None where it is not there; raise OSError."""
    with closing(open_reader(path)) as db:
        try:
            found = db.execute(
                "SELECT place FROM entries WHERE origin = ? AND seq = ?", (origin, seq)
            ).fetchone()
        except sqlite3.Error as wrong:
            raise disk_error(wrong, path) from wrong
    return None if found is None else int(found[0])


def row_from(columns: Sequence[object]) -> Placed:
    """Return a row of :data:`COLUMNS`; raise ChainBroken where a column is not of its type."""
    match tuple(columns):
        case (
            int(place),
            str(origin),
            int(seq),
            str(kind),
            int(time_us),
            int(severity),
            (str() | None) as session,
            (bytes() | None) as body,
            bytes(body_hash),
            bytes(prev),
            bytes(linked),
            bytes(signature),
        ):
            envelope = Envelope(origin, seq, kind, time_us, severity, body_hash, prev, linked, signature)
            return Placed(place, Row(envelope, body), session)
    raise ChainBroken("a column is not of its type")


def origins_of(db: sqlite3.Connection) -> dict[str, bytes]:
    """Return each origin's raw public key; raise sqlite3.Error. Keys of another type are empty."""
    found = db.execute("SELECT origin, public FROM origins").fetchall()
    return {
        origin: public if isinstance(public, bytes) else b""
        for origin, public in found
        if isinstance(origin, str)
    }


def version_of(db: sqlite3.Connection) -> object:
    """Return the version of a store's shape, whatever stands there; raise sqlite3.Error."""
    found = db.execute("SELECT version FROM schema_version").fetchall()
    return found[0][0] if len(found) == 1 else None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
