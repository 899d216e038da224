"""Checking a recording with a public key alone.

The rule: OK means that every stored byte is the one that was signed. BAD names the place. UNSEALED means that
the process died (or still writes): what is there is unbroken up to ``at``. Nothing a file may hold raises out
of here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from gateway.archive import manifest, reader
from gateway.archive.deletion import deletion
from gateway.archive.format import FormatError, canonical, check_version, digest
from gateway.archive.reader import Damage, Frame, TrackFile

OWN_KEY_ONLY = "own key only"


class Altered(Exception):
    """Something is not as it was stored: ``at`` seconds, ``track`` and ``frame`` say where."""

    def __init__(self, words: str, at: float = 0.0, track: str = "", frame: int | None = None) -> None:
        super().__init__(words)
        self.at = at
        self.track = track
        self.frame = frame


@attrs.define
class Walk:
    """One track's chain as far as it was followed; times in microseconds."""

    name: str
    link: bytes = b""
    frames: int = 0
    events: int = 0
    last: int = 0
    size: int = 0
    taken: int = 0
    first_of_last: int = 0
    starts: dict[int, bytes] = attrs.Factory(dict)
    torn: Damage | None = None
    latest: Frame | None = None

    def altered(self, words: str, frame: int | None, at: int) -> Altered:
        """Return the complaint about one place of this track."""
        place = f"track {self.name}" if frame is None else f"frame {frame} of track {self.name}"
        return Altered(f"{place}: {words}", at / 1_000_000, self.name, frame)

    def take(self, frame: Frame) -> None:
        """Follow the chain over one frame; raise :exc:`Altered` at its first break."""
        head = frame.head
        if head.n != self.frames:
            raise self.altered(f"frame {head.n} stands where it should be", self.frames, self.last)
        if head.prev != self.link:
            if self.frames:
                words = "its stored bytes are not those that the next frame was chained to"
                raise self.altered(words, self.frames - 1, self.first_of_last)
            raise self.altered("its header is not the one that the first frame was chained to", None, 0)
        self.starts = {head.n: self.link, head.n + 1: frame.link}
        self.link = frame.link
        self.latest = frame
        self.frames += 1
        self.events += head.events
        self.taken += head.size
        self.first_of_last = head.first
        self.last = max(self.last, head.last)
        self.size += len(head.pack()) + head.length


def walk_track(path: str, opening: str | None) -> Walk:
    """Follow one track's chain; raises :exc:`Altered`, OSError. A file that merely ends too early is torn."""
    with open(path, "rb") as stored:
        file = TrackFile(stored)
        walk = Walk(os.path.basename(path).removesuffix(".pamrec"), file.link, size=file.size)
        walk.starts = {0: file.link}
        walk.torn = file.damage
        if file.damage is not None:
            if file.damage.torn:
                return walk
            raise walk.altered(file.damage.words, None, 0)
        if opening is not None and file.header["opening"] != opening:
            raise walk.altered("it does not belong to this recording's opening", None, 0)
        for item in file.items():
            if isinstance(item, Frame):
                walk.take(item)
            elif item.torn:
                walk.torn = item
            else:
                raise walk.altered(item.words, walk.frames, walk.last)
    return walk


def verify_path(path: str, trusted: Sequence[bytes]) -> dict[str, Any]:
    """Check a recording's directory, or one track or manifest of it; ``trusted`` are Ed25519 public keys."""
    only = None
    directory = path
    if not os.path.isdir(path):
        directory = os.path.dirname(os.path.abspath(path))
        if path.endswith(".pamrec"):
            only = os.path.basename(path)
    report = blank_report(os.path.basename(os.path.normpath(os.path.abspath(directory))))
    try:
        if not os.path.lexists(path):
            raise FileNotFoundError(2, "there is no such file or directory", path)
        if os.path.lexists(os.path.join(directory, manifest.MANIFEST)):
            _with_manifest(directory, only, trusted, report)
        else:
            _without_manifest(directory, only, report)
    except Altered as broken:
        report.update(result="BAD", at=broken.at, detail=str(broken), track=broken.track, frame=broken.frame)
    except FormatError as error:
        report.update(result="BAD", detail=str(error))
    except OSError as error:
        report.update(result="BAD", detail=f"{error.filename or path} can not be read: {error.strerror}")
    return report


def blank_report(name: str) -> dict[str, Any]:
    """Return the report of a recording that nothing is known of yet."""
    return {
        "id": name,
        "result": "OK",
        "at": 0.0,
        "frames": 0,
        "events": 0,
        "signed_by": None,
        "anchored_by": None,
        "policy": None,
        "detail": "",
        "track": None,
        "frame": None,
        "root": None,
    }


def _with_manifest(directory: str, only: str | None, trusted: Sequence[bytes], report: dict[str, Any]) -> None:
    unsigned, signature = manifest.read_manifest(directory)
    report["signed_by"] = manifest.check_signature(unsigned, signature, trusted)
    report["anchored_by"] = OWN_KEY_ONLY
    report["id"] = unsigned["session"]
    report["policy"] = unsigned["opening"]["policy"]["digest"]
    report["root"] = manifest.summary(unsigned)["root"]
    report["at"] = float(unsigned["ended"])
    gone = deletion(directory)
    if gone is not None and not reader.track_paths(directory):
        report["deleted"] = gone
        report["detail"] = f"its content was deleted: {gone.get('reason')}; its manifest is as signed"
        return
    opening = digest(canonical(unsigned["opening"]) + b"\n").hex()
    rows = {f"{row['channel']:03d}.pamrec": row for row in unsigned["tracks"]}
    present = [os.path.basename(path) for path in reader.track_paths(directory)]
    for name in sorted(rows.keys() ^ set(present)):
        if only is None or only == name:
            words = "is missing" if name in rows else "is not in the manifest"
            raise Altered(f"track {name.removesuffix('.pamrec')} {words}", 0.0, name)
    for name, row in rows.items():
        if only is None or only == name:
            _check_row(walk_track(os.path.join(directory, name), opening), row, report)
    if unsigned["sealed"]:
        report["detail"] = f"every stored byte is as signed by {report['signed_by']}"
    else:
        report["result"] = "UNSEALED"
        report["detail"] = f"the recording was cut off at t={report['at']:.6f} ({unsigned['reason']}); unaltered since"


def _check_row(walk: Walk, row: Mapping[str, Any], report: dict[str, Any]) -> None:
    report["frames"] += walk.frames
    report["events"] += walk.events
    if "damaged" in row:
        raise walk.altered(f"it was damaged when the recording was recovered: {row['damaged']}", None, walk.last)
    if walk.torn is not None or walk.frames < row["frames"]:
        words = walk.torn.words if walk.torn is not None else "the file ends before it"
        raise walk.altered(words, walk.frames, walk.last)
    if walk.frames > row["frames"]:
        raise walk.altered("it was added after sealing", row["frames"], walk.last)
    if walk.link.hex() != row["root"] or walk.size != row["stored"] or walk.events != row["events"]:
        frame = walk.frames - 1 if walk.frames else None
        raise walk.altered("its stored bytes are not those that were signed", frame, walk.first_of_last)


def _without_manifest(directory: str, only: str | None, report: dict[str, Any]) -> None:
    opening = None
    if os.path.exists(os.path.join(directory, manifest.OPEN)):
        document = manifest.read_opening(directory)
        opening = digest(canonical(document) + b"\n").hex()
        report["id"] = document["session"]
        report["policy"] = document["policy"]["digest"]
    elif only is None:
        raise FormatError("there is neither manifest.json nor open.json: this is no recording, or they were removed")
    else:
        check_version(_header_of(os.path.join(directory, only)), "the header of the track")
    last = 0
    for path in reader.track_paths(directory):
        if only is None or only == os.path.basename(path):
            # The tail first: a live writer may close the frame between the two reads, never reopen it.
            tail = reader.read_tail(reader.tail_path(path))
            walk = walk_track(path, opening)
            last = max(last, _check_tail(walk, tail, report))
    report.update(result="UNSEALED", at=last / 1_000_000)
    report["detail"] = f"not sealed: still running, or its process died; unbroken up to t={report['at']:.6f}"


def _header_of(path: str) -> dict[str, Any]:
    with open(path, "rb") as stored:
        return TrackFile(stored).header or {"format": "pamrec", "version": 1}


def open_events(walk: Walk, tail: reader.Tail) -> tuple[reader.TailEvent, ...]:
    """Return the events that are in no frame yet; raise :exc:`Altered` when the tail was altered."""
    if tail.damage is not None and not tail.damage.torn:
        raise walk.altered(f"events not in a frame yet: {tail.damage.words}", walk.frames, walk.last)
    if not tail.events:
        return ()
    n = tail.events[0].head.n
    start = walk.starts.get(n)
    if start is None:
        if n < walk.frames:
            return ()
        raise walk.altered("it is missing, though later events are there", walk.frames, walk.last)
    broken = reader.check_links(tail, start)
    if broken is not None and not broken.torn:
        raise walk.altered(broken.words, n, walk.last)
    return tail.events if n == walk.frames else ()


def _check_tail(walk: Walk, tail: reader.Tail, report: dict[str, Any]) -> int:
    events = open_events(walk, tail)
    report["frames"] += walk.frames
    report["events"] += walk.events + len(events)
    return max([walk.last, *(event.head.at for event in events)])
