"""All recordings of one node, as directories ``YYYY/MM/S-…`` under one root.

The rule: one recording's fate never touches another's. What is slow (disks, verification, export, recovery)
runs in the threads that were given; the reactor's thread only appends.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger
from zope.interface import implementer

from gateway.archive import export, manifest, recovery
from gateway.archive.deletion import delete, deletion
from gateway.archive.evidence import evidence
from gateway.archive.files import OpenFiles, make_directories
from gateway.archive.format import FormatError, canonical
from gateway.archive.keys import Ciphers, NodeKeys, new_key
from gateway.archive.reel import open_reel, text_of
from gateway.archive.rows import SESSION, begun, begun_epoch, check_session, row
from gateway.archive.verify import verify_path
from gateway.archive.writer import Bench, Opening, Recording
from gateway.interfaces.archive import ArchiveError, IArchive, IReel

_log = Logger()

InThread = Callable[..., Deferred[Any]]


@implementer(IArchive)
class Archive:
    """Keep recordings under ``root``; ``in_thread(function, *arguments)`` runs it in a bounded pool of
    threads.

    ``trusted`` are public keys of other nodes whose recordings are kept here too. Only one process may write
    under a root: the node holds its store's lock before it makes one.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        keys: NodeKeys,
        in_thread: InThread,
        trusted: Sequence[bytes] = (),
        open_files: int = 256,
    ) -> None:
        self._root = os.fspath(root)
        self._keys = keys
        self._in_thread = in_thread
        self._trusted = (keys.public_key, *trusted)
        self._bench = Bench(OpenFiles(open_files))
        self._open: dict[str, Recording] = {}
        # Read by recovery's thread: a session stands here before its directory is made, until its manifest is there.
        self._begun: set[str] = set()
        self._rows: dict[str, dict[str, Any]] | None = None

    def begin(self, session: str, facts: Mapping[str, Any], policy: bytes, digest: str) -> Recording:
        """Open a recording; raises OSError when it can not be written, ValueError for an id that is none."""
        check_session(session)
        started = begun(facts)
        self._begun.add(session)
        try:
            directory = make_directories(self._root, f"{started:%Y}", f"{started:%m}", session)
            document = manifest.opening(session, facts, policy, digest, self._keys.id)
            key = new_key()
            opening = Opening(session, directory, document, canonical(document) + b"\n", self._keys.wrap(key))
            recording = Recording(opening, Ciphers(key), self._keys, self._bench, self._in_thread, self._sealed)
            self._open[session] = recording
        finally:
            if session not in self._open:
                self._begun.discard(session)
        return recording

    def recordings(self) -> Sequence[Mapping[str, Any]]:
        """Return one row a recording, oldest first; reads the disk when ``recover`` has not done so."""
        if self._rows is None:
            self._rows = _scan(self._root, set(self._open))
        running = [_open_row(recording) for recording in self._open.values()]
        closed = [each for session, each in self._rows.items() if session not in self._open]
        return sorted([*closed, *running], key=lambda each: (str(each["started"]), each["session"]))

    def recover(self) -> Deferred[Sequence[Mapping[str, Any]]]:
        """Close every orphan in a thread; one that can not be closed is left as it is, with ``detail`` in
        words.
        """
        return Deferred.fromCoroutine(self._recover())

    async def _recover(self) -> Sequence[Mapping[str, Any]]:
        closed, rows = await self._in_thread(_recover_all, self._root, self._begun, self._keys)
        self._rows = {
            **rows,
            **(self._rows or {}),
            **{each["session"]: rows[each["session"]] for each in closed},
        }
        for each in closed:
            if each["detail"]:
                _log.error("recording {session}: {detail}", session=each["session"], detail=each["detail"])
        found: Sequence[Mapping[str, Any]] = closed
        return found

    def verify(self, session: str) -> Deferred[Mapping[str, Any]]:
        """Check one recording in a thread; fails with KeyError for an unknown session."""
        directory = self._find(session)
        if directory is None:
            return fail(KeyError(session))
        return self._in_thread(verify_path, directory, self._trusted)

    def verify_path(self, path: str) -> Deferred[Mapping[str, Any]]:
        """Check a recording's directory, or one of its files, anywhere on this machine, in a thread."""
        return self._in_thread(verify_path, path, self._trusted)

    def export_cast(self, session: str, channel: int | None = None) -> Deferred[bytes]:
        """Return an asciicast v2 document; fails with KeyError, ArchiveError, OSError."""
        directory = self._find(session)
        if directory is None:
            return fail(KeyError(session))
        return self._in_thread(export.export_cast, directory, channel, self._keys)

    def export_text(self, session: str, channel: int | None = None) -> Deferred[bytes]:
        """Return what a channel showed, line by line with times; fails with KeyError, ArchiveError, OSError."""
        directory = self._find(session)
        if directory is None:
            return fail(KeyError(session))
        return self._in_thread(lambda: text_of(open_reel(directory, channel, self._keys, self._in_thread)))

    def evidence(self, session: str, channel: int | None = None) -> Deferred[Mapping[str, Any]]:
        """Return a whole recording's stored bytes, key and signature; fails with KeyError, ArchiveError, OSError."""
        directory = self._find(session)
        if directory is None:
            return fail(KeyError(session))
        return self._in_thread(evidence, directory, channel, self._keys)

    def delete(self, session: str, at: float, reason: str) -> Deferred[None]:
        """Delete a whole recording's content; fails with KeyError, also for one that is still written, OSError."""
        directory = self._find(session)
        if directory is None or session in self._open:
            return fail(KeyError(session))
        return self._in_thread(delete, directory, at, reason).addCallback(self._deleted, session, directory)

    def _deleted(self, _: object, session: str, directory: str) -> None:
        if self._rows is not None:
            self._rows[session] = _stored_row(directory)

    @property
    def public_key(self) -> bytes:
        """The key that recordings of this node are verified with."""
        return self._keys.public_key

    def reel(self, session: str, channel: int | None = None) -> Deferred[IReel]:
        """Open a channel's track to be played; fails with KeyError, ArchiveError, OSError."""
        directory = self._find(session)
        if directory is None:
            return fail(KeyError(session))
        return self._in_thread(open_reel, directory, channel, self._keys, self._in_thread)

    def free_space(self) -> int:
        """Return the bytes left to this process on the recordings' file system; raises OSError."""
        os.makedirs(self._root, 0o700, exist_ok=True)
        found = os.statvfs(self._root)
        return found.f_bavail * found.f_frsize

    @property
    def open_files(self) -> int:
        """The number of descriptors held now."""
        return len(self._bench.files)

    def _sealed(self, recording: Recording, summary: Mapping[str, Any]) -> None:
        session = recording.opening.session
        del self._open[session]
        self._begun.discard(session)
        if self._rows is not None:
            facts = recording.opening.document["facts"]
            listed = row(session, facts, summary["ended"], "sealed", summary["tracks"], summary["stored"])
            self._rows[session] = listed

    def about(self, session: str) -> Mapping[str, Any]:
        """Return the row of one whole recording; empty where there is none. May be called in a thread."""
        return (self._rows or {}).get(session, {})

    def directory(self, session: str) -> str | None:
        """Return where a recording is; None where there is none. May be called in a thread."""
        return self._find(session)

    def _find(self, session: str) -> str | None:
        if not SESSION.fullmatch(session):
            return None
        known = (self._rows or {}).get(session)
        if known is not None and known["started"]:
            started = begun(known)
            path = os.path.join(self._root, f"{started:%Y}", f"{started:%m}", session)
            return path if os.path.isdir(path) else None
        if session in self._open:
            return self._open[session].opening.directory
        return next((path for path in _directories(self._root) if path.endswith(os.sep + session)), None)


def _directories(root: str) -> Iterator[str]:
    for year in _names(root, r"\d{4}"):
        for month in _names(os.path.join(root, year), r"\d{2}"):
            for session in _names(os.path.join(root, year, month), SESSION.pattern):
                yield os.path.join(root, year, month, session)


def _names(path: str, pattern: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(path) if re.fullmatch(pattern, name))
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            _log.error("{path} can not be read: {error}", path=path, error=error.strerror)
        return []


def _is_orphan(directory: str) -> bool:
    return not os.path.lexists(os.path.join(directory, manifest.MANIFEST))


def _recover_all(
    root: str, running: Set[str], keys: NodeKeys
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    closed = []
    for directory in _directories(root):
        session = os.path.basename(directory)
        if session in running or not _is_orphan(directory):
            continue
        try:
            if recovery.is_empty(directory):
                recovery.discard(directory)
                continue
            summary = recovery.recover(directory, keys)
            words = "a track was damaged: see verify" if summary["damaged"] else ""
            ended = begun_epoch(summary) + summary["ended"]
            closed.append({**summary, "session": session, "t": summary["ended"], "ended": ended, "detail": words})
        except (OSError, FormatError, ArchiveError) as error:
            closed.append({"session": session, "ended": None, "t": None, "events": 0, "detail": str(error)})
    return closed, _scan(root, running)


def _scan(root: str, running: Set[str]) -> dict[str, dict[str, Any]]:
    return {
        os.path.basename(directory): _stored_row(directory)
        for directory in _directories(root)
        if os.path.basename(directory) not in running
    }


def _stored_row(directory: str) -> dict[str, Any]:
    session = os.path.basename(directory)
    try:
        if _is_orphan(directory):
            facts = manifest.read_opening(directory)["facts"]
            names = os.listdir(directory)
            stored = sum(os.stat(os.path.join(directory, name)).st_size for name in names)
            return row(session, facts, None, "unsealed", sum(name.endswith(".pamrec") for name in names), stored)
        unsigned, _ = manifest.read_manifest(directory)
        summary = manifest.summary(unsigned)
    except (OSError, FormatError) as error:
        return {**row(session, {}, None, "unsealed", 0, 0), "detail": str(error)}
    facts = unsigned["opening"]["facts"]
    if deletion(directory) is not None:
        return row(session, facts, summary["ended"], "deleted", 0, 0)
    state = "sealed" if summary["sealed"] else "unsealed"
    return row(session, facts, summary["ended"], state, summary["tracks"], summary["stored"])


def _open_row(recording: Recording) -> dict[str, Any]:
    facts = recording.opening.document["facts"]
    return row(recording.opening.session, facts, None, "open", recording.tracks, recording.written)
