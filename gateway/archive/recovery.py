"""Closing what a dead process left open.

The rule: nothing is thrown away and nothing is made up. What the tails hold becomes a last frame, the
manifest says ``sealed: false`` and the exact time of the last event, and every orphan is closed, or left as
it is, on its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.archive import manifest, reader
from gateway.archive.export import ciphers_of, tail_text
from gateway.archive.files import append, remove, replace, sync
from gateway.archive.format import TAG, FormatError, canonical, digest
from gateway.archive.keys import NodeKeys
from gateway.archive.reader import TailEvent, TrackFile
from gateway.archive.verify import Altered, Walk, open_events, walk_track
from gateway.archive.writer import Counts, OpenFrame, new_compressor, sealed_frame
from gateway.domain.cast import Joiner, encode_document, micros

REASON = "node died"


def recover(directory: str, keys: NodeKeys) -> dict[str, Any]:
    """Close one orphan and return its manifest's summary; raises OSError, FormatError, ArchiveError."""
    document = manifest.read_opening(directory)
    opening = digest(canonical(document) + b"\n").hex()
    rows = []
    last = 0.0
    for path in reader.track_paths(directory):
        if os.stat(path).st_size == 0:
            remove(path)
            continue
        row = _close_track(path, opening, keys)
        last = max(last, row["last"])
        rows.append(row)
    body = manifest.body(document, rows, micros(last), REASON, sealed=False)
    for path in reader.track_paths(directory):
        sync(path)
    replace(os.path.join(directory, manifest.MANIFEST), manifest.signed(body, keys))
    damaged = any("damaged" in row for row in rows)
    if not damaged:
        manifest.clear_away(directory)
    return {**manifest.summary(body), "started": document["facts"].get("started"), "damaged": damaged}


def _close_track(path: str, opening: str, keys: NodeKeys) -> dict[str, Any]:
    tail = reader.read_tail(reader.tail_path(path))
    with open(path, "rb") as stored:
        file = TrackFile(stored)
    channel = int(os.path.basename(path).removesuffix(".pamrec"))
    header = file.header or {"channel": channel, "kind": "unknown", "at": 0.0}
    try:
        walk = walk_track(path, opening)
        if file.damage is not None:
            raise Altered(file.damage.words)
        left = open_events(walk, tail)
        _mend(path, walk, bool(left))
        counts = _append_tail(path, walk, left, header, keys)
    except (Altered, FormatError) as broken:
        row = manifest.track_row(header, Counts(), file.link, None)
        return {**row, "damaged": str(broken), "last": getattr(broken, "at", 0.0)}
    return manifest.track_row(header, counts, walk.link, None)


def _mend(path: str, walk: Walk, held: bool) -> None:
    """Cut a half-written frame off; its bytes are kept aside unless the tail ``held`` its events."""
    if walk.torn is None:
        return
    if not held:
        with open(path, "rb") as stored:
            stored.seek(walk.size)
            replace(path.removesuffix(".pamrec") + ".torn", stored.read())
    os.truncate(path, walk.size)


def _append_tail(path: str, walk: Walk, left: Sequence[TailEvent], header: Mapping[str, Any], keys: NodeKeys) -> Counts:
    """Make the tail's events the last frame; nothing is opened when there are none and no character waits."""
    ciphers = ciphers_of(header, keys)
    joiner = Joiner(reader.open_frame(walk.latest, ciphers).carry if walk.latest is not None else {})
    frame = OpenFrame(size=sum(event.head.length - TAG for event in left))
    for event in tail_text(left, joiner, ciphers, header["channel"]):
        frame.take(micros(event.at), event.code, event.text)
    last = max([walk.last, *(event.head.at for event in left)])
    for code, text in joiner.flush():
        frame.take(last, code, text)
    counts = Counts(walk.frames, walk.events, walk.taken + frame.size, walk.size, last)
    if frame.events:
        stored = sealed_frame(
            ciphers,
            frame,
            new_compressor().compress(encode_document(frame.events, {})),
            walk.frames,
            walk.link,
        )
        append(path, stored)
        walk.link = digest(stored)
        counts.frames += 1
        counts.events += len(frame.events)
        counts.stored += len(stored)
    return counts


def is_empty(directory: str) -> bool:
    """Say whether a process died before it had recorded anything there: not even an opening, or a header."""
    try:
        names = os.listdir(directory)
        return all(os.stat(os.path.join(directory, name)).st_size == 0 for name in names)
    except OSError:
        return False


def discard(directory: str) -> None:
    """Remove a directory of empty files; raises OSError."""
    for name in os.listdir(directory):
        remove(os.path.join(directory, name))
    os.rmdir(directory)
