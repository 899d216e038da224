"""The shape of a store, version by version.

The rule: a migration that was released is never changed; the next version is one more tuple of statements.
"""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE origins (origin TEXT PRIMARY KEY, public BLOB NOT NULL) WITHOUT ROWID",
        """CREATE TABLE entries (
            place INTEGER PRIMARY KEY,
            origin TEXT NOT NULL,
            seq INTEGER NOT NULL,
            kind TEXT NOT NULL,
            time_us INTEGER NOT NULL,
            severity INTEGER NOT NULL,
            session TEXT,
            body BLOB,
            body_hash BLOB NOT NULL,
            prev BLOB NOT NULL,
            hash BLOB NOT NULL,
            signature BLOB NOT NULL
        )""",
        "CREATE UNIQUE INDEX entries_by_origin ON entries (origin, seq)",
        "CREATE INDEX entries_by_kind ON entries (kind, place)",
        "CREATE INDEX entries_by_session ON entries (session, place) WHERE session IS NOT NULL",
    ),
)
