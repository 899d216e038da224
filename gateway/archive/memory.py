"""Recordings in memory: for a node that keeps none on disk, and for tests against :class:`IArchive`.

The rule: the same promises as on disk, but for one: they end with the process. A budget takes the disk's
place; beyond it writing fails with OSError as on a full disk.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from gateway.archive.export import cast_header
from gateway.archive.reel import Part, Reel, text_of
from gateway.archive.rows import begun, check_session, row
from gateway.archive.verify import blank_report
from gateway.domain.cast import CODES, STREAMS, Document, Event, Joiner, asciicast, encode_event, micros
from gateway.interfaces.archive import ArchiveError, IArchive, IRecording, IReel, ITrack, Snapshot

EVENT_COSTS = 32
"""Bytes that an event is taken to need besides its own."""


@implementer(ITrack)
class MemoryTrack:
    """Hold one channel's events."""

    def __init__(self, channel: int, kind: str, facts: Mapping[str, Any], spend: Callable[[int], None]) -> None:
        self.channel = channel
        self.kind = kind
        self.facts = dict(facts)
        self.events: list[Event] = []
        self.written = 0
        self.ended = False
        self.last = 0
        self._joiner = Joiner()
        self._spend = spend

    def write(self, at: float, code: str, chunk: bytes) -> None:
        """Record one event; raises OSError beyond the budget, ValueError after the end."""
        if self.ended:
            raise ValueError("the track has ended")
        if code not in CODES:
            raise ValueError(f"no such event code: {code}")
        if not chunk and code in STREAMS:
            return
        self._spend(len(chunk) + EVENT_COSTS)
        self.written += len(chunk)
        self.last = max(self.last, micros(at))
        if (text := self._joiner.feed(code, chunk)) or not chunk:
            self.events.append(Event(micros(at) / 1_000_000, code, text))

    def end(self, at: float) -> None:
        """Flush what waits for a tail."""
        if not self.ended:
            self.ended = True
            self.events += [Event(micros(at) / 1_000_000, code, text) for code, text in self._joiner.flush()]

    def head(self) -> str:
        """Return the digest of the events so far."""
        digest = hashlib.sha256()
        for event in self.events:
            digest.update(encode_event(micros(event.at), event.code, event.text).encode("ascii"))
        return digest.hexdigest()


@attrs.define
class Purse:
    """What is left of an archive's budget."""

    left: int

    def spend(self, size: int) -> None:
        """Take bytes; raises OSError when there are not enough."""
        if size > self.left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.left -= size


@implementer(IRecording)
class MemoryRecording:
    """Hold one session's tracks."""

    def __init__(self, session: str, facts: Mapping[str, Any], policy: bytes, digest: str, purse: Purse) -> None:
        self.session = session
        self.facts = dict(facts)
        self.policy = policy
        self.digest = digest
        self.tracks: dict[int, MemoryTrack] = {}
        self.summary: dict[str, Any] | None = None
        self.written = 0
        self._purse = purse

    def _spend(self, size: int) -> None:
        self._purse.spend(size)
        self.written += size

    def track(
        self, channel: int, kind: str, at: float, facts: Mapping[str, Any], snapshot: Snapshot | None = None
    ) -> MemoryTrack:
        """Begin a channel's track; raises ValueError for a channel that has one or after sealing."""
        if self.summary is not None or channel in self.tracks:
            raise ValueError(f"channel {channel} of {self.session} can not be begun")
        self.tracks[channel] = track = MemoryTrack(channel, kind, facts, self._spend)
        return track

    def checkpoint(self) -> dict[str, Any]:
        """Return each channel's digest and events."""
        return {
            str(channel): {"head": track.head(), "frames": 1, "events": len(track.events)}
            for channel, track in self.tracks.items()
        }

    def seal(self, at: float, reason: str) -> Deferred[Mapping[str, Any]]:
        """End all tracks; fires with the summary."""
        if self.summary is not None:
            raise ValueError(f"{self.session} is sealed already")
        for track in self.tracks.values():
            track.end(at)
        self.summary = {
            "session": self.session,
            "root": self.root(),
            "sealed": True,
            "ended": micros(at) / 1_000_000,
            "reason": reason,
            "tracks": len(self.tracks),
            "frames": len(self.tracks),
            "events": sum(len(track.events) for track in self.tracks.values()),
            "bytes": sum(track.written for track in self.tracks.values()),
            "stored": self.written,
        }
        return succeed(dict(self.summary))

    def root(self) -> str:
        """Return one digest of all tracks and the policy."""
        parts = [
            self.policy,
            *(f"{channel}:{track.head()}".encode() for channel, track in self.tracks.items()),
        ]
        return hashlib.sha256(b"\n".join(parts)).hexdigest()


@implementer(IArchive)
class MemoryArchive:
    """Keep recordings as long as the process lives, at most ``budget`` bytes of them."""

    def __init__(self, budget: int = 256 << 20) -> None:
        self._purse = Purse(budget)
        self._recordings: dict[str, MemoryRecording] = {}

    def begin(self, session: str, facts: Mapping[str, Any], policy: bytes, digest: str) -> MemoryRecording:
        """Open a recording; raises OSError when there is one already or the budget is spent, ValueError."""
        check_session(session)
        begun(facts)
        if session in self._recordings:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), session)
        self._purse.spend(len(policy))
        recording = MemoryRecording(session, facts, policy, digest, self._purse)
        self._recordings[session] = recording
        return recording

    def recordings(self) -> Sequence[Mapping[str, Any]]:
        """Return one row a recording."""
        return [self._row(recording) for recording in self._recordings.values()]

    def about(self, session: str) -> Mapping[str, Any]:
        """Return the row of one whole recording; empty where there is none."""
        recording = self._recordings.get(session)
        return {} if recording is None or recording.summary is None else self._row(recording)

    def recover(self) -> Deferred[Sequence[Mapping[str, Any]]]:
        """Return nothing: memory has no orphans."""
        return succeed([])

    def verify(self, session: str) -> Deferred[Mapping[str, Any]]:
        """Check one recording; fails with KeyError for an unknown session."""
        recording = self._recordings.get(session)
        if recording is None:
            return fail(KeyError(session))
        tracks = recording.tracks.values()
        report = blank_report(session)
        report.update(frames=len(tracks), events=sum(len(track.events) for track in tracks), policy=recording.digest)
        if recording.summary is None:
            last = max((track.last for track in tracks), default=0)
            report.update(result="UNSEALED", at=last / 1_000_000, detail="not sealed: still running, in memory")
        elif recording.summary["root"] != recording.root():
            report.update(result="BAD", detail="its events are not those that were sealed")
        else:
            report.update(at=recording.summary["ended"], detail="unaltered in this process's memory; not signed")
        return succeed(report)

    def export_cast(self, session: str, channel: int | None = None) -> Deferred[bytes]:
        """Return an asciicast v2 document; fails with KeyError for a session or channel it has not."""
        track = self._track(session, channel)
        if track is None:
            return fail(KeyError(session))
        header = cast_header(session, self._recordings[session].facts, track.facts, track.events)
        return succeed(asciicast(header, track.events))

    def export_text(self, session: str, channel: int | None = None) -> Deferred[bytes]:
        """Return what a channel showed, line by line with times; fails with KeyError."""
        reel = self._reel(session, channel)
        return fail(KeyError(session)) if reel is None else succeed(text_of(reel))

    def evidence(self, session: str, channel: int | None = None) -> Deferred[Mapping[str, Any]]:
        """Fail with ArchiveError: what ends with the process proves nothing."""
        return fail(ArchiveError(f"{session} is kept in memory only: it is not signed"))

    def delete(self, session: str, at: float, reason: str) -> Deferred[None]:
        """Forget a recording; fails with KeyError."""
        return succeed(None) if self._recordings.pop(session, None) is not None else fail(KeyError(session))

    @property
    def public_key(self) -> bytes:
        """Empty: nothing is signed."""
        return b""

    def reel(self, session: str, channel: int | None = None) -> Deferred[IReel]:
        """Open a channel's track to be played; fails with KeyError."""
        reel = self._reel(session, channel)
        return fail(KeyError(session)) if reel is None else succeed(reel)

    def _reel(self, session: str, channel: int | None) -> Reel | None:
        track = self._track(session, channel)
        if track is None:
            return None
        events = tuple(track.events)
        span = [Part(events[0].at, max(each.at for each in events), document=Document(events))] if events else []
        return Reel(session, track.channel, track.kind, track.facts, tuple(span), "", None, _now)

    def _track(self, session: str, channel: int | None) -> MemoryTrack | None:
        recording = self._recordings.get(session)
        tracks = [] if recording is None else [recording.tracks[number] for number in sorted(recording.tracks)]
        if channel is not None:
            tracks = [track for track in tracks if track.channel == channel]
        return next((each for each in tracks if each.kind == "pty"), tracks[0] if tracks else None)

    def free_space(self) -> int:
        """Return what is left of the budget."""
        return self._purse.left

    def _row(self, recording: MemoryRecording) -> dict[str, Any]:
        ended = None if recording.summary is None else recording.summary["ended"]
        state = "open" if recording.summary is None else "sealed"
        return row(recording.session, recording.facts, ended, state, len(recording.tracks), recording.written)


def _now(function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
    return succeed(function(*arguments))
