"""A running session's recording.

The rule: an event is in the kernel before ``write`` returns. Frames are made of many events, so each event
goes at once, sealed, to the *tail* of its track; when 64 KiB, 8192 events or 10 s have come together, or an exit
status has come, they go as one compressed, sealed and chained frame to the track, and only then is the tail
emptied. Whatever moment a process dies at, frames and tail together hold everything that was acknowledged.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import zstandard
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.archive import manifest
from gateway.archive.files import OpenFiles, replace, sync
from gateway.archive.format import (
    FORMAT,
    FRAME_BYTES,
    FRAME_EVENTS,
    FRAME_MICROS,
    TAG,
    VERSION,
    FrameHead,
    canonical,
    digest,
)
from gateway.archive.keys import Ciphers, NodeKeys, Wrapped
from gateway.domain.cast import (
    CODES,
    STREAMS,
    Joiner,
    encode_document,
    encode_event,
    encode_snapshot,
    micros,
)
from gateway.interfaces.archive import IRecording, ITrack, Snapshot

NONCE = 12

LAST = "x"
"""Codes of events behind which little comes: they close the frame, which holds them as well as a tail would."""


@attrs.define
class Counts:
    """What a track amounts to by now; ``bytes`` before compression, ``stored`` as its file has them."""

    frames: int = 0
    events: int = 0
    bytes: int = 0
    stored: int = 0
    last: int = 0


@attrs.define
class OpenFrame:
    """The events that are in the tail and in no frame yet; times in microseconds."""

    events: list[str] = attrs.Factory(list)
    size: int = 0
    began: int = -1
    first: int = -1
    last: int = 0
    tail: int = 0
    snapshot: str = "null"

    def take(self, at: int, code: str, text: str) -> None:
        """Add one event's text."""
        self.events.append(encode_event(at, code, text))
        self.first = at if self.first < 0 else min(self.first, at)
        self.last = max(self.last, at)


def sealed_frame(ciphers: Ciphers, frame: OpenFrame, compressed: bytes, n: int, prev: bytes) -> bytes:
    """Return frame ``n`` as stored, chained to ``prev``."""
    head = FrameHead(
        n=n,
        events=len(frame.events),
        size=frame.size,
        first=frame.first,
        last=frame.last,
        length=len(compressed) + TAG,
        nonce=secrets.token_bytes(NONCE),
        prev=prev,
    )
    return ciphers.seal_frame(head, compressed)


def new_compressor() -> zstandard.ZstdCompressor:
    """Return a compressor as recordings use it; one thread's alone."""
    return zstandard.ZstdCompressor(level=1)


@attrs.frozen
class Bench:
    """What the recordings of one node share: open files, and one compressor (reactor's thread only)."""

    files: OpenFiles
    compressor: zstandard.ZstdCompressor = attrs.Factory(new_compressor)


@implementer(ITrack)
class Track:
    """Write one channel's events."""

    def __init__(
        self,
        bench: Bench,
        ciphers: Ciphers,
        directory: str,
        header: Mapping[str, Any],
        snapshot: Snapshot | None = None,
    ) -> None:
        self._snapshot = snapshot
        self._bench = bench
        self._ciphers = ciphers
        self.channel: int = header["channel"]
        self.kind: str = header["kind"]
        self.path = os.path.join(directory, f"{self.channel:03d}.pamrec")
        self.tail = os.path.join(directory, f"{self.channel:03d}.tail")
        self._header = header
        self._joiner = Joiner()
        self._frame = OpenFrame()
        self._seq = 0
        self.ended: int | None = None
        self.synced = 0
        line = canonical(header) + b"\n"
        self.head = self._link = digest(line)
        self.counts = Counts(stored=len(line))
        bench.files.create(self.path, line)

    @property
    def written(self) -> int:
        """Bytes of events taken so far, before compression."""
        return self.counts.bytes

    @property
    def stored(self) -> int:
        """Bytes in the track's files."""
        return self.counts.stored + self._frame.tail

    def write(self, at: float, code: str, chunk: bytes) -> None:
        """Record one event; raises OSError when it could not be written, ValueError after the end."""
        if self.ended is not None:
            raise ValueError("the track has ended")
        if code not in CODES:
            raise ValueError(f"no such event code: {code}")
        if not chunk and code in STREAMS:
            return
        moment = micros(at)
        for start in range(0, len(chunk) or 1, FRAME_BYTES):
            # The screen does not know the first piece yet when the second one begins a frame.
            self._take(moment, code, chunk[start : start + FRAME_BYTES], known=start == 0)

    def end(self, at: float) -> None:
        """Flush what waits, close the last frame and give the files back; raises OSError."""
        if self.ended is not None:
            return
        moment = micros(at)
        self._flush(moment)
        self.close_frame()
        self.release()
        self.ended = moment

    def release(self) -> None:
        """Give the descriptors back; another write would take them again."""
        self._bench.files.close(self.path)
        self._bench.files.close(self.tail)

    def close_frame(self) -> None:
        """Make a frame of what is open, then empty the tail; raises OSError and leaves both as they were."""
        frame = self._frame
        if not frame.events:
            return
        document = encode_document(frame.events, self._joiner.carry(), frame.snapshot)
        compressed = self._bench.compressor.compress(document)
        stored = sealed_frame(self._ciphers, frame, compressed, self.counts.frames, self.head)
        self._bench.files.append(self.path, stored)
        self.head = self._link = digest(stored)
        self.counts.frames += 1
        self.counts.events += len(frame.events)
        self.counts.stored += len(stored)
        self._frame = OpenFrame()
        if frame.tail:
            self._bench.files.empty(self.tail)

    def entry(self) -> dict[str, Any]:
        """Return the track's row of the manifest."""
        return manifest.track_row(self._header, self.counts, self.head, self.ended)

    def _take(self, at: int, code: str, chunk: bytes, known: bool) -> None:
        frame = self._frame
        if frame.tail and at - frame.began >= FRAME_MICROS:
            self._flush(at)
            self.close_frame()
            frame = self._frame
        if code not in LAST:
            self._append(at, code, chunk)
        if frame.began < 0:
            frame.began = at
            if known and self._snapshot is not None:
                frame.snapshot = encode_snapshot(self._snapshot())
        frame.size += len(chunk)
        self.counts.bytes += len(chunk)
        self.counts.last = max(self.counts.last, at)
        before = len(frame.events)
        if text := self._joiner.feed(code, chunk):
            frame.take(at, code, text)
        if code in LAST:
            self._close_with(frame, before)
        elif frame.size >= FRAME_BYTES or len(frame.events) >= FRAME_EVENTS:
            self.close_frame()

    def _close_with(self, frame: OpenFrame, before: int) -> None:
        """Make a frame whose last event, the one behind ``before``, is in no tail; without a frame it is nowhere."""
        try:
            self.close_frame()
        except OSError:
            del frame.events[before:]
            raise

    def _append(self, at: int, code: str, chunk: bytes) -> None:
        sealed = self._ciphers.seal_event(self.channel, self.counts.frames, self._seq, at, code, chunk)
        self._seq += 1
        link = hashlib.sha256(self._link + sealed).digest()
        self._bench.files.append(self.tail, sealed + link, make=True)
        self._link = link
        self._frame.tail += len(sealed) + len(link)

    def _flush(self, at: int) -> None:
        for code, text in self._joiner.flush():
            self._frame.take(at, code, text)


@attrs.frozen
class Opening:
    """What is true of a recording from its first moment: directory, ``open.json``, wrapped key."""

    session: str
    directory: str
    document: dict[str, Any]
    stored: bytes
    recipients: Wrapped


@implementer(IRecording)
class Recording:
    """Write one session's tracks and seal them."""

    def __init__(
        self,
        opening: Opening,
        ciphers: Ciphers,
        keys: NodeKeys,
        bench: Bench,
        in_thread: Callable[..., Deferred[Any]],
        sealed: Callable[[Recording, dict[str, Any]], None],
    ) -> None:
        self.opening = opening
        self._ciphers = ciphers
        self._keys = keys
        self._bench = bench
        self._in_thread = in_thread
        self._sealed = sealed
        self._tracks: dict[int, Track] = {}
        self._closed = False
        self._syncing = False
        self._fault: OSError | None = None
        self._digest = digest(opening.stored).hex()
        bench.files.create(os.path.join(opening.directory, manifest.OPEN), opening.stored)
        bench.files.close(os.path.join(opening.directory, manifest.OPEN))

    @property
    def written(self) -> int:
        """Bytes written so far, all tracks together, as stored."""
        return len(self.opening.stored) + sum(track.stored for track in self._tracks.values())

    @property
    def tracks(self) -> int:
        """The number of tracks."""
        return len(self._tracks)

    def track(
        self, channel: int, kind: str, at: float, facts: Mapping[str, Any], snapshot: Snapshot | None = None
    ) -> Track:
        """Begin a channel's track; raises OSError, ValueError for a channel that has one or after sealing."""
        if self._closed or channel in self._tracks:
            raise ValueError(f"channel {channel} of {self.opening.session} can not be begun")
        header = {
            "format": FORMAT,
            "version": VERSION,
            "session": self.opening.session,
            "opening": self._digest,
            "policy": self.opening.document["policy"]["digest"],
            "key": self._keys.id,
            "recipients": list(self.opening.recipients),
            "channel": channel,
            "kind": kind,
            "at": micros(at) / 1_000_000,
            "facts": self._ciphers.seal_facts(channel, canonical(facts)),
        }
        self._tracks[channel] = track = Track(
            self._bench, self._ciphers, self.opening.directory, header, snapshot
        )
        return track

    def checkpoint(self) -> dict[str, Any]:
        """Close open frames and return each channel's chain head, frames and events.

        Their bytes go to the disk in a thread. Raises OSError, also for what the disk said to the last ones.
        """
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        heads = {}
        for channel, track in self._tracks.items():
            track.close_frame()
            counts = track.counts
            heads[str(channel)] = {"head": track.head.hex(), "frames": counts.frames, "events": counts.events}
        self._sync()
        return heads

    def _sync(self) -> None:
        dirty = [track for track in self._tracks.values() if track.synced < track.counts.stored]
        if not dirty or self._syncing:
            return
        self._syncing = True
        for track in dirty:
            track.synced = track.counts.stored
        self._in_thread(sync_all, [track.path for track in dirty]).addCallbacks(self._synced, self._not_synced)

    def _synced(self, _: object) -> None:
        self._syncing = False

    def _not_synced(self, failure: Failure) -> Failure | None:
        self._syncing = False
        if isinstance(failure.value, OSError):
            self._fault = failure.value
            return None
        return failure

    async def _seal(self, at: float, reason: str) -> dict[str, Any]:
        try:
            for track in self._tracks.values():
                track.end(at)
        finally:
            for track in self._tracks.values():
                track.release()
        body = manifest.body(
            self.opening.document, [track.entry() for track in self._tracks.values()], micros(at), reason
        )
        stored, root = manifest.signed_and_root(body, self._keys)
        await self._in_thread(settle, self.opening.directory, [t.path for t in self._tracks.values()], stored)
        return manifest.summary(body, root)

    def seal(self, at: float, reason: str) -> Deferred[Mapping[str, Any]]:
        """End all tracks, sign, and wait for the disk.

        Fails with OSError when it can not be written: what is there stays unsealed; sealing may be repeated.
        """
        if self._closed:
            raise ValueError(f"{self.opening.session} is sealed already")
        self._closed = True
        return Deferred.fromCoroutine(self._seal(at, reason)).addCallbacks(self._done, self._open_again)

    def _done(self, summary: dict[str, Any]) -> dict[str, Any]:
        self._sealed(self, summary)
        return summary

    def _open_again(self, failure: Failure) -> Failure:
        self._closed = False
        return failure


def sync_all(paths: list[str]) -> None:
    """Put files on the disk; raises OSError."""
    for path in paths:
        sync(path)


def settle(directory: str, tracks: list[str], stored: bytes) -> None:
    """Put tracks, then the manifest on the disk, then remove what they replace; raises OSError."""
    sync_all(tracks)
    replace(os.path.join(directory, manifest.MANIFEST), stored)
    manifest.clear_away(directory)
    sync(os.path.dirname(directory))
