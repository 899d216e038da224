"""The store: rows in SQLite, each transaction on disk before it is called committed.

The rule: a failed transaction leaves nothing behind, and ``place`` (the order of arrival, from 1, no gaps)
grows by one a row. WAL, synchronous=FULL, mode 0600, secure_delete. A store that is not sound, or newer than
this programme, is not opened.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import attrs

from gateway.journal.beside import sync_folder
from gateway.journal.chain import GENESIS, Head, Row
from gateway.journal.errors import JournalCorrupt, JournalNewer
from gateway.journal.migrations import MIGRATIONS

COLUMNS = "place, origin, seq, kind, time_us, severity, session, body, body_hash, prev, hash, signature"
"""The columns of ``entries`` in the order of :func:`gateway.journal.reading.row_from`."""

_INSERT = f"INSERT INTO entries ({COLUMNS}) VALUES (?{', ?' * 11})"  # noqa: S608 - marks only
_RECOVERY = (
    "stop everything that uses it, keep a copy, then restore the folder from a backup or move the store off: "
    "in both cases a new incarnation of the journal begins when the gateway starts again"
)


@attrs.define
class Store:
    """Write rows to one SQLite file; made by :func:`open_store`, used by one thread at a time."""

    path: Path
    _db: sqlite3.Connection

    def append(self, place: int, rows: Sequence[Row], origin_key: bytes | None = None) -> None:
        """Commit rows behind ``place`` in one transaction, all or none; raise OSError.

        ``origin_key`` is the public key of an origin that begins with these rows.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
            if origin_key is not None:
                begun = (rows[0].envelope.origin, origin_key)
                self._db.execute("INSERT INTO origins (origin, public) VALUES (?, ?)", begun)
            self._db.executemany(
                _INSERT, [_columns_of(number, row) for number, row in enumerate(rows, place + 1)]
            )
            self._db.execute("COMMIT")
        except sqlite3.Error as wrong:
            raise disk_error(wrong, self.path) from wrong
        finally:
            self._undo()

    def prune(self, before_us: int, kinds: Sequence[str], most: int) -> int:
        """Forget the bodies of at most ``most`` rows older than a time; return how many, or raise OSError."""
        marks = ", ".join("?" for _ in kinds)
        chosen = (
            f"SELECT place FROM entries WHERE kind IN ({marks}) AND time_us < ? "  # noqa: S608 - marks only
            "AND body IS NOT NULL LIMIT ?"
        )
        try:
            self._db.execute("BEGIN IMMEDIATE")
            done = self._db.execute(
                f"UPDATE entries SET body = NULL, session = NULL WHERE place IN ({chosen})",  # noqa: S608
                (*kinds, before_us, most),
            ).rowcount
            self._db.execute("COMMIT")
            if done < most:
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as wrong:
            raise disk_error(wrong, self.path) from wrong
        finally:
            self._undo()
        return done

    def head(self) -> tuple[int, Head | None]:
        """Return the last place and the head of the origin that wrote last (None: an empty store)."""
        try:
            found = self._db.execute(
                "SELECT place, origin, seq, hash FROM entries ORDER BY place DESC LIMIT 1"
            ).fetchone()
        except sqlite3.Error as wrong:
            raise disk_error(wrong, self.path) from wrong
        if found is None:
            return 0, None
        place, origin, seq, linked = found
        return place, Head(origin, seq, linked)

    def public_of(self, origin: str) -> bytes:
        """Return the raw Ed25519 public key of an origin; empty where it is not known."""
        found = self._db.execute("SELECT public FROM origins WHERE origin = ?", (origin,)).fetchone()
        return bytes(found[0]) if found is not None and isinstance(found[0], bytes) else b""

    def close(self) -> None:
        """Close the file; committed rows need nothing more."""
        self._db.close()

    def _undo(self) -> None:
        if self._db.in_transaction:
            self._db.rollback()


def open_store(path: Path, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> Store:
    """Open a store or make a new one, bring its shape up to date and check it; raises JournalCorrupt,
    JournalNewer or OSError."""
    made = not path.exists()
    if made:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    db = _connect(path)
    try:
        _set_up(db, path, migrations)
    except sqlite3.DatabaseError as wrong:
        db.close()
        raise _unsound(wrong, path) from wrong
    except (JournalCorrupt, JournalNewer):
        db.close()
        raise
    if made:
        sync_folder(path.parent)
    return Store(path, db)


def _connect(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as wrong:
        raise disk_error(wrong, path) from wrong


def disk_error(wrong: sqlite3.Error, path: Path) -> OSError:
    """Return what SQLite could not do as an OSError: ENOSPC for a full disk, else EIO."""
    full = _primary_code(wrong) == sqlite3.SQLITE_FULL
    return OSError(errno.ENOSPC if full else errno.EIO, f"the journal was not written: {wrong}", str(path))


def _primary_code(wrong: sqlite3.Error) -> int:
    return int(getattr(wrong, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def _unsound(wrong: sqlite3.DatabaseError, path: Path) -> Exception:
    damaged = _primary_code(wrong) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
    if damaged or not isinstance(wrong, sqlite3.OperationalError):
        return JournalCorrupt(f"{path} is damaged: {wrong}; {_RECOVERY}")
    return disk_error(wrong, path)


def _set_up(db: sqlite3.Connection, path: Path, migrations: Sequence[Sequence[str]]) -> None:
    db.execute("PRAGMA secure_delete = ON").fetchall()
    db.execute("PRAGMA journal_mode = WAL").fetchall()
    db.execute("PRAGMA synchronous = FULL")
    _migrate(db, path, migrations)
    answers = db.execute("PRAGMA quick_check(1)").fetchall()
    if answers != [("ok",)]:
        said = " ".join(str(answers[0][0]).split())
        raise JournalCorrupt(f"{path} is damaged: {said}; {_RECOVERY}")
    last = db.execute("SELECT origin, seq, hash FROM entries ORDER BY place DESC LIMIT 1").fetchone()
    if last is not None and not _is_head(last):
        raise JournalCorrupt(f"{path} is damaged: its last row is not one that a journal writes; {_RECOVERY}")


def _is_head(last: tuple[object, ...]) -> bool:
    match last:
        case (str(), int(), bytes(linked)):
            return len(linked) == len(GENESIS)
    return False


def _migrate(db: sqlite3.Connection, path: Path, migrations: Sequence[Sequence[str]]) -> None:
    db.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
    found = db.execute("SELECT max(version) FROM schema_version").fetchone()[0]
    version = found or 0
    if not isinstance(version, int) or version < 0:
        raise JournalCorrupt(f"{path} names {version!r} as the version of its shape; {_RECOVERY}")
    if version > len(migrations):
        raise JournalNewer(
            f"{path} was written by a newer version (shape {version}, and this programme knows up to "
            f"{len(migrations)}); install that version again, or restore the folder from a backup made before"
        )
    for number in range(version + 1, len(migrations) + 1):
        db.execute("BEGIN IMMEDIATE")
        for statement in migrations[number - 1]:
            db.execute(statement)
        db.execute("DELETE FROM schema_version")
        db.execute("INSERT INTO schema_version (version) VALUES (?)", (number,))
        db.execute("COMMIT")


def _columns_of(place: int, row: Row) -> tuple[object, ...]:
    envelope = row.envelope
    return (
        place,
        envelope.origin,
        envelope.seq,
        envelope.kind,
        envelope.time_us,
        envelope.severity,
        row.session,
        row.body,
        envelope.body_hash,
        envelope.prev,
        envelope.hash,
        envelope.signature,
    )
