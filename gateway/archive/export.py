"""A recording as an asciicast v2.

The rule: what can be read is exported, and what can not is said in its place by a marker; one damaged frame
never hides the others. Times stay those of the session, so that ``t`` means the same everywhere.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from gateway.archive import manifest, reader
from gateway.archive.format import FormatError
from gateway.archive.keys import Ciphers, NodeKeys
from gateway.archive.reader import Frame, TrackFile
from gateway.archive.rows import begun_epoch
from gateway.domain.cast import CastHeader, Event, Joiner, asciicast, size_of
from gateway.interfaces.archive import ArchiveError


@attrs.define
class TrackText:
    """One track, read: its facts, and its events in the order of the file."""

    header: Mapping[str, Any]
    facts: Mapping[str, Any]
    events: list[Event]


def ciphers_of(header: Mapping[str, Any], keys: NodeKeys) -> Ciphers:
    """Return what opens a track; raise :exc:`ArchiveError` without the right to read it."""
    key = keys.unwrap(header["recipients"])
    if key is None:
        raise ArchiveError("this node has no key that opens the recording: it was not recorded for it")
    return Ciphers(key)


def read_track(path: str, keys: NodeKeys) -> TrackText:
    """Read one track with its tail; raises OSError, :exc:`ArchiveError` without the right or the header."""
    tail = reader.read_tail(reader.tail_path(path))
    with open(path, "rb") as stored:
        file = TrackFile(stored)
        if file.damage is not None:
            raise ArchiveError(f"{os.path.basename(path)} can not be read: {file.damage.words}")
        ciphers = ciphers_of(file.header, keys)
        text = TrackText(file.header, {}, [])
        try:
            text.facts = json.loads(ciphers.open_facts(file.header["channel"], file.header["facts"]))
        except FormatError as error:
            text.events.append(_gap(0.0, f"the facts of the track are damaged: {error}"))
        frames, carry = _frames(file, ciphers, text.events)
    joiner = Joiner(carry)
    left = [event for event in tail.events if event.head.n == frames]
    last = max((event.at for event in text.events), default=0.0)
    text.events += tail_text(left, joiner, ciphers, file.header["channel"])
    text.events += [Event(last, code, waiting) for code, waiting in joiner.flush()]
    return text


def tail_text(events: Sequence[reader.TailEvent], joiner: Joiner, ciphers: Ciphers, channel: int) -> Iterator[Event]:
    """Give the events that are in no frame yet, and a marker in the place of what can not be read."""
    for stored in events:
        at = stored.head.at / 1_000_000
        try:
            chunk = reader.open_tail_event(stored, ciphers, channel)
        except FormatError as error:
            yield _gap(at, f"an event is damaged: {error}")
            break
        if (joined := joiner.feed(stored.head.code, chunk)) or not chunk:
            yield Event(at, stored.head.code, joined)


def _frames(file: TrackFile, ciphers: Ciphers, events: list[Event]) -> tuple[int, Mapping[str, bytes]]:
    carry: Mapping[str, bytes] = {}
    count, last = 0, 0.0
    for item in file.items():
        if not isinstance(item, Frame):
            if not item.torn:
                events.append(_gap(last, f"frame {count} is damaged and left out: {item.words}"))
            continue
        count = item.head.n + 1
        try:
            document = reader.open_frame(item, ciphers)
        except FormatError as error:
            last = item.head.first / 1_000_000
            events.append(_gap(last, f"frame {item.head.n} is damaged and left out: {error}"))
            continue
        last = item.head.last / 1_000_000
        events += document.events
        carry = document.carry
    return count, carry


def _gap(at: float, words: str) -> Event:
    return Event(at, "m", f"ostiary: {words}")


def pick(directory: str, channel: int | None) -> str:
    """Return a channel's track; None: the first PTY's, else the first; raises KeyError, OSError."""
    paths = reader.track_paths(directory)
    if channel is not None:
        path = os.path.join(directory, f"{channel:03d}.pamrec")
        if path not in paths:
            raise KeyError(f"{os.path.basename(directory)}/{channel}")
        return path
    if not paths:
        raise KeyError(os.path.basename(directory))
    return next((path for path in paths if _kind(path) == "pty"), paths[0])


def _kind(path: str) -> str:
    with open(path, "rb") as stored:
        return str(TrackFile(stored).header.get("kind", ""))


def export_cast(directory: str, channel: int | None, keys: NodeKeys) -> bytes:
    """Return an asciicast v2 of one channel; raises KeyError without it, OSError, :exc:`ArchiveError`."""
    text = read_track(pick(directory, channel), keys)
    facts = _session_facts(directory)
    return asciicast(cast_header(os.path.basename(directory), facts, text.facts, text.events), text.events)


def cast_header(session: str, facts: Mapping[str, Any], track: Mapping[str, Any], events: list[Event]) -> CastHeader:
    """Return the header: the terminal's size from the track's ``cols`` and ``rows``, else from the first
    resize.
    """
    size = size_of(f"{track.get('cols')}x{track.get('rows')}")
    if size is None:
        size = next((found for each in events if each.code == "r" and (found := size_of(each.text))), (80, 24))
    who = "{operator}={account}={target}".format_map(_Known(facts))
    term = track.get("term")
    return CastHeader(
        width=size[0],
        height=size[1],
        timestamp=int(begun_epoch(facts)),
        title=f"{session} {who}",
        env={"TERM": term} if isinstance(term, str) and term else {},
    )


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def _session_facts(directory: str) -> Mapping[str, Any]:
    for read in (
        lambda: manifest.read_manifest(directory)[0]["opening"],
        lambda: manifest.read_opening(directory),
    ):
        try:
            facts: Mapping[str, Any] = read()["facts"]
            return facts
        except (OSError, FormatError):
            continue
    return {}
