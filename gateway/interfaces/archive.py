"""Recordings: written while a session runs, verified and exported afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from gateway.domain.cast import Document

Snapshot = Callable[[], Mapping[str, Any]]
"""Returns a screen as a player begins with it: ``cols``, ``rows``, and ``init``, the text that paints it."""


class ArchiveError(Exception):
    """A recording can not be read or exported; says why, in words for a person."""


class IArchive(Interface):
    """All recordings of this node."""

    def begin(session: str, facts: Mapping[str, Any], policy: bytes, digest: str) -> IRecording:
        """Open a recording: ``facts`` are the session's (operator, target, account, source, started as RFC 3339),
        ``policy`` the frozen policy's canonical JSON. Raises OSError when it can not be written."""

    def recordings() -> Sequence[Mapping[str, Any]]:
        """Return one mapping a recording: session, operator, target, started, ended, state
        ``open|sealed|unsealed|deleted``, bytes, tracks."""

    def about(session: str) -> Mapping[str, Any]:
        """Return the row of one recording that is whole; empty where there is none. May be called in a thread."""

    def recover() -> Deferred[Sequence[Mapping[str, Any]]]:
        """Close what a dead process left open, as UNSEALED, in a thread; fires with session, ended (epoch), events."""

    def verify(session: str) -> Deferred[Mapping[str, Any]]:
        """Check one recording in a thread: ``{id, result OK|BAD|UNSEALED, at, frames, events, signed_by,
        anchored_by, policy, detail}``. Fails with KeyError for an unknown session."""

    def export_cast(session: str, channel: int | None = None) -> Deferred[bytes]:
        """Return an asciicast v2 document of a channel (None: first PTY channel, else the first).

        Fails with KeyError for a session or channel without a recording, ArchiveError when it can not be read.
        """

    def export_text(session: str, channel: int | None = None) -> Deferred[bytes]:
        """Return what a channel showed, a line of text a line with its time; fails as :meth:`export_cast`."""

    def evidence(session: str, channel: int | None = None) -> Deferred[Mapping[str, Any]]:
        """Return what proves a sealed recording (of one channel, or all) without this node.

        ``session``, ``manifest`` and ``opening`` (the signed texts), ``signed_as``, ``signature``, ``public_key``,
        ``key_id``, ``key`` (which opens this recording alone), ``tracks`` (``channel, kind, facts, stored``: base64).
        Fails as :meth:`export_cast`.
        """

    def delete(session: str, at: float, reason: str) -> Deferred[None]:
        """Delete a whole recording's content, its key first; the signed manifest stays. Fails with KeyError, OSError.

        ``at`` is now, in seconds since the epoch. Whoever calls has told the fact.
        """

    public_key = Attribute("The Ed25519 public key that this node's recordings are verified with, 32 bytes.")

    def reel(session: str, channel: int | None = None) -> Deferred[IReel]:
        """Open a channel's track to be played; fails as :meth:`export_cast`."""

    def free_space() -> int:
        """Return the bytes left on the recordings' file system."""


class ISearch(Interface):
    """Full-text search over whole recordings."""

    def add(session: str, started: str) -> Deferred[int]:
        """Index a sealed recording that began then (RFC 3339), unless it is; fires with the number of places."""

    def missing(rows: Sequence[Mapping[str, Any]]) -> Deferred[list[tuple[str, str]]]:
        """Return session and start of those rows of :meth:`IArchive.recordings` that are whole and not indexed."""

    def find(
        wanted: str, most: int, among: Callable[[Mapping[str, Any]], bool]
    ) -> Deferred[list[dict[str, Any]]]:
        """Return at most so many hits in the recordings whose rows ``among`` takes (asked in a thread), newest first.

        Each is ``{id, channel, t, snippet, operator, target}``. All words must be there; words in quotes side by side.
        """

    def forget(session: str) -> Deferred[None]:
        """Take a recording that was deleted out of the index."""


class IHolds(Interface):
    """Legal holds on recordings."""

    def rows() -> Sequence[Mapping[str, Any]]:
        """Return the holds in force: hold, session, by, by_name, reason, since (epoch)."""

    def is_held(session: str) -> bool:
        """Say whether a recording is held."""

    def place(session: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[Mapping[str, Any]]:
        """Put a recording on hold; fires with the hold's row when that is on disk."""

    def lift(session: str, *, by: str, by_name: str, reason: str, door: str) -> Deferred[Sequence[str]]:
        """Lift every hold on a recording, fires with their ids.

        Raises ValueError for who placed one, and for whose session it is.
        """


class IReel(Interface):
    """One channel of a recording, to be played."""

    session = Attribute("The session's id.")
    channel = Attribute("The channel's number.")
    kind = Attribute("``pty | exec | sftp | forward``.")
    facts = Attribute("What is known of the channel: ``command``, ``cols``, ``rows`` …")
    size = Attribute("Columns and rows at the beginning.")
    spans = Attribute("First and last time of each segment, in seconds from the start of the session.")

    def segment(n: int) -> Deferred[Document]:
        """Return a segment: its events, and the screen before it where that is known."""


class IRecording(Interface):
    """The recording of one running session."""

    written = Attribute("Bytes written so far, all tracks together, as stored.")

    def track(
        channel: int, kind: str, at: float, facts: Mapping[str, Any], snapshot: Snapshot | None = None
    ) -> ITrack:
        """Begin a channel's track; ``kind`` is ``pty | exec | sftp | forward``, ``at`` seconds since the start.

        ``snapshot`` is asked, before an event is written, for the screen as the events before it made it.
        """

    def checkpoint() -> Mapping[str, Any]:
        """Flush open frames to the file and return each track's chain head, for ``recording.checkpoint``."""

    def seal(at: float, reason: str) -> Deferred[Mapping[str, Any]]:
        """Close all tracks, sign the manifest, fsync in a thread; fires with its summary (root, bytes, events)."""


class ITrack(Interface):
    """One channel's events in time."""

    written = Attribute("Bytes of events taken so far, before compression.")

    def write(at: float, code: str, chunk: bytes) -> None:
        """Write one event so that a killed process has it: codes ``o i r m x`` (output, input, resize
        ``b"80x24"``, marker, exit ``b"0"``); returns when it is in the kernel (write(2)), raises OSError."""

    def end(at: float) -> None:
        """Close the track; nothing may be written afterwards."""
