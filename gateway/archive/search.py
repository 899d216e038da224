"""Full-text search over what recordings showed, and the commands that ran.

The rule: the index (one file a month, SQLite FTS5) holds keyed words and places, no text; what is shown of a hit is
rendered from the recording itself, so who may not read the recording, or nobody any more, sees nothing of it. All of
it runs in threads. Only whole recordings are indexed: an open one is found when it is sealed.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from threading import Lock
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from gateway.archive import reader
from gateway.archive.files import replace
from gateway.archive.format import canonical
from gateway.archive.keys import NodeKeys, new_key
from gateway.archive.reel import Reel, open_reel
from gateway.archive.words import Keyed, excerpt, phrases
from gateway.domain.cast import Event
from gateway.domain.transcript import Line, Transcript
from gateway.interfaces.archive import ArchiveError, ISearch

VERSION = 1
MONTH = re.compile(r"\d{4}-\d{2}\.sqlite")
COMMANDS = -1
"""Stands for a frame's number where the words are those of the commands that were told of."""

TABLES = f"""
PRAGMA user_version = {VERSION};
CREATE TABLE done (session TEXT PRIMARY KEY);
CREATE TABLE place (id INTEGER PRIMARY KEY, session TEXT, channel INTEGER, part INTEGER);
CREATE INDEX place_session ON place (session);
CREATE VIRTUAL TABLE word USING fts5(text, content='', tokenize='ascii');
"""

Commands = Callable[[str], Sequence[tuple[float, str]]]
"""Returns a session's commands, with their seconds from its start."""
InThread = Callable[..., Deferred[Any]]
Found = dict[str, Any]
Among = Callable[[Mapping[str, Any]], bool]


@implementer(ISearch)
@attrs.define(eq=False, repr=False)
class Search:
    """The index of one node; ``directory_of`` finds a recording on disk."""

    root: str
    directory_of: Callable[[str], str | None]
    about: Callable[[str], Mapping[str, Any]]
    """Returns what is listed of a recording."""
    keys: NodeKeys
    in_thread: InThread
    commands: Commands = lambda session: ()
    _lock: Lock = attrs.field(init=False, factory=Lock)
    _keyed: Keyed | None = attrs.field(init=False, default=None)
    _open: dict[str, sqlite3.Connection] = attrs.field(init=False, factory=dict)

    def add(self, session: str, started: str) -> Deferred[int]:
        """Index a sealed recording, unless it is; fires with the number of places."""
        return self.in_thread(self._add, session, started[:7])

    def missing(self, rows: Sequence[Mapping[str, Any]]) -> Deferred[list[tuple[str, str]]]:
        """Return session and start of the whole recordings that are not in the index."""
        return self.in_thread(self._missing, rows)

    def find(self, wanted: str, most: int, among: Among) -> Deferred[list[Found]]:
        """Return at most so many hits, the newest sessions' first: ``id, channel, t, snippet, operator, target``."""
        return self.in_thread(self._find, wanted, most, among)

    def forget(self, session: str) -> Deferred[None]:
        """Take a recording that was deleted out of the index."""
        return self.in_thread(self._forget, session)

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    # In threads.

    def _spelling(self) -> Keyed:
        """Return the spelling under the node's search key, which is made when there is none."""
        if self._keyed is None:
            os.makedirs(self.root, 0o700, exist_ok=True)
            path = os.path.join(self.root, "key")
            if not os.path.exists(path):
                replace(path, canonical({"recipients": list(self.keys.wrap(new_key()))}) + b"\n")
            with open(path, "rb") as stored:
                key = self.keys.unwrap(reader.read_wrapped(stored.read(1 << 16)))
            if key is None:
                raise ArchiveError("this node can not open the key of its search index: remove the folder search")
            self._keyed = Keyed(key)
        return self._keyed

    def _month(self, name: str) -> sqlite3.Connection:
        """Return a month's file; raises :exc:`ArchiveError` for one that a newer version wrote."""
        if name not in self._open:
            os.makedirs(self.root, 0o700, exist_ok=True)
            opened = sqlite3.connect(os.path.join(self.root, name), check_same_thread=False, isolation_level=None)
            (version,) = opened.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                opened.close()
                raise ArchiveError(f"the search index {name} was written by a newer version")
            opened.execute("PRAGMA journal_mode = WAL")
            opened.execute("PRAGMA synchronous = NORMAL")
            if version == 0:
                opened.executescript(TABLES)
            self._open[name] = opened
        return self._open[name]

    def _months(self) -> list[str]:
        try:
            return sorted((name for name in os.listdir(self.root) if MONTH.fullmatch(name)), reverse=True)
        except FileNotFoundError:
            return []

    def _add(self, session: str, month: str) -> int:
        directory = self.directory_of(session)
        if directory is None:
            return 0
        spelling = self._spelling()
        places = [(channel, part, spelling.text(text)) for channel, part, text in self._texts(session, directory)]
        with self._lock:
            file = self._month(f"{month}.sqlite")
            if file.execute("SELECT 1 FROM done WHERE session = ?", (session,)).fetchone():
                return 0
            with closing(file.cursor()) as cursor:
                cursor.execute("BEGIN IMMEDIATE")
                for channel, part, text in places:
                    place = session, channel, part
                    cursor.execute("INSERT INTO place (session, channel, part) VALUES (?, ?, ?)", place)
                    cursor.execute("INSERT INTO word (rowid, text) VALUES (?, ?)", (cursor.lastrowid, text))
                cursor.execute("INSERT INTO done VALUES (?)", (session,))
                cursor.execute("COMMIT")
        return len(places)

    def _texts(self, session: str, directory: str) -> Iterator[tuple[int, int, str]]:
        """Yield each frame's text, then that of the commands."""
        for path in reader.track_paths(directory):
            try:
                reel = open_reel(directory, reader.track_number(path), self.keys, self.in_thread)
            except ArchiveError:
                continue
            transcript = Transcript(*reel.size, terminal=reel.kind == "pty")
            for number in range(len(reel.parts)):
                lines = transcript.lines(_in_order(reel, number))
                text = "\n".join(line.text for line in (*lines, *transcript.rest()))
                if text:
                    yield reel.channel, number, text
        told = "\n".join(text for _, text in self.commands(session))
        if told:
            yield 0, COMMANDS, told

    def _missing(self, rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
        with self._lock:
            files = [self._month(name) for name in self._months()]
            known = {session for file in files for (session,) in file.execute("SELECT session FROM done")}
        whole = (row for row in rows if row["state"] in ("sealed", "unsealed") and row["started"])
        return [(row["session"], row["started"]) for row in whole if row["session"] not in known]

    def _find(self, wanted: str, most: int, among: Among) -> list[Found]:
        query = self._spelling().query(wanted)
        found: list[Found] = []
        for name in self._months() if query else ():
            for session, channel, part in self._places(name, query):
                if among(self.about(session)) and (hit := self._shown(session, channel, part, phrases(wanted))):
                    found.append(hit)
                    if len(found) == most:
                        return found
        return found

    def _places(self, name: str, query: str) -> list[tuple[str, int, int]]:
        with self._lock:
            rows = self._month(name).execute(
                "SELECT session, channel, part FROM word JOIN place ON place.id = word.rowid"
                " WHERE word MATCH ? ORDER BY session DESC, channel, part", (query,),
            )  # fmt: skip
            return rows.fetchall()

    def _shown(self, session: str, channel: int, part: int, wanted: list[str]) -> Found | None:
        """Render what a hit shows; None where the recording is gone or can not be read."""
        lines = self._commands(session) if part == COMMANDS else self._rendered(session, channel, part)
        for line in lines:
            snippet = excerpt(line.text, wanted)
            if snippet is not None:
                about = self.about(session)
                who = {key: about.get(key, "") for key in ("operator", "target")}
                return {"id": session, "channel": channel, "t": round(line.at, 3), "snippet": snippet, **who}
        return None

    def _commands(self, session: str) -> list[Line]:
        if self.directory_of(session) is None:
            return []
        return [Line(at, text) for at, text in self.commands(session)]

    def _rendered(self, session: str, channel: int, part: int) -> list[Line]:
        directory = self.directory_of(session)
        if directory is None:
            return []
        try:
            reel = open_reel(directory, channel, self.keys, self.in_thread)
        except (KeyError, OSError, ArchiveError):
            return []
        if part >= len(reel.parts):
            return []
        transcript = Transcript(*reel.size, terminal=reel.kind == "pty")
        snapshot = reel.read(part).snapshot
        if snapshot is not None:
            transcript.begin(snapshot["cols"], snapshot["rows"], snapshot["init"])
        return [*transcript.lines(_in_order(reel, part)), *transcript.rest()]

    def _forget(self, session: str) -> None:
        with self._lock:
            for name in self._months():
                file = self._month(name)
                file.execute("DELETE FROM place WHERE session = ?", (session,))
                file.execute("DELETE FROM done WHERE session = ?", (session,))
                if not file.execute("SELECT 1 FROM done LIMIT 1").fetchone():
                    self._open.pop(name).close()
                    os.unlink(os.path.join(self.root, name))


def _in_order(reel: Reel, part: int) -> list[Event]:
    return sorted(reel.read(part).events, key=lambda event: event.at)
